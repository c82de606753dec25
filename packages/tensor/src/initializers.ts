// First values of parameters.
import type { Random } from "@diffucoder/core";
import { float32, type NdArray } from "./nd-array.ts";
import { type Shape, sizeOf } from "./shape.ts";

/** Normal numbers around 0. @param std their standard deviation. @default 0.02, GPT-2's */
export function normalArray(random: Random, shape: Shape, std = 0.02): NdArray {
  const data = random.fillNormal(new Float32Array(sizeOf(shape)));
  return float32(
    data.map((value) => value * std),
    shape,
  );
}

/** Uniform numbers in `[low, high)`. */
export function uniformArray(random: Random, shape: Shape, low: number, high: number): NdArray {
  const data = random.fillUniform(new Float32Array(sizeOf(shape)));
  return float32(
    data.map((value) => low + (high - low) * value),
    shape,
  );
}

/** A weight `[out, in]` of a linear layer, uniform within `sqrt(6 / (in + out))` of 0 (Glorot & Bengio 2010). */
export function glorotUniform(random: Random, [out, inner]: readonly [out: number, inner: number]): NdArray {
  const bound = Math.sqrt(6 / (inner + out));
  return uniformArray(random, [out, inner], -bound, bound);
}

/** A weight `[out, in]` in front of a ReLU, normal with the variance `2 / in` (He et al. 2015). */
export function heNormal(random: Random, [out, inner]: readonly [out: number, inner: number]): NdArray {
  return normalArray(random, [out, inner], Math.sqrt(2 / inner));
}
