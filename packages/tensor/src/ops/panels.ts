// Quantized weights in panels, the order in which kernels/c/quantized-linear reads them: 16 columns side by side, four inputs of
// each together. Same bytes, same numbers as in the order of quantize.ts; only kernels are faster with it.
//   int8   codes uint8 [out / 16, in / 4, 16, 4], 128 added;     scales [out]
//   int4   codes uint8 [out / 16, in / 32, 4, 16, 4], inputs i and i + 4 to a byte;     scales [out / 16, in / 32, 16]
// What they mean is what they are in the other order: that is the decomposition, for executors without kernels.
import type { Executor } from "../executor.ts";
import type { NdArray } from "../nd-array.ts";
import type { Shape } from "../shape.ts";
import { Tensor } from "../tensor.ts";
import { add, cast, floor, mul, sub } from "./elementwise.ts";
import { applyFused, type FusedOp } from "./fused.ts";
import type { KernelCall, KernelTarget } from "./kernel-call.ts";
import { concat, reshape, slice, transpose } from "./movement.ts";
import { linearOfRows, type QuantizedWeight } from "./quantized.ts";

const [PANEL, GROUP, INT4_BLOCK, BYTES_A_BLOCK] = [16, 4, 32, 16];
const ZERO = 128;
/** Above, a sum of products of codes could leave 32 bits. */
const WIDEST = 2 ** 16;

/** The portable loops are slower than ONNX Runtime's own products: they run only where they are asked for. */
const runs = (target: KernelTarget, call: KernelCall): KernelCall | undefined => (target.reaches("avx2") ? call : undefined);

const int8PanelsOp: FusedOp = {
  name: "int8Panels",
  kernel: (target, [codes]) => runs(target, { name: "Int8Panels", attributes: { k: codes!.shape[0]!, n: codes!.shape[1]! } }),
  decompose: ([codes]) => {
    const [inner, out] = codes!.shape as [number, number];
    const unsigned = cast(add(cast(codes!, "float32"), ZERO), "uint8");
    return [transpose(reshape(unsigned, [inner / GROUP, GROUP, out / PANEL, PANEL]), [2, 0, 3, 1])];
  },
};

const int4PanelsOp: FusedOp = {
  name: "int4Panels",
  kernel: (target, [codes]) => runs(target, { name: "Int4Panels", attributes: { n: codes!.shape[0]!, k: codes!.shape[1]! * INT4_BLOCK } }),
  decompose: ([codes, scales]) => {
    const [out, blocks] = codes!.shape as [number, number];
    const inOrder = reshape(stackLast(halves(codes!)), [out / PANEL, PANEL, blocks, 4, 2, GROUP]);
    const [low, high] = [0, 1].map((i) => slice(inOrder, { axis: 4, start: i, end: i + 1 })) as [Tensor, Tensor];
    const panels = transpose(reshape(bytesOf(low, high), [out / PANEL, PANEL, blocks, 4, GROUP]), [0, 2, 3, 1, 4]);
    return [panels, transpose(reshape(scales!, [out / PANEL, PANEL, blocks]), [0, 2, 1])];
  },
};

const panelLinearOp: FusedOp = {
  name: "panelLinear",
  kernel: (target, [x, codes]) => {
    const [m, k] = x!.shape as [number, number];
    return runs(target, { name: "QuantizedLinear", attributes: { bits: codes!.shape.length === 4 ? 8 : 4, m, k, n: codes!.shape[0]! * PANEL } });
  },
  decompose: ([x, codes, scales]) => [linearOfRows(x!, outOfPanels({ codes: codes!, scales: scales! }))],
};

/** `x W^T` for rows `x [M, in]` and a weight in panels. */
export function panelLinear(x: Tensor, { codes, scales }: QuantizedWeight<Tensor>): Tensor {
  return applyFused(panelLinearOp, [x, codes, scales])[0]!;
}

/** `in`, `out` and the shape of the scales, from the shape of codes in panels. */
export function panelSizes(codes: Shape): [inner: number, out: number, scales: Shape] {
  const [panels, steps] = codes as [number, number];
  const out = panels * PANEL;
  return codes.length === 4 ? [steps * GROUP, out, [out]] : [steps * INT4_BLOCK, out, [panels, steps, PANEL]];
}

/** Whether a kernel of the executor reads panels. */
export function readsPanels(executor: Executor): boolean {
  const like = (shape: Shape, dtype: "float32" | "uint8"): Tensor => new Tensor({ shape, dtype });
  const weight = { codes: like([1, 1, PANEL, GROUP], "uint8"), scales: like([PANEL], "float32") };
  return executor.runsFused?.(panelLinear(like([1, GROUP], "float32"), weight).inputs[0]!) ?? false;
}

/** Whether a weight can be laid out: `out` is a multiple of 16 and `in` of 4, and int4 is in blocks of 32. */
export function fitsPanels({ dtype, shape }: NdArray): boolean {
  if (dtype === "int8") return shape.length === 2 && shape[1]! % PANEL === 0 && shape[0]! % GROUP === 0 && shape[0]! <= WIDEST;
  return dtype === "uint8" && shape.length === 3 && shape[0]! % PANEL === 0 && shape[2] === BYTES_A_BLOCK;
}

/** A weight in the order of quantize.ts, which fits, in panels. */
export function inPanels({ codes, scales }: QuantizedWeight<Tensor>): QuantizedWeight<Tensor> {
  if (codes.dtype === "int8") return { codes: applyFused(int8PanelsOp, [codes])[0]!, scales };
  const [panels, scalesInPanels] = applyFused(int4PanelsOp, [codes, scales]);
  return { codes: panels!, scales: scalesInPanels! };
}

/** A weight in panels in the order of quantize.ts again. */
function outOfPanels({ codes, scales }: QuantizedWeight<Tensor>): QuantizedWeight<Tensor> {
  const [inner, out] = panelSizes(codes.shape);
  if (codes.shape.length === 4) {
    const signed = cast(sub(cast(codes, "float32"), ZERO), "int8");
    return { codes: reshape(transpose(signed, [1, 3, 0, 2]), [inner, out]), scales };
  }
  const [panels, blocks] = codes.shape as [number, number];
  const halvesInOrder = transpose(stackLast(halves(codes)), [0, 3, 1, 2, 5, 4]); // [panels, 16, blocks, 4, 2, 4]
  const pairs = reshape(halvesInOrder, [out, blocks, BYTES_A_BLOCK, 2]);
  const [even, odd] = [0, 1].map((i) => slice(pairs, { axis: 3, start: i, end: i + 1 })) as [Tensor, Tensor];
  return {
    codes: reshape(bytesOf(even, odd), [out, blocks, BYTES_A_BLOCK]),
    scales: reshape(transpose(reshape(scales, [panels, blocks, PANEL]), [0, 2, 1]), [out, blocks]),
  };
}

/** The low and the high four bits of bytes, float32. */
function halves(bytes: Tensor): [low: Tensor, high: Tensor] {
  const whole = cast(bytes, "float32");
  const high = floor(mul(whole, 1 / 16));
  return [sub(whole, mul(high, 16)), high];
}

function stackLast([low, high]: [Tensor, Tensor]): Tensor {
  return concat(
    [low, high].map((half) => reshape(half, [...half.shape, 1])),
    low.shape.length,
  );
}

function bytesOf(low: Tensor, high: Tensor): Tensor {
  return cast(add(low, mul(high, 16)), "uint8");
}
