import { describe, expect, it } from "vitest";
import { spread } from "../../gradient-check.fixture.ts";
import * as t from "../../index.ts";
import { findWebGpu } from "./webgpu.fixture.ts";

const { executor, note } = await findWebGpu();
const gpu = executor as t.Executor;

type Weights<T> = { table: T; norm: T; matrix: T };
type State<T> = { weights: Weights<T>; adam: { m: Weights<T>; v: Weights<T> } };
const newState = (): State<t.NdArray> => {
  const weights = { table: spread([10, 8]), norm: spread([8], 2), matrix: spread([8, 8], 3) };
  return { weights, adam: t.initAdamW(weights) };
};
const trainingStep = (state: State<t.Tensor>, ids: t.Tensor, target: t.Tensor, k: t.Tensor) => {
  const { value, gradient } = t.valueAndGradient((p: Weights<t.Tensor>) => {
    const x = t.rmsNorm(t.take(p.table, ids), p.norm); // [6, 8]
    const attended = t.matmul(t.softmax(t.matmul(x, x, { transposeB: true })), x);
    return t.neg(t.mean(t.selectLogProbs(t.linear(t.swiglu(attended, x), p.matrix), target)));
  }, state.weights);
  const { clipped, norm } = t.clipByGlobalNorm(gradient, 1);
  const next = t.adamW(state.weights, clipped, state.adam, { lr: t.constant(0.01), step: k, weightDecay: 0.1 });
  return { state: { weights: next.parameters, adam: next.state }, loss: value, norm };
};
const batch = [t.int32([1, 2, 2, 9, 0, 1]), t.int32([3, 0, 7, 7, 1, 2])] as const;

describe.runIf(executor)(`onnxExecutor on WebGPU${note}`, () => {
  it("trains as the processor does, with a state that never leaves the device", async () => {
    const train = async (executor: t.Executor) => {
      const step = t.compile(trainingStep, { executor, donate: [0] });
      let state = newState();
      const figures: number[] = [];
      for (let k = 1; k <= 4; k++) {
        const result = await step(state, ...batch, k);
        figures.push(result.loss.item(), result.norm.item());
        state = result.state;
      }
      step.dispose();
      return { state, figures };
    };
    const onDevice = await train(gpu);
    const here = await train(await t.onnxExecutor());
    expect(onDevice.figures).toBeAllclose(here.figures, { rtol: 1e-4 });
    const leaves = t.flattenTree<t.NdArray>(onDevice.state, (x) => x instanceof t.NdArray).leaves;
    expect(leaves).toHaveLength(9);
    expect(leaves.filter((leaf) => leaf.deviceData === undefined)).toEqual([]);
    expect(onDevice.state.weights.table.data).toBeAllclose(here.state.weights.table.data, { rtol: 1e-4, atol: 1e-5 });
  });

  it("gives up donated memory", async () => {
    const double = t.compile((x: t.Tensor) => t.mul(x, 2), { executor: gpu, donate: [0] });
    const x = await double(t.float32([1, 2]));
    expect([...(await double(x)).data]).toEqual([4, 8]);
    expect(() => x.data).toThrow("array must be an array that was not donated");
  });

  it("takes what was read, and perhaps changed, from where it was read", async () => {
    const double = t.compile((x: t.Tensor) => t.mul(x, 2), { executor: gpu });
    const x = await double(t.float32([1, 2]));
    expect(x.deviceData).toBeDefined();
    x.data[0] = 10;
    expect(x.deviceData).toBeUndefined();
    expect([...(await double(x)).data]).toEqual([20, 8]);
  });

  it("hands results to other executors, integers and booleans too", async () => {
    const f = t.compile((x: t.Tensor) => ({ ids: t.argMax(x), above: t.greater(x, 1), same: x }), { executor: gpu });
    const { ids, above, same } = await f(t.float32([0, 3, 5, 1], [2, 2]));
    const pick = t.compile((table: t.Tensor, i: t.Tensor) => t.take(table, i), { executor: await t.onnxExecutor() });
    expect([...(await pick(same, ids)).data]).toEqual([5, 1, 0, 3]);
    expect([...above.data]).toEqual([0, 1, 1, 0]);
  });

  it("frees results whose plan was disposed, though other plans came after it", async () => {
    const double = t.compile((x: t.Tensor) => t.mul(x, 2), { executor: gpu });
    const results = [await double(t.float32([1, 2])), await double(t.float32([3, 4]))];
    double.dispose();
    for (let i = 0; i < 5; i++) {
      const other = t.compile((x: t.Tensor) => t.add(x, i), { executor: gpu }); // into the memory of what is gone
      expect([...(await other(t.float32([1]))).data]).toEqual([1 + i]);
    }
    expect(results.map((result) => [...result.data])).toEqual([
      [2, 4],
      [6, 8],
    ]);
  });

  it("leaves turns of the event loop to others between runs", async () => {
    const double = t.compile((x: t.Tensor) => t.mul(x, 2), { executor: gpu });
    let turns = 0;
    const count = (): void => {
      turns++;
      next = setImmediate(count);
    };
    let next = setImmediate(count);
    let x = t.float32([1, 2]);
    for (let i = 0; i < 5; i++) x = await double(x);
    clearImmediate(next);
    expect(turns).toBeGreaterThanOrEqual(4);
  });

  it("keeps frozen weights on the device", async () => {
    const matrix = spread([40, 40]);
    const args = [matrix, spread([3, 40], 2)] as const;
    const f = (w: t.Tensor, x: t.Tensor): t.Tensor => t.linear(x, w);
    const onDevice = await t.compile(f, { executor: gpu, frozen: [0] })(...args);
    expect(onDevice.data).toBeAllclose((await t.compile(f, { executor: t.referenceExecutor })(...args)).data, { rtol: 1e-5, atol: 1e-5 });
  });
});

it("is asked for by the C API only, and devices have names", async () => {
  await expect(t.onnxExecutor({ device: "webgpu", api: "js" })).rejects.toThrow('api must be "c" or "auto" with device "webgpu", got "js".');
  await expect(t.onnxExecutor({ device: "cuda" as never })).rejects.toThrow('device must be "cpu" or "webgpu", got "cuda".');
});
