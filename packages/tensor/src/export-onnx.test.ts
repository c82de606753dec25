import { mkdtempSync, readdirSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { InferenceSession, Tensor as OrtTensor } from "onnxruntime-node";
import { afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { spread } from "./gradient-check.fixture.ts";
import { add, compile, exportOnnx, float32, linear, mean, mul, type NdArray, onnxExecutor, square, type Tensor, valueAndGradient } from "./index.ts";

// Plain sessions after ours here, before ours in executors/onnx/plain-session-first.test.ts: the first decides how threads are shared.
beforeAll(() => onnxExecutor());

let folder: string;
beforeEach(() => (folder = mkdtempSync(join(tmpdir(), "export-"))));
afterEach(() => rmSync(folder, { recursive: true, force: true }));

type Weights<T> = { first: { weight: T; bias: T } };
const layer = (weights: Weights<Tensor>, inputs: { x: Tensor }) => ({ y: add(linear(inputs.x, weights.first.weight), weights.first.bias) });
const weights: Weights<NdArray> = { first: { weight: spread([24, 32]), bias: spread([24], 2) } };
const x = spread([5, 32], 3);

async function runPlain(path: string, feeds: Record<string, NdArray>): Promise<Record<string, ArrayLike<number>>> {
  const session = await InferenceSession.create(path);
  const tensors = Object.entries(feeds).map(([name, { data, shape }]) => [name, new OrtTensor("float32", data as Float32Array, shape)]);
  const results = await session.run(Object.fromEntries(tensors));
  await session.release();
  return Object.fromEntries(Object.entries(results).map(([name, { data }]) => [name, data as Float32Array]));
}

describe("exportOnnx", () => {
  for (const where of ["inside", "beside"] as const) {
    it(`writes a file that plain ONNX Runtime runs to the same numbers, weights ${where}`, async () => {
      const path = join(folder, "layer.onnx");
      const exported = await exportOnnx(path, layer, [weights, { x }], { frozen: [0], weights: where });
      const files = where === "inside" ? ["layer.onnx"] : ["layer.onnx", "layer.onnx.data"];
      expect(exported).toEqual({ inputs: ["x"], outputs: ["y"], files: files.map((file) => join(folder, file)) });
      expect(readdirSync(folder).sort()).toEqual(files);
      if (where === "beside") expect(statSync(path).size).toBeLessThan(1500);
      expect((await runPlain(path, { x }))["y"]).toBeAllclose((await compile(layer)(weights, { x })).y.data);
    });
  }

  it("names bare arguments by position, equal leaves by both, and a bare result output", async () => {
    const path = join(folder, "names.onnx");
    const exported = await exportOnnx(path, (a: Tensor, b: { x: Tensor }, c: { x: Tensor }) => add(a, mul(b.x, c.x)), [
      float32([1]),
      { x: float32([2]) },
      { x: float32([3]) },
    ]);
    expect(exported).toMatchObject({ inputs: ["input_0", "input_1.x", "input_2.x"], outputs: ["output"] });
    const feeds = { input_0: float32([10]), "input_1.x": float32([4]), "input_2.x": float32([5]) };
    expect([...((await runPlain(path, feeds))["output"] as Float32Array)]).toEqual([30]);
  });

  it("exports a gradient like any other function", async () => {
    const path = join(folder, "gradient.onnx");
    const loss = (p: Weights<Tensor>, inputs: { x: Tensor }) => valueAndGradient((q: Weights<Tensor>) => mean(square(layer(q, inputs).y)), p);
    const { outputs } = await exportOnnx(path, loss, [weights, { x }]);
    expect(outputs).toEqual(["value", "gradient.first.weight", "gradient.first.bias"]);
    const got = await runPlain(path, { "first.weight": weights.first.weight, "first.bias": weights.first.bias, x });
    expect(got["gradient.first.bias"]).toBeAllclose((await compile(loss)(weights, { x })).gradient.first.bias.data);
  });
});
