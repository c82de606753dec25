import { createRandom } from "@diffucoder/core";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { DecodingOrder } from "./decoding-order.ts";
import { orderDiversity, orderTau } from "./order-diversity.ts";
import { kendallTau } from "./rank-correlation.ts";

const orderOf = (...positions: number[]): DecodingOrder => ({ length: positions.length, steps: positions.map((position) => [position]) });

describe("kendallTau", () => {
  it("is what scipy.stats.kendalltau gives", () => {
    expect(kendallTau([1, 2, 3, 4, 5], [3, 4, 1, 2, 5])).toBeCloseTo(0.2, 12);
    expect(kendallTau([12, 2, 1, 12, 2], [1, 4, 7, 1, 0])).toBeCloseTo(-0.47140452079103173, 12); // the example of its documentation, with ties
  });

  it("is undefined where a list does not vary", () => {
    expect(kendallTau([1, 1, 1], [1, 2, 3])).toBeUndefined();
    expect(kendallTau([1], [2])).toBeUndefined();
  });

  it("lies in [-1, 1], is 1 with itself, and changes its sign with one list's", () => {
    const lists = fc.array(fc.tuple(fc.integer({ min: 0, max: 9 }), fc.integer({ min: 0, max: 9 })), { minLength: 2, maxLength: 12 });
    const property = (pairs: [number, number][]): void => {
      const [a, b] = [pairs.map(([one]) => one), pairs.map(([, other]) => other)];
      const tau = kendallTau(a, b);
      if (tau === undefined) return;
      expect(Math.abs(tau)).toBeLessThanOrEqual(1);
      expect(kendallTau(b, a)).toBe(tau);
      expect(kendallTau(a, a)).toBeCloseTo(1, 12);
      expect(
        kendallTau(
          a.map((value) => -value),
          b,
        ),
      ).toBeCloseTo(-tau, 12);
    };
    fc.assert(fc.property(lists, property), { seed: 1, numRuns: 200 });
  });
});

describe("orderDiversity", () => {
  it("by hand: three orders of three positions", () => {
    const { tau, entropy } = orderDiversity([orderOf(0, 1, 2), orderOf(0, 1, 2), orderOf(0, 2, 1)]);
    expect(tau).toBeCloseTo((1 + 1 / 3 + 1 / 3) / 3, 12);
    const oneOfThree = Math.log(3) - (2 / 3) * Math.log(2);
    expect(entropy).toBeCloseTo((0 + oneOfThree + oneOfThree) / 3, 12);
  });

  it("is 1 and 0 where all orders are the same, -1 and log 2 where one runs backwards", () => {
    const same = orderDiversity([orderOf(0, 1, 2, 3), orderOf(0, 1, 2, 3)]);
    expect(same).toEqual({ tau: 1, entropy: 0 });
    const { tau, entropy } = orderDiversity([orderOf(0, 1, 2, 3), orderOf(3, 2, 1, 0)]);
    expect(tau).toBe(-1);
    expect(entropy).toBeCloseTo(Math.log(2), 12);
  });

  it("compares what both revealed, and takes a step's positions to be a tie", () => {
    expect(orderTau(orderOf(0, 1, 2), { length: 9, steps: [[7], [0], [2]] })).toBe(1);
    expect(orderTau({ length: 2, steps: [[0, 1]] }, orderOf(0, 1))).toBeUndefined();
    expect(orderDiversity([{ length: 2, steps: [[0, 1]] }, orderOf(0, 1)]).tau).toBeUndefined();
  });

  it("has an entropy of at most the logarithm of the samples, whatever their order", () => {
    const property = (length: number, count: number, seed: number): void => {
      const random = createRandom(seed);
      const orders = Array.from({ length: count }, () => {
        const keys = Array.from({ length }, () => random.uniform());
        return orderOf(...[...keys.keys()].toSorted((a, b) => keys[a]! - keys[b]!));
      });
      const { entropy, tau } = orderDiversity(orders);
      expect(entropy).toBeLessThanOrEqual(Math.log(count) + 1e-12);
      expect(orderDiversity(orders.toReversed()).entropy).toBeCloseTo(entropy, 12);
      expect(orderDiversity(orders.toReversed()).tau).toBeCloseTo(tau!, 12);
    };
    const cases = [fc.integer({ min: 2, max: 9 }), fc.integer({ min: 2, max: 5 }), fc.nat()] as const;
    fc.assert(fc.property(...cases, property), { seed: 1, numRuns: 100 });
  });

  it("refuses what has no pair", () => {
    expect(() => orderDiversity([orderOf(0)])).toThrow("orders must be two orders of one prompt, or more, got 1.");
    expect(() => orderDiversity([orderOf(0), { length: 3, steps: [] }])).toThrow(
      'orders must be orders of at least one position each, got "an empty one".',
    );
  });
});
