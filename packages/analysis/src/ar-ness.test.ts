import { createRandom, InvalidArgumentError } from "@diffucoder/core";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { globalArNess, localArNess, randomGlobalArNess } from "./ar-ness.ts";
import type { DecodingOrder } from "./decoding-order.ts";

const orderOf = (positions: readonly number[]): DecodingOrder => ({ length: positions.length, steps: positions.map((position) => [position]) });
const ks = [1, 2, 3];

const leftToRight = orderOf([0, 1, 2, 3, 4, 5, 6, 7]);
const backwards = orderOf([7, 6, 5, 4, 3, 2, 1, 0]);
const jumping = orderOf([0, 1, 2, 7, 3, 4, 6, 5]);
const swapped = orderOf([1, 0, 2, 3, 5, 4, 6, 7]);

describe("localArNess, by hand", () => {
  const local = (order: DecodingOrder, options: Omit<Parameters<typeof localArNess>[1], "k">) => ks.map((k) => localArNess(order, { k, ...options }));

  it("without the prompt, as an increasing run", () => {
    const options = { prompt: "absent", rule: "run" } as const;
    expect(local(leftToRight, options)).toEqual([0.875, 0.75, 0.625]);
    expect(local(backwards, options)).toEqual([0, 0, 0]);
    expect(local(jumping, options)).toEqual([0.375, 0.125, 0]);
    expect(local(swapped, options)).toEqual([0.25, 0, 0]);
  });

  it("without the prompt, as a set", () => {
    expect(local(swapped, { prompt: "absent", rule: "set" })).toEqual([0.25, 0.25, 0.375]);
  });

  it("with the prompt, in the three orders for which the two rules agree", () => {
    for (const rule of ["run", "set"] as const) {
      expect(local(leftToRight, { rule })).toEqual([1, 1, 1]);
      expect(local(backwards, { rule })).toEqual([0, 0, 0]);
      expect(local(jumping, { rule })).toEqual([0.5, 0.375, 0.375]);
    }
  });

  it("of two tokens a step: the surest first, or a tie, compared with what stood before the step", () => {
    const order: DecodingOrder = {
      length: 4,
      steps: [
        [1, 0],
        [2, 3],
      ],
    };
    expect(localArNess(order, { k: 1 })).toBe(0.25); // 1 0 2 3: only 3 follows the token at its left
    expect(localArNess(order, { k: 1, withinStep: "tie" })).toBe(0.5); // 0 follows the prompt, 2 the step with 1
    expect(localArNess(order, { k: 2, withinStep: "tie" })).toBe(0.5); // 0 likewise, and 2, which follows {0, 1}
    expect(localArNess(order, { k: 2, withinStep: "tie", rule: "run" })).toBe(0.5);
  });
});

describe("globalArNess, by hand", () => {
  const global = (order: DecodingOrder) => ks.map((k) => globalArNess(order, { k }));

  it("of one token a step", () => {
    expect(global(leftToRight)).toEqual([1, 1, 1]);
    expect(global(backwards)).toEqual([0.125, 0.25, 0.375]);
    expect(global(jumping)).toEqual([0.75, 0.875, 0.875]);
    expect(global(swapped)).toEqual([0.75, 1, 1]);
  });

  it("of two tokens a step: the surest first, or a tie", () => {
    const order: DecodingOrder = {
      length: 4,
      steps: [
        [1, 0],
        [2, 3],
      ],
    };
    expect([1, 2].map((k) => globalArNess(order, { k }))).toEqual([0.75, 1]);
    expect([1, 2].map((k) => globalArNess(order, { k, withinStep: "tie" }))).toEqual([0.5, 1]);
  });

  it("counts positions that are never revealed as masks", () => {
    expect(globalArNess({ length: 4, steps: [[0], [2]] }, { k: 1 })).toBe(0.5);
  });
});

describe("randomGlobalArNess", () => {
  it("is the mean over all orders", () => {
    const orders = permutations([0, 1, 2, 3]);
    for (const k of ks) {
      const mean = orders.reduce((sum, order) => sum + globalArNess(orderOf(order), { k }), 0) / orders.length;
      expect(randomGlobalArNess({ length: 4, k })).toBeCloseTo(mean, 12);
    }
  });
});

