// The first user of ONNX Runtime in a process decides whether sessions share a thread pool; the executor works either way.
// A file of tests is a process of its own: in this one onnxruntime-node's own API comes first, in export-onnx.test.ts ours.
import type { Tensor as OrtTensor } from "onnxruntime-node";
import { expect, it } from "vitest";
import { compile, float32, matmul, type NdArray, onnxExecutor, type Tensor, traceGraph } from "../../index.ts";
import { emitOnnx } from "../../onnx/emit.ts";
import { spread } from "../../gradient-check.fixture.ts";

const product = (a: Tensor, b: Tensor): Tensor => matmul(a, b);
const [a, b] = [spread([70, 40]), spread([40, 30], 2)];

async function runPlain(): Promise<Float32Array> {
  const { InferenceSession, Tensor: Plain } = await import("onnxruntime-node");
  const session = await InferenceSession.create(emitOnnx(await traceGraph(product, [a, b])));
  const tensorOf = ({ data, shape }: NdArray): OrtTensor => new Plain("float32", data as Float32Array, shape);
  const { output_0 } = await session.run({ input_0: tensorOf(a), input_1: tensorOf(b) });
  await session.release();
  return output_0?.data as Float32Array;
}

it("runs through the C API after a plain session, with the numbers of one, and leaves plain sessions working", async () => {
  const { sharedObjects } = process.report.getReport() as { sharedObjects: string[] };
  expect(sharedObjects.filter((path) => path.includes("libonnxruntime"))).toEqual([]);
  const plain = await runPlain();
  const executor = await onnxExecutor({ api: "c" });
  const own = await compile(product, { executor })(a, b);
  expect(own.data).toBeAllclose(plain, { rtol: 1e-6, atol: 1e-6 });
  expect(await runPlain()).toEqual(plain);
  expect((await onnxExecutor()).name).toBe("onnx");
});

it("frees a plan, and its threads with it", async () => {
  const double = compile((x: Tensor) => matmul(x, x), { executor: await onnxExecutor() });
  expect([...(await double(float32([1, 2, 3, 4], [2, 2]))).data]).toEqual([7, 10, 15, 22]);
  double.dispose();
  expect([...(await double(float32([1, 1, 1, 1], [2, 2]))).data]).toEqual([2, 2, 2, 2]);
});
