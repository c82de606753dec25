import fc from "fast-check";
import { beforeAll, describe, expect, it } from "vitest";
import * as t from "../index.ts";
import { findWebGpu } from "../executors/onnx/webgpu.fixture.ts";
import { checkFunction, spread, valueOn } from "../gradient-check.fixture.ts";
import { executorsOfAllLevels } from "../kernel-levels.fixture.ts";

const webGpu = await findWebGpu();
let executors: t.Executor[];
beforeAll(async () => {
  const levels = (await executorsOfAllLevels()).map(({ executor }) => executor);
  executors = [...levels, await t.onnxExecutor({ api: "js" }), await t.tfjsExecutor({ backend: "cpu" })];
  if (webGpu.executor) executors.push(webGpu.executor);
});

it.runIf(webGpu.executor)(`runs every case on WebGPU as well${webGpu.note}`, () => expect(executors.at(-1)?.name).toBe("onnx-webgpu"));

const positive = (shape: number[], seed = 1): t.NdArray =>
  t.float32(
    [...spread(shape, seed).data].map((x) => Math.abs(x) + 0.3),
    shape,
  );
type Case = [name: string, fn: (...xs: any[]) => t.Tensor, ...args: t.NdArray[]];

const indices = t.int32([2, 0, 2, 1]);
const cases: Case[] = [
  ["neg", t.neg, spread([2, 3])],
  ["exp", t.exp, spread([2, 3])],
  ["log", t.log, positive([2, 3])],
  ["sqrt", t.sqrt, positive([4])],
  ["reciprocal", t.reciprocal, positive([4])],
  ["sigmoid", t.sigmoid, spread([5])],
  ["tanh", t.tanh, spread([5])],
  ["sin", t.sin, spread([5])],
  ["cos", t.cos, spread([5])],
  ["abs", t.abs, spread([5])],
  ["silu", t.silu, spread([5])],
  ["square", t.square, spread([5])],
  ["clamp", (x) => t.clamp(x, -0.51, 0.77), spread([7])],
  ["add, broadcasting", t.add, spread([2, 3]), spread([3], 2)],
  ["sub, broadcasting both", t.sub, spread([2, 1]), spread([1, 3], 2)],
  ["mul, scalar", t.mul, spread([2, 3]), spread([], 2)],
  ["mul by itself", (x) => t.mul(x, x), spread([3])],
  ["div", t.div, spread([2, 3]), positive([2, 3], 2)],
  ["maximum", t.maximum, spread([2, 3]), spread([2, 3], 2)],
  ["minimum", t.minimum, spread([2, 3]), spread([3], 2)],
  ["where", (a, b) => t.where(t.greater(a, b), a, t.mul(b, 2)), spread([2, 3]), spread([2, 3], 2)],
  ["sum of an axis", (x) => t.sum(x, { axes: [1] }), spread([2, 3, 2])],
  ["sum of squares of an axis", (x) => t.sumSquares(x, { axes: [1] }), spread([2, 3, 2])],
  ["sum of squares of a scalar", (x) => t.sumSquares(x), spread([])],
  ["sum keeping axes", (x) => t.sum(x, { axes: [0, -1], keepDims: true }), spread([2, 3, 2])],
  ["mean", (x) => t.mean(x, { axes: [-1] }), spread([2, 3])],
  ["max", (x) => t.max(x, { axes: [0] }), spread([4, 3])],
  ["broadcastTo", (x) => t.broadcastTo(x, [4, 2, 3]), spread([2, 1])],
  ["cumSum", (x) => t.cumSum(x, { axis: 0 }), spread([4, 3])],
  ["cumSum, exclusive", (x) => t.cumSum(x, { exclusive: true }), spread([2, 4])],
  ["reshape", (x) => t.reshape(x, [3, -1]), spread([2, 6])],
  ["transpose", (x) => t.transpose(x, [2, 0, 1]), spread([2, 3, 4])],
  ["slice", (x) => t.slice(x, { axis: 1, start: 1, end: -1 }), spread([2, 5])],
  ["pad", (x) => t.pad(x, { before: [1, 0], after: [0, 2] }), spread([2, 3])],
  ["concat", (a, b) => t.concat([a, b, a], 1), spread([2, 3]), spread([2, 1], 2)],
  ["matmul", (a, b) => t.matmul(a, b), spread([2, 3]), spread([3, 4], 2)],
  ["matmul, both transposed", (a, b) => t.matmul(a, b, { transposeA: true, transposeB: true }), spread([3, 2]), spread([4, 3], 2)],
  ["matmul, batched and broadcast", (a, b) => t.matmul(a, b, { transposeB: true }), spread([2, 2, 3, 2]), spread([2, 1, 4, 2], 2)],
  ["matmul, batched transposeA", (a, b) => t.matmul(a, b, { transposeA: true }), spread([2, 3, 2]), spread([3, 4], 2)],
  ["linear", t.linear, spread([2, 2, 3]), spread([4, 3], 2)],
  ["softmax", t.softmax, spread([2, 4])],
  ["logSoftmax", t.logSoftmax, spread([2, 4])],
  ["take", (table) => t.take(table, indices), spread([3, 2])],
  ["takeAlongAxis", (x) => t.takeAlongAxis(x, t.int32([1, 1, 0, 2, 2, 2], [2, 3])), spread([2, 4])],
  ["scatterAdd", (x) => t.scatterAdd(indices, x, { axis: 0, shape: [3] }), spread([4])],
  [
    "replaceRows",
    (table, rows) => t.mul(t.replaceRows(table, t.int32([3, 0]), rows), t.float32([1, 2, 3, 4], [4, 1])),
    spread([4, 2]),
    spread([2, 2], 2),
  ],
  ["rmsNorm", (x, w) => t.rmsNorm(x, w), spread([2, 4]), spread([4], 2)],
  ["relu", t.relu, spread([7])],
  ["gelu", (x) => t.gelu(x), spread([7])],
  ["gelu, tanh", (x) => t.gelu(x, { approximate: "tanh" }), spread([7])],
  ["layerNorm", (x, w, b) => t.layerNorm(x, w, b), spread([2, 4]), spread([4], 2), spread([4], 3)],
  ["crossEntropy", (x) => t.crossEntropy(x, t.int32([3, 0])), spread([2, 4])],
  ["stack", (a, b) => t.stack([a, b, a], -1), spread([2, 3]), spread([2, 3], 2)],
  ["split", (x) => t.mul(...(t.split(x, [2, 2]) as [t.Tensor, t.Tensor])), spread([3, 4])],
  ["squeeze", (x) => t.squeeze(x, 1), spread([3, 1, 2])],
  ["swiglu", t.swiglu, spread([2, 3]), spread([2, 3], 2)],
  [
    "rotary",
    (x) => t.rotary(x, { cos: spread([5, 2], 4), sin: spread([5, 2], 5), positions: t.int32([0, 1, 4, 1, 2, 3], [2, 3]) }),
    spread([2, 2, 3, 4]),
  ],
  [
    "rotaryHeads",
    (x) => t.rotaryHeads(x, { cos: spread([5, 2], 4), sin: spread([5, 2], 5), positions: t.int32([0, 1, 4, 1, 2, 3], [2, 3]) }),
    spread([2, 3, 2, 4]),
  ],
  ["selectLogProbs", (x) => t.selectLogProbs(x, t.int32([3, 0])), spread([2, 4])],
  ["selectLogProbs of a product", (x, w) => t.selectLogProbs(t.linear(x, w), t.int32([3, 0, 2, 2], [2, 2])), spread([2, 2, 3]), spread([4, 3], 2)],
  ["attention", (q, k, v) => t.attention(q, k, v), spread([2, 2, 3, 4]), spread([2, 2, 5, 4], 2), spread([2, 2, 5, 4], 3)],
  [
    "attention, heads that share keys, a bias for each query",
    (q, k, v) => t.attention(q, k, v, { bias: t.float32([0, -1e9, 0.5, 1, 0, -1e9, -1e9, -1e9, -1e9, 0, 0, 0], [1, 1, 3, 4]) }),
    spread([2, 4, 3, 2]),
    spread([2, 2, 4, 2], 2),
    spread([2, 2, 4, 2], 3),
  ],
  [
    "attention, padding",
    (q, k, v) => t.attention(q, k, v, { bias: t.float32([0, 0, -1e9, 0, -1e9, -1e9], [2, 1, 1, 3]) }),
    spread([2, 2, 3, 2]),
    spread([2, 1, 3, 2], 2),
    spread([2, 1, 3, 2], 3),
  ],
];

