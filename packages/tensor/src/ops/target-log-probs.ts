// Log-probabilities of one target per row, y_i = logSoftmax(l_i)[target_i], with the gradient written out, dl = g (onehot(target) - softmax(l)),
// which needs one pass less over the logits than differentiating the gather. Where the logits are a product, l = x w^T, the two are
// one operation, and a kernel (packages/kernels/c/target-log-probs) never holds the logits of all rows and words:
//   dx = dl w,   dw = dl^T x
import { sizeOf } from "../shape.ts";
import { type Tensor, type TensorLike, toTensor } from "../tensor.ts";
import { expectDType } from "./definition.ts";
import { add, exp, log, mul, sub } from "./elementwise.ts";
import { applyFused, type FusedOp } from "./fused.ts";
import { withGradient } from "./gradient-rules.ts";
import { oneHot, takeAlongAxis } from "./indexing.ts";
import type { KernelCall, KernelTarget } from "./kernel-call.ts";
import { linearFactors, matmul } from "./matmul.ts";
import { reshape } from "./movement.ts";
import { max } from "./reduction.ts";
import { logSoftmax, softmax } from "./softmax.ts";
import { sum } from "./sum.ts";

const lastAxis = { axes: [-1], keepDims: true };

/** Inputs: x `[M, D]`, w `[V, D]`, targets `[M]`. Results: y `[M]`; and z, the logarithm of the sum of the exponentials, `[M]`. */
const targetLogProbsOp: FusedOp = {
  name: "targetLogProbs",
  decompose: ([x, w, targets]) => {
    const logits = matmul(x!, w!, { transposeB: true });
    const largest = max(logits, lastAxis);
    const z = add(largest, log(sum(exp(sub(logits, largest)), lastAxis)));
    return [valueOf(logits, targets!), reshape(z, targets!.shape)];
  },
  vjp: ([g], { inputs: [x, w, targets], results: [, z] }) =>
    g === undefined ? [] : [...applyFused(targetLogProbsBackwardOp, [x!, w!, targets!, z!, g]), undefined],
  kernel: (target, [x, w]) => kernelCall("TargetLogProbs", target, x!, w!),
};

/** Inputs: x, w, targets, z, the gradient of y. Results: the gradients of x and w. */
const targetLogProbsBackwardOp: FusedOp = {
  name: "targetLogProbsBackward",
  decompose: ([x, w, targets, , g]) => {
    const dl = logitGradient(matmul(x!, w!, { transposeB: true }), targets!, g!);
    return [matmul(dl, w!), matmul(dl, x!, { transposeA: true })];
  },
  kernel: (target, [x, w]) => kernelCall("TargetLogProbsBackward", target, x!, w!),
};

/** Its products are float32: where others are wanted, they are on their own. */
function kernelCall(name: string, target: KernelTarget, x: Tensor, w: Tensor): KernelCall | undefined {
  if (target.precision !== "float32" || !target.reaches("avx2") || sizeOf(x.shape) === 0 || sizeOf(w.shape) === 0) return undefined;
  return { name, attributes: { rows: x.shape[0]!, words: w.shape[0]!, size: x.shape[1]! } };
}

function valueOf(logits: Tensor, targets: Tensor): Tensor {
  return reshape(takeAlongAxis(logSoftmax(logits), reshape(targets, [...targets.shape, 1])), targets.shape);
}

function logitGradient(logits: Tensor, targets: Tensor, g: Tensor): Tensor {
  return mul(sub(oneHot(targets, logits.shape.at(-1) as number), softmax(logits)), reshape(g, [...g.shape, 1]));
}

/** Logits that log-probabilities were computed without. */
const bypassed = new WeakSet<Tensor>();

/** Whether no gradient would flow into a tensor that `selectLogProbs` was given, since it was computed from what that is the product of. */
export function isBypassed(tensor: Tensor): boolean {
  return bypassed.has(tensor);
}

/**
 * Log-probability of one target per row, `logSoftmax(logits)[target]`. Logits that a linear layer just gave, and nothing else reads,
 * are not held in memory where there are kernels.
 *
 * @param logits `[..., V]`
 * @param targets int32 `[...]`
 * @returns `[...]`
 */
export function selectLogProbs(logits: TensorLike, targets: TensorLike): Tensor {
  const [tensor, ids] = [toTensor(logits), toTensor(targets, "int32")];
  expectDType("selectLogProbs", "targets", ids, "int32");
  const factors = linearFactors(tensor);
  if (factors === undefined) return withGradient(valueOf(tensor, ids), [tensor], (g) => [logitGradient(tensor, ids, g)]);
  bypassed.add(tensor);
  const [y] = applyFused(targetLogProbsOp, [factors.x, factors.weight, reshape(ids, [sizeOf(ids.shape)])]);
  return reshape(y!, ids.shape);
}
