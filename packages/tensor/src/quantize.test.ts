import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { dequantize, float32, int32, type NdArray, quantizeInt4, quantizeInt8 } from "./index.ts";
import { spread } from "./gradient-check.fixture.ts";

const length = (values: ArrayLike<number>): number => Math.hypot(...Array.from(values));
const weights = fc
  .record({
    out: fc.integer({ min: 1, max: 70 }),
    blocks: fc.integer({ min: 1, max: 3 }),
    seed: fc.nat(1000),
    size: fc.double({ min: 1e-3, max: 1e3, noNaN: true }),
  })
  .map(({ out, blocks, seed, size }) => {
    const { data, shape } = spread([out, 32 * blocks], seed);
    return float32(
      [...data].map((value) => size * value),
      shape,
    );
  });

describe("quantizeInt8", () => {
  it("takes the largest number of a row for 127 and stores the codes by column", () => {
    const { codes, scales } = quantizeInt8(float32([1, -0.5, 0.25], [3, 1])); // width 1: nothing is turned
    expect([...codes.data]).toEqual([127, -127, 127]);
    expect([...scales.data]).toBeAllclose([1 / 127, 0.5 / 127, 0.25 / 127]);
    expect(codes.shape).toEqual([1, 3]);
  });

  it("turns pairs: (a, b) becomes (a + b, a - b) / sqrt(2)", () => {
    const { codes, scales } = quantizeInt8(float32([3, 1], [1, 2]));
    expect([...codes.data]).toEqual([127, 64]); // 4 and 2 of 4
    expect(scales.item()).toBeCloseTo(4 / Math.SQRT2 / 127, 6);
  });

  it("is off by no more than half a step in each turned element", () => {
    fc.assert(
      fc.property(weights, (weight) => {
        const quantized = quantizeInt8(weight);
        const back = dequantize(quantized).data;
        const width = weight.shape[1]!;
        quantized.scales.data.forEach((scale, row) => {
          const slice = (data: NdArray["data"]): NdArray["data"] => data.slice(row * width, (row + 1) * width);
          const error = Float32Array.from(slice(back), (value, i) => value - slice(weight.data)[i]!);
          expect(length(error)).toBeLessThanOrEqual((scale / 2) * Math.sqrt(width) * (1 + 1e-4));
        });
      }),
      { numRuns: 30 },
    );
  });

  it("keeps rows of zeros zero", () => {
    expect(new Set(dequantize(quantizeInt8(float32(new Float32Array(64), [2, 32]))).data)).toEqual(new Set([0]));
  });
});

describe("quantizeInt4", () => {
  it("takes the extreme of a block for code 0, which is -8 steps", () => {
    const { codes, scales } = quantizeInt4(float32([4, -2, 0, 1, ...new Float32Array(12)], [1, 16]), { blockSize: 16 });
    expect([...scales.data]).toEqual([-0.5]);
    expect([...codes.data.subarray(0, 3)]).toEqual([0 | (12 << 4), 8 | (6 << 4), 0x88]);
    expect(codes.shape).toEqual([1, 1, 8]);
  });

  it("is off by no more than half a step, or a whole one opposite the extreme", () => {
    fc.assert(
      fc.property(weights, (weight) => {
        const quantized = quantizeInt4(weight);
        const back = dequantize(quantized).data;
        const [rows, width] = weight.shape as [number, number];
        for (let i = 0; i < rows * width; i++) {
          const scale = quantized.scales.data[Math.floor(i / 32)]!;
          const exact = weight.data[i]! / scale;
          expect(Math.abs(back[i]! / scale - exact)).toBeLessThanOrEqual(exact > 7.5 ? 1 + 1e-4 : 0.5 + 1e-4);
        }
      }),
      { numRuns: 30 },
    );
  });

  it("refuses what it cannot cut into blocks", () => {
    expect(() => quantizeInt4(spread([2, 48]))).toThrow(
      "quantizeInt4: weight has shape [2, 48], expected a last axis that is a multiple of blockSize, 32.",
    );
    expect(() => quantizeInt4(spread([2, 48]), { blockSize: 24 })).toThrow("blockSize must be a power of two, at least 16, got 24.");
    expect(() => quantizeInt8(spread([3]))).toThrow("quantizeInt8: weight has shape [3], expected [out, in].");
    expect(() => quantizeInt8(int32([1], [1, 1]))).toThrow('quantizeInt8: weight must be of dtype float32, got "int32".');
  });
});
