import { describe, expect, it } from "vitest";
import { fromContexts } from "./exact-likelihood.ts";

describe("fromContexts", () => {
  it("of two tokens is worked by hand", () => {
    // p(0 | {0}) = 0.5, p(1 | {1}) = 0.8, p(0 | {0,1}) = 0.2, p(1 | {0,1}) = 0.4.
    const logProbs = [0, 0, Math.log(0.5), 0, 0, Math.log(0.8), Math.log(0.2), Math.log(0.4)];
    const { likelihood, bound } = fromContexts(logProbs, 2);
    // Token 0 first: 0.2 * 0.8; token 1 first: 0.4 * 0.5.
    expect(likelihood).toBeCloseTo(Math.log((0.16 + 0.2) / 2), 12);
    expect(bound).toBeCloseTo((Math.log(0.16) + Math.log(0.2)) / 2, 12);
  });

  it("is exact where the context does not matter, and the bound lies below otherwise", () => {
    const length = 4;
    const free = Array.from({ length: 2 ** length * length }, (_, i) => Math.log(0.1 + 0.2 * (i % length)));
    const { likelihood, bound } = fromContexts(free, length);
    expect(bound).toBeCloseTo(likelihood, 10);
    const mixed = free.map((one, i) => one - (Math.floor(i / length) % 3) / 2);
    const other = fromContexts(mixed, length);
    expect(other.bound).toBeLessThan(other.likelihood);
  });
});