describe("AR-ness, of any order", () => {
  const anyOrder = fc.tuple(fc.integer({ min: 1, max: 20 }), fc.nat(), fc.integer({ min: 1, max: 4 })).map(([length, seed, width]): DecodingOrder => {
    const random = createRandom(seed);
    const shuffled = Array.from({ length }, (_, position) => ({ position, at: random.uniform() })).toSorted((a, b) => a.at - b.at);
    const positions = shuffled.map(({ position }) => position);
    return { length, steps: Array.from({ length: Math.ceil(length / width) }, (_, i) => positions.slice(i * width, (i + 1) * width)) };
  });
  const anyK = fc.integer({ min: 1, max: 6 });
  const check = (property: (order: DecodingOrder, k: number) => void) => fc.assert(fc.property(anyOrder, anyK, property), { seed: 1, numRuns: 200 });

  it("is a share, and the prompt, the set and the tie make local AR-ness larger, never smaller", () => {
    check((order, k) => {
      const least = localArNess(order, { k, prompt: "absent", rule: "run" });
      const [withPrompt, asSet] = [localArNess(order, { k, rule: "run" }), localArNess(order, { k, prompt: "absent" })];
      const most = localArNess(order, { k });
      for (const value of [least, withPrompt, asSet, most, globalArNess(order, { k })]) {
        expect(value).toBeGreaterThanOrEqual(0);
        expect(value).toBeLessThanOrEqual(1);
      }
      expect(Math.min(withPrompt, asSet)).toBeGreaterThanOrEqual(least);
      expect(most).toBeGreaterThanOrEqual(Math.max(withPrompt, asSet));
    });
  });

  it("rises with k globally and falls with it locally, as a run", () => {
    check((order, k) => {
      for (const withinStep of ["confidence", "tie"] as const) {
        expect(globalArNess(order, { k: k + 1, withinStep })).toBeGreaterThanOrEqual(globalArNess(order, { k, withinStep }));
      }
      expect(localArNess(order, { k: k + 1, rule: "run" })).toBeLessThanOrEqual(localArNess(order, { k, rule: "run" }));
    });
  });

  it("is 1 from left to right with the prompt, (T - k) / T locally without", () => {
    check(({ length }, k) => {
      const order = orderOf(Array.from({ length }, (_, i) => i));
      expect([localArNess(order, { k }), localArNess(order, { k, rule: "run" }), globalArNess(order, { k })]).toEqual([1, 1, 1]);
      expect(localArNess(order, { k, prompt: "absent" })).toBeCloseTo(Math.max(0, length - k) / length, 12);
    });
  });

  it("does not depend on how one token a step is ordered, nor on masks to the right that stay", () => {
    check((order, k) => {
      const single = orderOf(order.steps.flat());
      expect(localArNess(single, { k, withinStep: "tie" })).toBe(localArNess(single, { k }));
      expect(globalArNess(single, { k, withinStep: "tie" })).toBe(globalArNess(single, { k }));
      expect(globalArNess(order, { k })).toBe(globalArNess(single, { k }));
      expect(globalArNess({ ...order, length: order.length + 5 }, { k })).toBe(globalArNess(order, { k }));
    });
  });
});

describe("AR-ness, of bad input", () => {
  it("refuses a k that is not positive and an order without positions", () => {
    for (const k of [0, -1, 1.5, Number.NaN])
      expect(() => globalArNess(leftToRight, { k })).toThrow(new InvalidArgumentError({ argument: "k", value: k, expected: "a positive integer" }));
    expect(() => localArNess({ length: 3, steps: [] }, { k: 1 })).toThrow("order must be an order of at least one position, got [].");
    expect(() => randomGlobalArNess({ length: 0, k: 1 })).toThrow("length must be a positive integer, got 0.");
  });
});

function permutations(items: readonly number[]): number[][] {
  return items.length === 0 ? [[]] : items.flatMap((item) => permutations(items.filter((other) => other !== item)).map((rest) => [item, ...rest]));
}
