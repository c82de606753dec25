import { createRandom } from "@diffucoder/core";
import { afterAll, describe, expect, it } from "vitest";
import { createQuantizer, dequantize, float32, type NdArray, onnxExecutor, type QuantizedFormat, quantizeInt4, quantizeInt8 } from "./index.ts";

const quantizer = createQuantizer();
afterAll(() => quantizer.dispose());

const quantize = (format: QuantizedFormat, { data, shape }: NdArray, by = quantizer) =>
  by.quantize(format, {
    shape: shape as readonly [number, number],
    read: (first, target) => target.set((data as Float32Array).subarray(first, first + target.length)),
  });

const normal = (out: number, inner: number): NdArray => float32(createRandom(0).fillNormal(new Float32Array(out * inner)), [out, inner]);

/** How many codes are not the same, and by how much at most. */
function differences(got: ArrayLike<number>, want: ArrayLike<number>): { count: number; largest: number } {
  let [count, largest] = [0, 0];
  for (let i = 0; i < want.length; i++) {
    const distance = Math.abs(want[i]! - got[i]!);
    if (distance > 0) count++;
    largest = Math.max(largest, distance);
  }
  return { count, largest };
}

/** Low and high halves of bytes. */
const halves = (bytes: ArrayLike<number>): number[] => Array.from(bytes).flatMap((byte) => [byte & 15, byte >> 4]);

// One piece, several, and a last one that is short: a piece has 2^21 elements.
const shapes = [
  [1, 32],
  [70, 96],
  [3000, 1600],
] as const;

describe("createQuantizer", () => {
  it.each(shapes)("gives int8 as quantizeInt8 does, but for ties: [%i, %i]", async (out, inner) => {
    const weight = normal(out, inner);
    const [got, want] = [await quantize("int8", weight), quantizeInt8(weight)];
    expect(got.codes.shape).toEqual(want.codes.shape);
    expect([...got.scales.data]).toBeAllclose([...want.scales.data], { rtol: 1e-5 });
    const { count, largest } = differences(got.codes.data, want.codes.data);
    expect(largest).toBeLessThanOrEqual(1);
    expect(count).toBeLessThanOrEqual(weight.size * 1e-4);
  });

  it.each(shapes)("gives int4 as quantizeInt4 does, but for ties: [%i, %i]", async (out, inner) => {
    const weight = normal(out, inner);
    const [got, want] = [await quantize("int4", weight), quantizeInt4(weight)];
    expect(got.codes.shape).toEqual(want.codes.shape);
    expect([...got.scales.data]).toBeAllclose([...want.scales.data], { rtol: 1e-6 });
    const { count, largest } = differences(halves(got.codes.data), halves(want.codes.data));
    expect(largest).toBeLessThanOrEqual(1);
    expect(count).toBeLessThanOrEqual(weight.size * 1e-4);
  });

  it("takes the extreme of a block that stands at both ends for positive, as quantizeInt4 does", async () => {
    const weight = float32([-4, 4, ...new Float32Array(30)], [1, 32]);
    for (const { codes, scales } of [await quantize("int4", weight), quantizeInt4(weight)]) {
      expect([...scales.data]).toEqual([-0.5]);
      expect(halves(codes.data).slice(0, 3)).toEqual([15, 0, 8]);
    }
  });

  it("keeps the rows of a table as they stand", async () => {
    const { codes, scales } = await quantize("table", float32([2, -1, 0.5, 0, 0, 0, -254, 1, 127], [3, 3]));
    expect([...codes.data]).toEqual([127, -64, 32, 0, 0, 0, -127, 0, 64]); // -63.5 to the even code, as IEEE rounds
    expect([...scales.data]).toBeAllclose([2 / 127, 0, 2], { atol: 1e-30 });
  });

  it("keeps zeros zero", async () => {
    const zeros = float32(new Float32Array(128), [2, 64]);
    for (const format of ["int8", "int4"] as const) expect(new Set(dequantize(await quantize(format, zeros)).data)).toEqual(new Set([0]));
  });

  it("gives the same through ONNX Runtime's JavaScript API", async () => {
    const portable = createQuantizer({ executor: await onnxExecutor({ api: "js" }) });
    const weight = normal(40, 64);
    for (const format of ["int8", "int4", "table"] as const) expect(await quantize(format, weight, portable)).toEqual(await quantize(format, weight));
    portable.dispose();
  });

  it("hands on what goes wrong while reading, in the first piece and in a later one", async () => {
    for (const bad of [0, 2]) {
      let pieces = 0;
      const read = (): void => {
        if (pieces++ === bad) throw new Error(`piece ${bad} is damaged`);
      };
      await expect(quantizer.quantize("int8", { shape: [3000, 1600], read })).rejects.toThrow(`piece ${bad} is damaged`);
    }
  });
});