describe("values and gradients agree with float64 and central differences", () => {
  it.each(cases)("%s", async (_name, fn, ...args) => {
    await checkFunction(fn, args, executors);
  });
});

describe("compositions, by hand", () => {
  const on = (fn: (...xs: any[]) => t.Tensor, ...args: t.NdArray[]): Promise<number[]> => valueOn(t.referenceExecutor, fn, ...args);

  it("gelu is PyTorch's, in both forms", async () => {
    // torch.nn.functional.gelu(torch.tensor([-1., 0., 1., 2.]), approximate=...)
    expect(await on((x) => t.gelu(x), t.float32([-1, 0, 1, 2]))).toBeAllclose([-0.1586553, 0, 0.8413447, 1.9544997], { atol: 1e-6 });
    expect(await on((x) => t.gelu(x, { approximate: "tanh" }), t.float32([-1, 0, 1, 2]))).toBeAllclose([-0.158808, 0, 0.841192, 1.9545977], {
      atol: 1e-6,
    });
  });

  it("layerNorm, crossEntropy, relu, stack, split and squeeze", async () => {
    expect(await on((x) => t.layerNorm(x, t.float32([1, 2]), t.float32([0, 1]), { eps: 0 }), t.float32([1, 3], [1, 2]))).toEqual([-1, 3]);
    expect(await on((x) => t.crossEntropy(x, t.int32([0, 1])), t.float32([0, 0, 0, 0], [2, 2]))).toBeAllclose([Math.log(2)], { rtol: 1e-6 });
    expect(await on(t.relu, t.float32([-1, 0, 2]))).toEqual([0, 0, 2]);
    expect(await on((a, b) => t.stack([a, b], 1), t.float32([1, 2]), t.float32([3, 4]))).toEqual([1, 3, 2, 4]);
    expect(await on((x) => t.split(x, [1, 2])[1] as t.Tensor, t.float32([1, 2, 3]))).toEqual([2, 3]);
    expect((await t.compile((x: t.Tensor) => t.squeeze(x), { executor: t.referenceExecutor })(t.float32([1, 2], [1, 2, 1]))).shape).toEqual([2]);
  });

  it("name what does not fit", () => {
    const x = t.constant(spread([2, 3]));
    expect(() => t.stack([x, t.constant(spread([3]))])).toThrow("stack: tensors has shape [3], expected [2, 3], as the first.");
    expect(() => t.stack([])).toThrow("stack: tensors must be at least one tensor, got [].");
    expect(() => t.split(x, [1, 1])).toThrow("split: x has shape [2, 3], expected axis -1 as long as [1, 1] together.");
    expect(() => t.squeeze(x, 0)).toThrow("squeeze: x has shape [2, 3], expected axis 0 of length 1.");
  });
});

