// An exported file in plain ONNX Runtime against our own logits, at several batch sizes and lengths.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { createRandom } from "@diffucoder/core";
import {
  type AutoregressiveConfig,
  initParameters,
  loadModel,
  logitsFunction,
  type ModelConfig,
  positionIdsFromMask,
  saveModel,
} from "@diffucoder/model";
import { compile, int32, type Tensor } from "@diffucoder/tensor";
import { InferenceSession, Tensor as OrtTensor } from "onnxruntime-node";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type ExportConfig, exportModel } from "../index.ts";

const folder = mkdtempSync(join(tmpdir(), "export-model-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const sizes = {
  vocabSize: 40,
  hiddenSize: 32,
  intermediateSize: 64,
  numHiddenLayers: 2,
  numAttentionHeads: 4,
  numKeyValueHeads: 2,
  maxPositionEmbeddings: 64,
  ropeTheta: 10_000,
  rmsNormEps: 1e-6,
  initializerRange: 0.3,
  tieWordEmbeddings: false,
};
const dream: ModelConfig = { ...sizes, maskTokenId: 39, padTokenId: 38, eosTokenId: 38, bosTokenId: 37 };
const qwen2: AutoregressiveConfig = { ...sizes, family: "qwen2", eosTokenIds: [38] };
const folders = { Dream: join(folder, "dream"), Qwen2: join(folder, "qwen2") };
const golden = fileURLToPath(new URL("../../../model/fixtures/dream-f32/checkpoint", import.meta.url));

beforeAll(() => {
  saveModel(folders.Dream, { config: dream, parameters: initParameters({ config: dream, random: createRandom(1) }) });
  saveModel(folders.Qwen2, { config: qwen2, parameters: initParameters({ config: qwen2, random: createRandom(2) }) });
});

interface Rows {
  ids: number[][];
  /** Zeros of each row, at the left if positive, else at the right. */
  padding: number[];
}

const maskOf = ({ ids, padding }: Rows): number[][] =>
  ids.map((row, b) => row.map((_, i) => (padding[b]! >= 0 ? Number(i >= padding[b]!) : Number(i < row.length + padding[b]!))));

/** Rows of any ids, some padded. */
const rowsOf = (batch: number, length: number, padding: number[]): Rows => ({
  ids: Array.from({ length: batch }, (_, b) => Array.from({ length }, (_one, i) => (7 * i + 3 * b) % 37)),
  padding,
});
const batches = [rowsOf(1, 5, [0]), rowsOf(1, 1, [0]), rowsOf(2, 9, [0, 4]), rowsOf(3, 4, [1, -2, 0])];

const feed = (rows: number[][]): OrtTensor => new OrtTensor("int64", BigInt64Array.from(rows.flat(), BigInt), [rows.length, rows[0]!.length]);
const matrix = (rows: number[][]) => int32(rows.flat(), [rows.length, rows[0]!.length]);

/** Logits of real tokens by `logitsFunction`. */
async function ownLogits(dir: string, quantize: ExportConfig["quantize"]): Promise<(rows: Rows) => Promise<number[]>> {
  const { config, parameters, attention } = await loadModel(dir, { quantize });
  const network = logitsFunction(config, { attention });
  const run = compile(
    (weights: Record<string, Tensor>, inputIds: Tensor, attentionMask: Tensor, positionIds: Tensor) => ({
      logits: network(weights, { inputIds, attentionMask, positionIds }),
    }),
    { frozen: [0] }, // as in a file: ONNX Runtime rounds activations otherwise where it knows int4 weights beforehand
  );
  return async (rows) => {
    const mask = matrix(maskOf(rows));
    const { logits } = await run(parameters, matrix(rows.ids), mask, positionIdsFromMask(mask));
    return realLogits(logits.data as Float32Array, rows);
  };
}

function realLogits(logits: Float32Array, rows: Rows): number[] {
  const mask = maskOf(rows).flat();
  const width = logits.length / mask.length;
  return Array.from(logits).filter((_, i) => mask[Math.floor(i / width)] === 1);
}

const exported = (name: string, options: Partial<ExportConfig> & { model: string }) =>
  exportModel({ out: join(folder, name), function: "logits", ...options });

describe("an exported model", () => {
  it.each([
    ["Dream", { model: folders.Dream }, 1e-5],
    ["Dream, its weights beside it", { model: folders.Dream, weights: "beside" }, 1e-5],
    ["Dream of the golden values", { model: golden }, 1e-5],
    ["Dream in int8", { model: folders.Dream, quantize: "int8" }, 1e-4],
    ["Dream in int4", { model: folders.Dream, quantize: "int4" }, 1e-4],
    ["Qwen2, which sees no later token", { model: folders.Qwen2 }, 1e-5],
  ] as const)("gives our own logits at any batch size and length: %s", async (_, options, atol) => {
    const path = join(folder, "open.onnx");
    const { inputs, outputs } = await exported("open.onnx", options);
    expect(inputs).toEqual([
      { name: "input_ids", dtype: "int64", shape: ["batch", "length"] },
      { name: "attention_mask", dtype: "int64", shape: ["batch", "length"] },
    ]);
    const session = await InferenceSession.create(path);
    expect(session.inputMetadata).toMatchObject(inputs.map(({ name, dtype, shape }) => ({ name, type: dtype, shape })));
    expect(session.outputMetadata).toMatchObject([{ name: "logits", type: "float32", shape: outputs[0]!.shape }]);
    const own = await ownLogits(options.model, "quantize" in options ? options.quantize : undefined);
    for (const rows of batches) {
      const { logits } = await session.run({ input_ids: feed(rows.ids), attention_mask: feed(maskOf(rows)) });
      expect(logits!.dims).toEqual([rows.ids.length, rows.ids[0]!.length, outputs[0]!.shape[2]]);
      expect(realLogits(logits!.data as Float32Array, rows)).toBeAllclose(await own(rows), { rtol: 1e-4, atol });
    }
    await session.release();
  });

  it("gives them at positions that are an input, as many as are asked for", async () => {
    const { inputs, outputs } = await exported("at.onnx", { model: folders.Dream, function: "logitsAt" });
    expect(inputs[2]).toEqual({ name: "logit_positions", dtype: "int64", shape: ["positions"] });
    expect(outputs).toEqual([{ name: "logits", dtype: "float32", shape: ["positions", 40] }]);
    const session = await InferenceSession.create(join(folder, "at.onnx"));
    const own = await ownLogits(folders.Dream, undefined);
    for (const [rows, at] of [
      [rowsOf(1, 5, [0]), [4]],
      [rowsOf(2, 7, [0, 0]), [13, 0, 3, 3]],
    ] as const) {
      const positions = new OrtTensor("int64", BigInt64Array.from(at, BigInt), [at.length]);
      const { logits } = await session.run({ input_ids: feed(rows.ids), attention_mask: feed(maskOf(rows)), logit_positions: positions });
      const all = await own(rows);
      expect(logits!.data).toBeAllclose(
        at.flatMap((position) => all.slice(40 * position, 40 * position + 40)),
        { rtol: 1e-4, atol: 1e-5 },
      );
    }
    await session.release();
  });

  it("has the sizes that it is told", async () => {
    await exported("fixed.onnx", { model: folders.Dream, batchSize: 2, length: 9 });
    const session = await InferenceSession.create(join(folder, "fixed.onnx"));
    expect(session.inputMetadata.map((input) => "shape" in input && input.shape)).toEqual([
      [2, 9],
      [2, 9],
    ]);
    const rows = rowsOf(2, 9, [0, 4]);
    const { logits } = await session.run({ input_ids: feed(rows.ids), attention_mask: feed(maskOf(rows)) });
    const own = await ownLogits(folders.Dream, undefined);
    expect(realLogits(logits!.data as Float32Array, rows)).toBeAllclose(await own(rows), { rtol: 1e-4, atol: 1e-5 });
    await session.release();
    const { inputs } = await exported("length.onnx", { model: folders.Dream, length: 9 });
    expect(inputs[0]!.shape).toEqual(["batch", 9]);
  });
});
