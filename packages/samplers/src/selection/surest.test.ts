import { createRandom } from "@diffucoder/core";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { drawSurest, surest } from "./surest.ts";

describe("surest", () => {
  it("gives the largest first, and of equal ones the leftmost", () => {
    expect(surest([0.2, 0.9, 0.5, 0.9], 3)).toEqual([1, 3, 2]);
    expect(surest([0.2, 0.1], 5)).toEqual([0, 1]);
  });
});

describe("drawSurest", () => {
  const inOrder = (confidence: number[], count: number, temperature: number, seed: number) =>
    drawSurest(confidence, count, { temperature, random: createRandom(seed) });

  it("draws the first with the probabilities of a softmax", () => {
    // Confidences ln 1, ln 2, ln 3 at temperature 0.5 have probabilities 1/14, 4/14, 9/14.
    const draws = 4000;
    const random = createRandom(7);
    const shares = [0, 0, 0];
    for (let i = 0; i < draws; i++) {
      const [first] = drawSurest([Math.log(1), Math.log(2), Math.log(3)], 1, { temperature: 0.5, random }) as [number];
      shares[first] = shares[first]! + 1 / draws;
    }
    expect(shares).toBeAllclose([1 / 14, 4 / 14, 9 / 14], { atol: 0.032 }); // four standard deviations
  });

  it("draws without replacement, and no more than there are", () => {
    const confidences = fc.array(fc.double({ min: -9, max: 0, noNaN: true }), { minLength: 1, maxLength: 12 });
    fc.assert(
      fc.property(confidences, fc.nat(14), fc.nat(1000), (confidence, count, seed) => {
        const drawn = inOrder(confidence, count, 0.3, seed);
        expect(new Set(drawn).size).toBe(Math.min(count, confidence.length));
      }),
    );
  });

  it("becomes the surest as the temperature goes to 0", () => {
    expect(inOrder([0.1, 0.9, 0.5], 2, 1e-9, 3)).toEqual([1, 2]);
  });
});

it.each([0, 1e-40, 1e-310])("drawSurest at temperature %s takes the surest, negative ones too", (temperature) => {
  const options = { temperature, random: createRandom(0) };
  expect(drawSurest([0.1, 0.3, 0.2], 2, options)).toEqual([1, 2]);
  expect(drawSurest([-3, -1, -2], 2, options)).toEqual([1, 2]);
});
