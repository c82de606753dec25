// What gradients.test.ts and random-shapes.test.ts, which hold every op on this executor to the reference, do not look at.
import * as core from "@tensorflow/tfjs-core";
import { InvalidArgumentError, UnavailableError } from "@diffucoder/core";
import { beforeAll, describe, expect, it } from "vitest";
import { spread } from "../../gradient-check.fixture.ts";
import * as t from "../../index.ts";

let executor: t.Executor;
beforeAll(async () => {
  executor = await t.tfjsExecutor({ backend: "cpu" });
});

describe("a backend that is not there", () => {
  it.each(["node-gpu", "node"] as const)("names the command that installs %s", async (backend) => {
    const error: unknown = await t.tfjsExecutor({ backend }).catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(UnavailableError);
    expect((error as Error).message).toBe(
      `TensorFlow.js (${backend}) is not available: @tensorflow/tfjs-${backend} is not installed. ` +
        `Install it: npm install @tensorflow/tfjs-${backend}, with install scripts allowed: one downloads TensorFlow's library.`,
    );
  });

  it("says which backends there are", async () => {
    const error: unknown = await t.tfjsExecutor({ backend: "webgl" as "cpu" }).catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(InvalidArgumentError);
    expect((error as Error).message).toBe('backend must be "node-gpu" or "node" or "cpu", got "webgl".');
  });
});

describe("memory", () => {
  const step = (p: t.Tensor, x: t.Tensor) => {
    const { value, gradient } = t.valueAndGradient((q: t.Tensor) => t.sum(t.square(t.sub(t.matmul(x, q), t.softmax(x)))), p);
    return { loss: value, same: value, p: t.sub(p, t.mul(gradient, t.float32([0.1, 0.2, 0.3]))) };
  };

  it("holds nothing but constants between runs, and nothing after dispose", async () => {
    const before = core.memory().numTensors;
    const run = t.compile(step, { executor });
    await run(spread([3, 3]), spread([2, 3], 2));
    const constants = core.memory().numTensors - before;
    for (let i = 0; i < 3; i++) await run(spread([3, 3]), spread([2, 3], 2));
    expect(core.memory().numTensors - before).toBe(constants);
    run.dispose();
    await Promise.resolve();
    await Promise.resolve();
    expect(core.memory().numTensors).toBe(before);
  });

  it("writes an output over the donated array, and leaves every other array as it was", async () => {
    const [p, x] = [spread([3, 3]), spread([2, 3], 2)];
    const memory = p.data;
    const want = await t.compile(step, { executor: t.referenceExecutor })(p.clone(), x);
    const got = await t.compile(step, { executor, donate: [0] })(p, x);
    expect(got.p.data).toBe(memory);
    expect(got.p.data).toBeAllclose(want.p.data);
    expect([...x.data]).toEqual([...spread([2, 3], 2).data]);
  });

  it("gives results of their own even where they are inputs, views of inputs or constants", async () => {
    const constant = t.float32([7, 8]);
    const x = t.float32([1, 2]);
    const run = t.compile((a: t.Tensor) => ({ same: a, view: t.reshape(a, [2, 1]), constant: t.add(constant, 0) }), { executor });
    const first = await run(x);
    for (const result of Object.values(first)) result.data.fill(0);
    expect([...x.data, ...constant.data]).toEqual([1, 2, 7, 8]);
    expect([...(await run(x)).constant.data]).toEqual([7, 8]);
  });

  it("replaces rows of a copy, not of the table", async () => {
    const table = t.float32([1, 2, 3, 4], [2, 2]);
    const run = t.compile((a: t.Tensor) => t.replaceRows(a, t.int32([1]), t.float32([9, 9], [1, 2])), { executor });
    expect([...(await run(table)).data]).toEqual([1, 2, 9, 9]);
    expect([...table.data]).toEqual([1, 2, 3, 4]);
  });
});

it("runs side by side", async () => {
  const run = t.compile((x: t.Tensor) => t.sum(t.mul(t.exp(x), x)), { executor });
  const inputs = [1, 2, 3, 4].map((seed) => spread([4], seed));
  const together = await Promise.all(inputs.map((x) => run(x)));
  for (const [i, x] of inputs.entries()) expect((await run(x)).item()).toBe(together[i]?.item());
});

it("names the quantized op that it lacks", async () => {
  const codes = new t.NdArray(new Int8Array(4), [2, 2]);
  const run = t.compile((x: t.Tensor) => t.quantizedLinear(x, { codes, scales: t.float32([1, 1]) }), { executor });
  const error: unknown = await run(spread([1, 2])).catch((reason: unknown) => reason);
  expect(error).toBeInstanceOf(UnavailableError);
  expect((error as Error).message).toBe(
    "The graph on TensorFlow.js is not available: it has no counterpart for the op rowScale. " +
      "Quantized weights need the ONNX executor; float32 weights run on both.",
  );
});