describe("ops without gradients", () => {
  const both = async (fn: (...xs: any[]) => t.Tensor, ...args: t.NdArray[]): Promise<number[]> => {
    const results = await Promise.all([t.referenceExecutor, ...executors].map((executor) => valueOn(executor, fn, ...args)));
    results.forEach((result) => expect(result).toEqual(results[0]));
    return results[0] as number[];
  };

  it("argMax takes the first of equal maxima", async () => {
    expect(await both((x) => t.argMax(x), t.float32([1, 3, 3, 2, 2, 0], [2, 3]))).toEqual([1, 0]);
    expect(await both((x) => t.argMax(x, 0), t.float32([1, 3, 3, 2, 2, 3], [2, 3]))).toEqual([1, 0, 0]);
  });
  it("sortIndices orders from the largest, equal elements by index", async () => {
    expect(await both((x) => t.sortIndices(x), t.float32([1, 5, 3, 5], [4]))).toEqual([1, 3, 2, 0]);
    expect(await both((x) => t.sortIndices(x, 2), t.float32([1, 5, 3, 0, 2, 9], [2, 3]))).toEqual([1, 2, 2, 1]);
  });
  it("cast truncates toward zero", async () => {
    expect(await both((x) => t.cast(x, "int32"), t.float32([-1.7, 1.7, 0]))).toEqual([-1, 1, 0]);
    expect(await both((x) => t.cast(x, "bool"), t.int32([-1, 0, 2]))).toEqual([1, 0, 1]);
  });
  it("integers divide toward zero and oneHot marks one column", async () => {
    expect(await both((a, b) => t.div(a, b), t.int32([-7, 7]), t.int32([2, 2]))).toEqual([-3, 3]);
    expect(await both((x) => t.oneHot(x, 3), t.int32([2, 0]))).toEqual([0, 0, 1, 1, 0, 0]);
  });
  it("comparisons and logic give booleans", async () => {
    expect(await both((a, b) => t.and(t.lessEqual(a, b), t.not(t.equal(a, b))), t.float32([1, 2, 3]), t.float32([2, 2, 2]))).toEqual([1, 0, 0]);
    expect(await both((a, b) => t.or(t.greaterEqual(a, b), t.less(a, 1.5)), t.float32([1, 2, 1.6]), t.float32([2, 2, 2]))).toEqual([1, 1, 0]);
  });
});

it("broadcasts any pair of compatible shapes, with gradients of the operands' own shapes", async () => {
  const dims = fc.array(fc.integer({ min: 1, max: 3 }), { maxLength: 3 });
  await fc.assert(
    fc.asyncProperty(dims, fc.array(fc.boolean(), { minLength: 3, maxLength: 3 }), fc.nat(2), async (shape, ones, drop) => {
      const other = shape.map((dim, axis) => (ones[axis] ? 1 : dim)).slice(Math.min(drop, shape.length));
      await checkFunction((a, b) => t.mul(a, t.add(b, 0.5)), [spread(shape), spread(other, 3)], executors.slice(0, 1));
    }),
    { numRuns: 25 },
  );
});

it("stops gradients where told to", async () => {
  const x = t.float32([2, 3]);
  const step = t.compile((p: t.Tensor) => t.valueAndGradient((q: t.Tensor) => t.sum(t.mul(t.stopGradient(q), q)), p), { executor: executors[0]! });
  const { gradient } = await step(x);
  expect([...gradient.data]).toEqual([2, 3]); // not 2x
});
