// Weights of linear layers, [out, in], in 8 or 4 bits with scales.
//   int8   row n, turned (rotation.ts):   s_n = max|w_n| / 127,             code = round(w / s_n)    in -127 ... 127
//   int4   block b of row n:              s_nb = (extreme of the block) / -8,  code = round(w / s_nb)  in -8 ... 7, stored + 8
// An element of int4 is off by at most s / 2 (s where the code would be 8); a turned row of int8 by at most s / 2 in each
// element, and turning back changes no length.
import { InvalidArgumentError, ShapeError } from "@diffucoder/core";
import { allocate } from "./dtype.ts";
import { NdArray } from "./nd-array.ts";
import type { QuantizedWeight } from "./ops/quantized.ts";
import { rotateInPlace, rotationBlock } from "./rotation.ts";

/** Weights that share a scale of int4, unless it is said otherwise. */
export const INT4_BLOCK = 32;

/** Rows are quantized in groups, so that the transposed codes are written in runs and not one byte here and there. */
const ROWS_AT_ONCE = 64;

/**
 * Weights of a linear layer in 8 bits, with a scale for each row; rows are turned before.
 *
 * @param weight float32 `[out, in]`
 * @returns codes int8 `[in, out]`, scales float32 `[out]`
 */
export function quantizeInt8(weight: NdArray): QuantizedWeight<NdArray> {
  const [out, inner] = matrixShape("quantizeInt8", weight);
  const data = weight.data as Float32Array;
  const codes = allocate("int8", inner * out) as Int8Array;
  const scales = allocate("float32", out) as Float32Array;
  const block = rotationBlock(inner);
  for (let first = 0; first < out; first += ROWS_AT_ONCE) {
    const count = Math.min(ROWS_AT_ONCE, out - first);
    const rows = data.slice(first * inner, (first + count) * inner);
    rotateInPlace(rows, block);
    const factors = new Float64Array(count);
    for (let i = 0; i < count; i++) {
      let largest = 0;
      for (let k = i * inner; k < (i + 1) * inner; k++) largest = Math.max(largest, Math.abs(rows[k]!));
      scales[first + i] = largest / 127;
      factors[i] = largest === 0 ? 0 : 127 / largest;
    }
    for (let k = 0; k < inner; k++) {
      for (let i = 0; i < count; i++) codes[k * out + first + i] = Math.round(rows[i * inner + k]! * factors[i]!);
    }
  }
  return { codes: new NdArray(codes, [inner, out]), scales: new NdArray(scales, [out]) };
}

/**
 * Weights of a linear layer in 4 bits, with a scale for each block of a row.
 *
 * @param weight float32 `[out, in]`
 * @returns codes uint8 `[out, in / block, block / 2]`, two to a byte, low half first; scales float32 `[out, in / block]`
 */
export function quantizeInt4(
  weight: NdArray,
  {
    blockSize = INT4_BLOCK,
  }: {
    /** Weights that share a scale: a power of two from 16, and a divisor of `in`. @default 32 */
    blockSize?: number;
  } = {},
): QuantizedWeight<NdArray> {
  const [out, inner] = matrixShape("quantizeInt4", weight);
  if (blockSize < 16 || !Number.isInteger(Math.log2(blockSize)))
    throw new InvalidArgumentError({ argument: "blockSize", value: blockSize, expected: "a power of two, at least 16" });
  if (inner % blockSize !== 0)
    throw new ShapeError({
      argument: "quantizeInt4: weight",
      shape: weight.shape,
      expected: `a last axis that is a multiple of blockSize, ${blockSize}`,
    });
  const data = weight.data as Float32Array;
  const blocks = (out * inner) / blockSize;
  const codes = allocate("uint8", (out * inner) / 2) as Uint8Array;
  const scales = allocate("float32", blocks) as Float32Array;
  for (let b = 0; b < blocks; b++) {
    const start = b * blockSize;
    let [highest, lowest] = [0, 0];
    for (let i = start; i < start + blockSize; i++) {
      highest = Math.max(highest, data[i]!);
      lowest = Math.min(lowest, data[i]!);
    }
    const extreme = -lowest > highest ? lowest : highest;
    scales[b] = extreme / -8;
    const factor = extreme === 0 ? 0 : -8 / extreme;
    const code = (i: number): number => Math.min(Math.round(data[i]! * factor) + 8, 15);
    for (let i = start; i < start + blockSize; i += 2) codes[i >> 1] = code(i) | (code(i + 1) << 4);
  }
  const perRow = inner / blockSize;
  return { codes: new NdArray(codes, [out, perRow, blockSize / 2], "uint8"), scales: new NdArray(scales, [out, perRow]) };
}

/** The float32 `[out, in]` that a quantized weight stands for. */
export function dequantize({ codes, scales }: QuantizedWeight<NdArray>): NdArray {
  if (codes.dtype === "int8") {
    const [inner, out] = codes.shape as [number, number];
    const data = allocate("float32", codes.size) as Float32Array;
    for (let i = 0; i < data.length; i++) {
      const [n, k] = [Math.floor(i / inner), i % inner];
      data[i] = codes.data[k * out + n]! * scales.data[n]!;
    }
    rotateInPlace(data, rotationBlock(inner));
    return new NdArray(data, [out, inner]);
  }
  const [out, blocks, bytes] = codes.shape as [number, number, number];
  const data = allocate("float32", 2 * codes.size) as Float32Array;
  for (let i = 0; i < data.length; i++) {
    const pair = codes.data[i >> 1]!;
    data[i] = ((i % 2 === 0 ? pair & 15 : pair >> 4) - 8) * scales.data[Math.floor(i / (2 * bytes))]!;
  }
  return new NdArray(data, [out, 2 * blocks * bytes]);
}

function matrixShape(name: string, weight: NdArray): [out: number, inner: number] {
  if (weight.dtype !== "float32") throw new InvalidArgumentError({ argument: `${name}: weight`, value: weight.dtype, expected: "of dtype float32" });
  if (weight.shape.length !== 2) throw new ShapeError({ argument: `${name}: weight`, shape: weight.shape, expected: "[out, in]" });
  return weight.shape as unknown as [number, number];
}
