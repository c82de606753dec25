import { createRandom } from "@diffucoder/core";
import { int32 } from "@diffucoder/tensor";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { drawTimesteps, maskTokens } from "./index.ts";

const maskTokenId = 99;
const tokens = (batch: number, length: number) =>
  int32(
    Array.from({ length: batch * length }, (_, i) => i % 50),
    [batch, length],
  );

describe("drawTimesteps", () => {
  it("stays in [eps, 1)", () => {
    const timesteps = drawTimesteps({ count: 1000, random: createRandom(1), eps: 0.1 });
    expect(Math.min(...timesteps)).toBeGreaterThanOrEqual(0.1);
    expect(Math.max(...timesteps)).toBeLessThan(1);
  });

  it("has the mean of a uniform number, (1 + eps) / 2", () => {
    const timesteps = drawTimesteps({ count: 4000, random: createRandom(2) });
    // The standard error is 0.29 / sqrt(4000) = 0.005.
    expect(timesteps.reduce((a, b) => a + b, 0) / 4000).toBeCloseTo(0.5005, 1);
  });

  it("gives a row the same timestep for every batch size", () => {
    const random = createRandom(3);
    expect(drawTimesteps({ count: 8, random }).slice(0, 3)).toEqual(drawTimesteps({ count: 3, random }));
  });

  it("rejects an eps of 0, which would weight a loss infinitely", () => {
    expect(() => drawTimesteps({ count: 1, random: createRandom(0), eps: 0 })).toThrow("eps must be a number in (0, 1], got 0.");
  });
});

describe("maskTokens", () => {
  it("at t = 1 masks all but the first token of each row", () => {
    const { noisy, mask } = maskTokens({ tokens: int32([1, 2, 3, 4, 5, 6], [2, 3]), timesteps: [1, 1], maskTokenId, random: createRandom(0) });
    expect([...noisy.data]).toEqual([1, 99, 99, 4, 99, 99]);
    expect([...mask.data]).toEqual([0, 1, 1, 0, 1, 1]);
  });

  it("masks a share t of the tokens", () => {
    const { mask } = maskTokens({ tokens: tokens(2, 5001), timesteps: [0.2, 0.7], maskTokenId, random: createRandom(4) });
    const share = (row: number): number => [...mask.data].slice(row * 5001, (row + 1) * 5001).reduce((a, b) => a + b, 0) / 5000;
    // Three standard errors: 3 sqrt(0.25 / 5000) = 0.021.
    expect(Math.abs(share(0) - 0.2)).toBeLessThan(0.021);
    expect(Math.abs(share(1) - 0.7)).toBeLessThan(0.021);
  });

  it("changes masked tokens and no others, and only eligible ones", () => {
    fc.assert(
      fc.property(
        fc.nat(1000),
        fc.array(fc.constantFrom(0, 1), { minLength: 12, maxLength: 12 }),
        fc.double({ min: 0.01, max: 1, noNaN: true }),
        (seed, marks, t) => {
          const clean = tokens(2, 6);
          const eligible = int32(marks, [2, 6]);
          const { noisy, mask } = maskTokens({ tokens: clean, timesteps: [t, t], maskTokenId, eligible, random: createRandom(seed) });
          for (let i = 0; i < 12; i++) {
            expect(noisy.data[i]).toBe(mask.data[i] === 1 ? maskTokenId : clean.data[i]);
            if (marks[i] === 0) expect(mask.data[i]).toBe(0);
          }
        },
      ),
    );
  });

  it("masks a row independently of its neighbours and of what else is eligible", () => {
    const random = createRandom(5);
    const alone = maskTokens({ tokens: tokens(1, 40), timesteps: [0.5], maskTokenId, random }).mask.data;
    const together = maskTokens({ tokens: tokens(3, 40), timesteps: [0.5, 0.1, 0.9], maskTokenId, random }).mask.data.slice(0, 40);
    expect([...together]).toEqual([...alone]);

    const eligible = int32(
      Array.from({ length: 40 }, (_, i) => (i < 20 ? 0 : 1)),
      [1, 40],
    );
    const later = maskTokens({ tokens: tokens(1, 40), timesteps: [0.5], maskTokenId, eligible, random }).mask.data;
    expect(later.slice(20)).toEqual(alone.slice(20));
  });

  it("leaves the clean tokens as they were", () => {
    const clean = tokens(1, 4);
    maskTokens({ tokens: clean, timesteps: [1], maskTokenId, random: createRandom(6) });
    expect([...clean.data]).toEqual([0, 1, 2, 3]);
  });

  it("rejects timesteps and marks that do not fit", () => {
    const options = { tokens: tokens(2, 4), maskTokenId, random: createRandom(0) };
    expect(() => maskTokens({ ...options, timesteps: [0.5] })).toThrow("timesteps has shape [1], expected [2], one for each row.");
    expect(() => maskTokens({ ...options, timesteps: [0.5, 0] })).toThrow("timesteps[1] must be in (0, 1], got 0.");
    expect(() => maskTokens({ ...options, timesteps: [0.5, 0.5], eligible: tokens(1, 4) })).toThrow(
      "eligible has shape [1, 4], expected [2, 4], as tokens.",
    );
  });
});
