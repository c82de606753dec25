import { mkdtempSync, readdirSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { InferenceSession, Tensor as OrtTensor } from "onnxruntime-node";
import { afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { spread } from "./gradient-check.fixture.ts";
import {
  add,
  broadcastTo,
  cast,
  compile,
  concat,
  exportOnnx,
  float32,
  int32,
  iota,
  linear,
  mean,
  mul,
  type NdArray,
  onnxExecutor,
  reshape,
  square,
  take,
  type Tensor,
  transpose,
  valueAndGradient,
  zeros,
  zerosArray,
} from "./index.ts";

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

  it("leaves sizes open, in names, shapes and constants, for int64 inputs", async () => {
    const path = join(folder, "open.onnx");
    const table = spread([7, 6], 4);
    const network = (w: { table: Tensor }, { ids, mask }: { ids: Tensor; mask: Tensor }) => {
      const [batch, length] = ids.shape as [number, number];
      const rows = reshape(take(w.table, reshape(ids, [batch * length])), [batch, length, 2, 3]);
      const seen = mul(transpose(rows, [0, 2, 1, 3]), reshape(cast(mask, "float32"), [batch, 1, length, 1])); // [B, 2, L, 3]
      const counted = add(reshape(cast(iota(batch * length), "float32"), [batch, 1, length, 1]), broadcastTo(float32([0.5]), [batch, 1, length, 1]));
      return { y: reshape(add(seen, counted), [2 * batch, 3 * length]) };
    };
    const args = ({ batch = 1, length = 1 }) =>
      [{ table }, { ids: zerosArray([batch, length], "int32"), mask: zerosArray([batch, length], "int32") }] as [
        { table: NdArray },
        { ids: NdArray; mask: NdArray },
      ];
    await exportOnnx(path, network, args, { frozen: [0], int64Inputs: true, openSizes: ["batch", "length"], weights: "beside" });
    const session = await InferenceSession.create(path);
    expect(session.inputMetadata).toMatchObject([
      { name: "ids", type: "int64", shape: ["batch", "length"] },
      { name: "mask", type: "int64", shape: ["batch", "length"] },
    ]);
    expect(session.outputMetadata).toMatchObject([{ name: "y", type: "float32", shape: ["2 * batch", "3 * length"] }]);
    for (const [batch, length] of [
      [1, 1],
      [2, 5],
      [3, 4],
      [5, 2],
    ] as const) {
      const ids = Array.from({ length: batch * length }, (_, i) => (3 * i) % 7);
      const mask = ids.map((id) => id % 2);
      const wide = (data: number[]) => new OrtTensor("int64", BigInt64Array.from(data, BigInt), [batch, length]);
      const { y } = await session.run({ ids: wide(ids), mask: wide(mask) });
      const want = await compile(network)({ table }, { ids: int32(ids, [batch, length]), mask: int32(mask, [batch, length]) });
      expect(y!.dims).toEqual([2 * batch, 3 * length]);
      expect(y!.data).toBeAllclose(want.y.data);
    }
    await session.release();
  });

  it("says what of a graph hangs on a size otherwise", async () => {
    const exported = (fn: (x: Tensor) => Tensor, openSizes = ["rows"]) =>
      exportOnnx(
        join(folder, "x.onnx"),
        (x: Tensor) => ({ y: fn(x) }),
        ({ rows = 1 }) => [zerosArray([rows, 3])] as [NdArray],
        { openSizes },
      );
    await expect(exported((x) => mean(x, { axes: [0] }))).rejects.toThrow(
      'openSizes must be sizes of which the graph\'s shapes are multiples; a constant of shape [] is not, got ["rows"].',
    );
    await expect(exported((x) => concat([x, x.shape[0]! > 20 ? x : zeros([1, 3])], 0))).rejects.toThrow("openSizes must be sizes of which");
    await expect(exported((x) => concat([x, zeros([1, 3])], 0))).rejects.toThrow(
      'openSizes must be sizes of which the graph\'s shapes are multiples; a size of 12 where they are {"rows":11} is not, got ["rows"].',
    );
    await expect(exported((x) => x, ["rows", "columns"])).rejects.toThrow('openSizes must be a size that is an axis of an input, got "columns".');
    await expect(exported((x) => x, ["a", "b", "c", "d", "e"])).rejects.toThrow("openSizes must be at most 4 names, got");
    expect(readdirSync(folder)).toEqual([]);
  });

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
