// Scaled dot-product attention as one operation, so that a kernel may compute it without ever holding the probabilities
// (packages/kernels/c/attention). B rows, H query heads of which G = H / KV share keys and values, M queries, N keys, width S:
//   p = softmax(q k^T + bias),   o = p v,   and backward   dv = p^T g,   ds = p (g v^T - sum(g v^T p)),   dq = ds k,   dk = ds^T q
import { ShapeError } from "@diffucoder/core";
import { sizeOf } from "../shape.ts";
import { type Tensor, type TensorLike, toTensor } from "../tensor.ts";
import { expectDType } from "./definition.ts";
import { add, exp, mul, reciprocal, sub } from "./elementwise.ts";
import { applyFused, type FusedOp } from "./fused.ts";
import type { KernelCall, KernelTarget } from "./kernel-call.ts";
import { matmul } from "./matmul.ts";
import { concat, reshape } from "./movement.ts";
import { max } from "./reduction.ts";
import { softmax } from "./softmax.ts";
import { sum } from "./sum.ts";

const lastAxis = { axes: [-1], keepDims: true };

/** Inputs: q, k, v and, if there is one, bias. Results: o; and `[B, H, M, 2]`, the largest score of each row and 1 / sum(exp(s - largest)). */
const attentionOp: FusedOp = {
  name: "attention",
  decompose: ([q, k, v, bias]) => {
    const scores = scoresOf(q!, k!, bias);
    const o = reshape(matmul(softmax(scores), v!), q!.shape);
    const largest = max(scores, lastAxis);
    const inverse = reciprocal(sum(exp(sub(scores, largest)), lastAxis));
    return [o, reshape(concat([largest, inverse], -1), [...q!.shape.slice(0, 3), 2])];
  },
  vjp: ([g], { inputs: [q, k, v, bias], results: [o, rows] }) =>
    g === undefined ? [] : applyFused(attentionBackwardOp, [q!, k!, v!, o!, rows!, g, ...(bias ? [bias] : [])]),
  kernel: (target, [q, k, , bias]) => kernelCall("Attention", target, { q: q!, k: k!, bias }),
};

/** Inputs: q, k, v, both results, the gradient of o and, if there is one, bias. Results: the gradients of q, k, v. */
const attentionBackwardOp: FusedOp = {
  name: "attentionBackward",
  decompose: ([q, k, v, , , g, bias]) => {
    const rows = groupedShape(q!, k!);
    const [asked, flowing] = [reshape(q!, rows), reshape(g!, rows)];
    const weights = softmax(scoresOf(q!, k!, bias));
    const weighted = mul(matmul(flowing, v!, { transposeB: true }), weights);
    const ds = sub(weighted, mul(weights, sum(weighted, lastAxis)));
    return [reshape(matmul(ds, k!), q!.shape), matmul(ds, asked, { transposeA: true }), matmul(weights, flowing, { transposeA: true })];
  },
  kernel: (target, [q, k, , , , , bias]) => kernelCall("AttentionBackward", target, { q: q!, k: k!, bias }),
};

/** Query heads that share keys are rows of one product: `[B, KV, G * M, S]`. */
function groupedShape(q: Tensor, k: Tensor): number[] {
  const [batch, heads, queries, size] = q.shape as [number, number, number, number];
  return [batch, k.shape[1]!, (heads / k.shape[1]!) * queries, size];
}

/** `[B, KV, G * M, N]` */
function scoresOf(q: Tensor, k: Tensor, bias: Tensor | undefined): Tensor {
  const scores = matmul(reshape(q, groupedShape(q, k)), k, { transposeB: true });
  if (bias === undefined) return scores;
  const [queries, group] = [bias.shape[2]!, q.shape[1]! / k.shape[1]!];
  if (queries === 1 || group === 1) return add(scores, bias);
  const [batch, keyHeads, , keys] = scores.shape as [number, number, number, number];
  const byQuery = reshape(scores, [batch, keyHeads, group, queries, keys]);
  return reshape(add(byQuery, reshape(bias, [bias.shape[0]!, 1, 1, queries, keys])), scores.shape);
}

function kernelCall(name: string, target: KernelTarget, { q, k, bias }: { q: Tensor; k: Tensor; bias: Tensor | undefined }): KernelCall | undefined {
  if (!target.reaches("avx2") || sizeOf(q.shape) === 0 || sizeOf(k.shape) === 0) return undefined;
  const [rows, , queries, keys] = bias?.shape ?? [1, 1, 1, 0];
  const attributes = { q: q.shape, k: k.shape, bias_query: queries === 1 ? 0 : keys!, bias_batch: rows === 1 ? 0 : queries! * keys! };
  return { name, attributes };
}

/**
 * Attention of queries over keys and values, `softmax(q k^T + bias) v`. Queries come scaled, by 1 / sqrt(S) as a rule.
 *
 * @param q `[B, H, M, S]`
 * @param k `[B, KV, N, S]`, KV a divisor of H: head h of the queries sees head h / (H / KV), rounded down
 * @param v `[B, KV, N, S]`
 * @returns `[B, H, M, S]`
 * @throws {ShapeError} if the shapes do not fit together
 */
export function attention(
  q: TensorLike,
  k: TensorLike,
  v: TensorLike,
  {
    bias,
  }: {
    /** Added to the scores of all heads: `[B, 1, M, N]`, where B and M may be 1; not differentiated. @default none */
    bias?: TensorLike | undefined;
  } = {},
): Tensor {
  const inputs = { q: toTensor(q), k: toTensor(k), v: toTensor(v), ...(bias !== undefined && { bias: toTensor(bias) }) };
  for (const [argument, tensor] of Object.entries(inputs)) expectDType("attention", argument, tensor, "float32");
  checkShapes(inputs);
  return applyFused(attentionOp, Object.values(inputs))[0]!;
}

function checkShapes({ q, k, v, bias }: { q: Tensor; k: Tensor; v: Tensor; bias?: Tensor }): void {
  if (q.shape.length !== 4) throw new ShapeError({ argument: "attention: q", shape: q.shape, expected: "[B, H, M, S]" });
  const [batch, heads, queries, size] = q.shape as [number, number, number, number];
  if (k.shape.length !== 4 || k.shape[0] !== batch || k.shape[3] !== size || heads % k.shape[1]! !== 0)
    throw new ShapeError({ argument: "attention: k", shape: k.shape, expected: `[${batch}, a divisor of ${heads}, N, ${size}], to fit q` });
  if (v.shape.join() !== k.shape.join())
    throw new ShapeError({ argument: "attention: v", shape: v.shape, expected: `[${k.shape.join(", ")}], as k` });
  if (bias === undefined) return;
  const [rows, one, asked, keys] = bias.shape;
  const fits = bias.shape.length === 4 && (rows === 1 || rows === batch) && one === 1 && (asked === 1 || asked === queries) && keys === k.shape[2];
  if (!fits)
    throw new ShapeError({
      argument: "attention: bias",
      shape: bias.shape,
      expected: `[${batch}, 1, ${queries}, ${k.shape[2]}], where the first and the third may be 1`,
    });
}
