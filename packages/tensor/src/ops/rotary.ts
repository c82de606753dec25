// Rotary position embedding (Su et al. 2021) in the "rotate half" layout of GPT-NeoX, Llama and Qwen2:
//   y[j] = x[j] cos[j] - x[j + h] sin[j],   y[j + h] = x[j + h] cos[j] + x[j] sin[j],   j < h = D / 2.
// It is a rotation, so its gradient is the rotation by the opposite angle.
import { ShapeError } from "@diffucoder/core";
import { sizeOf } from "../shape.ts";
import { applyOp, type Tensor, type TensorLike, toTensor } from "../tensor.ts";
import { expectDType, type HostValue, type OpDefinition } from "./definition.ts";
import { neg } from "./elementwise.ts";
import { applyFused, type FusedOp } from "./fused.ts";
import type { KernelCall, KernelTarget } from "./kernel-call.ts";
import { transpose } from "./movement.ts";

const rotaryOp: OpDefinition = {
  name: "rotary",
  infer: (inputs) => {
    const [x, cos, sin, positions] = inputs as [Tensor, Tensor, Tensor, Tensor];
    expectDType("rotary", "x", x, "float32");
    expectDType("rotary", "positions", positions, "int32");
    if (x.shape.length !== 4 || x.shape[3]! % 2 !== 0)
      throw new ShapeError({ argument: "rotary: x", shape: x.shape, expected: "[B, H, L, D] with an even D" });
    const half = x.shape[3]! / 2;
    for (const [argument, table] of [
      ["cos", cos],
      ["sin", sin],
    ] as const) {
      if (table.shape.length !== 2 || table.shape[1] !== half)
        throw new ShapeError({ argument: `rotary: ${argument}`, shape: table.shape, expected: `[positions, ${half}], half of x's last axis` });
    }
    if (positions.shape.length !== 2 || positions.shape[0] !== x.shape[0] || positions.shape[1] !== x.shape[2]) {
      throw new ShapeError({
        argument: "rotary: positions",
        shape: positions.shape,
        expected: `[${x.shape[0]}, ${x.shape[2]}], the batch and length of x`,
      });
    }
    return { shape: x.shape, dtype: "float32" };
  },
  vjp: (g, node) => {
    const [, cos, sin, positions] = node.inputs as [Tensor, Tensor, Tensor, Tensor];
    return [rotary(g, { cos, sin: neg(sin), positions }), undefined, undefined, undefined];
  },
  evaluate: (inputs, node) => {
    const [x, cos, sin, positions] = inputs as [HostValue, HostValue, HostValue, HostValue];
    const [, heads, length, width] = node.shape as [number, number, number, number];
    const half = width / 2;
    const out = new Float64Array(sizeOf(node.shape));
    for (let row = 0; row < out.length / width; row++) {
      const batch = Math.floor(row / (heads * length));
      const table = positions.data[batch * length + (row % length)]! * half;
      for (let j = 0; j < half; j++) {
        const [a, b] = [x.data[row * width + j]!, x.data[row * width + half + j]!];
        const [c, s] = [cos.data[table + j]!, sin.data[table + j]!];
        out[row * width + j] = a * c - b * s;
        out[row * width + half + j] = b * c + a * s;
      }
    }
    return out;
  },
  emit: (builder, [x, cos, sin, positions]) =>
    builder.node("RotaryEmbedding", [x as string, builder.castInt64(positions as string), cos as string, sin as string], {}, "com.microsoft"),
};

/** What queries or keys are rotated by. */
export interface RotaryTables {
  /** Table of cosines, `[positions, D / 2]`; not differentiated. */
  cos: TensorLike;
  /** Table of sines, `[positions, D / 2]`; not differentiated. */
  sin: TensorLike;
  /** int32 `[B, L]`, rows of the tables. */
  positions: TensorLike;
}

/**
 * Rotates queries or keys by their positions.
 *
 * @param x `[B, H, L, D]`
 */
export function rotary(x: TensorLike, tables: RotaryTables): Tensor {
  return applyOp(rotaryOp, [toTensor(x), ...tensorsOf(tables)]);
}

function tensorsOf({ cos, sin, positions }: RotaryTables): [Tensor, Tensor, Tensor] {
  return [toTensor(cos), toTensor(sin), toTensor(positions, "int32")];
}

const swapped = [0, 2, 1, 3];

/** Inputs: x `[B, L, H, D]` and the tables. */
const rotaryHeadsOp: FusedOp = {
  name: "rotaryHeads",
  decompose: ([x, cos, sin, positions]) => [rotary(transpose(x!, swapped), { cos: cos!, sin: sin!, positions: positions! })],
  vjp: ([g], { inputs: [, ...tables] }) => applyFused(mergeRotaryOp, [g!, ...tables]),
  kernel: (target, [x]) => kernelCall(target, x!.shape, false),
};

/** Inputs: g `[B, H, L, D]` and the tables. Result: the gradient of x. */
const mergeRotaryOp: FusedOp = {
  name: "mergeRotary",
  decompose: ([g, cos, sin, positions]) => [transpose(rotary(g!, { cos: cos!, sin: neg(sin!), positions: positions! }), swapped)],
  kernel: (target, [g]) =>
    kernelCall(
      target,
      swapped.map((axis) => g!.shape[axis]!),
      true,
    ),
};

function kernelCall(target: KernelTarget, tokens: readonly number[], merges: boolean): KernelCall | undefined {
  return target.reaches("avx2") && sizeOf(tokens) > 0 ? { name: "Rotary", attributes: { tokens, merges: merges ? 1 : 0 } } : undefined;
}

/**
 * Rotates queries or keys by their positions, and puts the tokens of a head beside each other, as attention takes them.
 *
 * @param x `[B, L, H, D]`, as a projection gives it
 * @returns `[B, H, L, D]`
 */
export function rotaryHeads(x: TensorLike, tables: RotaryTables): Tensor {
  return applyFused(rotaryHeadsOp, [toTensor(x), ...tensorsOf(tables)])[0]!;
}
