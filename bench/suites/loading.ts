// Reading a checkpoint from a warm page cache into memory, floats as float32 and checked to be finite, by the type in the file; and
// reading it into int8 and int4. The floor: the same bytes, unconverted, into new memory. Bytes are those of the file.
import { mkdtempSync, openSync, closeSync, readSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createRandom } from "@diffucoder/core";
import { loadModel, type ModelConfig, ModelConfigSchema, parameterCount, parameterShapes, saveModel } from "@diffucoder/model";
import { NdArray, sizeOf } from "@diffucoder/tensor";
import { extent, inTurns, measured, median, type Result, timed } from "../measurement.ts";
import type { SuiteOptions } from "./suite.ts";

const SUITE = "loading";
const ROUNDS = 5;

export async function loadingSuite({ quick, say }: SuiteOptions): Promise<Result[]> {
  const config = configOf(quick);
  const rounds = quick ? 1 : ROUNDS;
  const folder = mkdtempSync(join(tmpdir(), "bench-loading-"));
  try {
    const results: Result[] = [];
    for (const dtype of ["F32", "BF16", "F16"] as const) {
      say(`${SUITE} ${dtype} ...`);
      results.push(await asFloats(folder, { config, dtype, rounds }));
    }
    save(folder, config, "BF16");
    for (const method of ["int8", "int4"] as const) {
      say(`${SUITE} BF16 into ${method} ...`);
      results.push(await quantized(folder, { config, method, rounds }));
    }
    return results;
  } finally {
    rmSync(folder, { recursive: true });
  }
}

function configOf(quick: boolean): ModelConfig {
  return ModelConfigSchema.parse({
    ...(quick ? { hiddenSize: 256, intermediateSize: 1024 } : { hiddenSize: 2048, intermediateSize: 8192 }),
    vocabSize: 4096,
    numHiddenLayers: 2,
    numAttentionHeads: 16,
    numKeyValueHeads: 4,
    maxPositionEmbeddings: 1024,
    ropeTheta: 1_000_000,
    maskTokenId: 4095,
    padTokenId: 0,
    eosTokenId: 0,
    bosTokenId: 0,
  });
}

type Dtype = "F32" | "BF16" | "F16";

async function asFloats(folder: string, { config, dtype, rounds }: { config: ModelConfig; dtype: Dtype; rounds: number }): Promise<Result> {
  save(folder, config, dtype);
  const file = join(folder, "model.safetensors");
  const { size } = statSync(file);
  const times = await inTurns(
    { ours: () => timed(() => loadModel(folder)), peer: () => timed(async () => readPlain(file, config, dtype === "F32" ? 4 : 2)) },
    rounds,
  );
  const rate = (milliseconds: number): number => size / 1e6 / milliseconds;
  return measured({
    suite: SUITE,
    name: dtype,
    ours: rate(median(times.ours)),
    spread: extent(times.ours.map(rate)),
    peer: rate(median(times.peer)),
    peerSpread: extent(times.peer.map(rate)),
    peerName: "bytes as they are",
    unit: "GB/s",
    target: { of: "ours", atLeast: 1 },
  });
}

async function quantized(
  folder: string,
  { config, method, rounds }: { config: ModelConfig; method: "int8" | "int4"; rounds: number },
): Promise<Result> {
  const { ours } = await inTurns({ ours: () => timed(() => loadModel(folder, { quantize: method })) }, rounds);
  const perWeight = (milliseconds: number): number => (1e6 * milliseconds) / parameterCount(config);
  return measured({
    suite: SUITE,
    name: `BF16 into ${method}`,
    ours: perWeight(median(ours)),
    spread: extent(ours.map(perWeight)),
    unit: "ns a weight",
  });
}

/** Random weights; every parameter is a view of the same numbers. */
function save(folder: string, config: ModelConfig, dtype: Dtype): void {
  const shapes = Object.entries(parameterShapes(config));
  const values = createRandom(0).fillNormal(new Float32Array(Math.max(...shapes.map(([, shape]) => sizeOf(shape)))));
  const parameters = Object.fromEntries(shapes.map(([name, shape]) => [name, new NdArray(values.subarray(0, sizeOf(shape)), shape)]));
  saveModel(folder, { config, parameters, dtype, maxShardBytes: Infinity });
}

/** The bytes of each parameter into memory of its own. */
function readPlain(path: string, config: ModelConfig, bytesPerElement: number): void {
  const descriptor = openSync(path, "r");
  try {
    for (const shape of Object.values(parameterShapes(config))) readSync(descriptor, new Uint8Array(sizeOf(shape) * bytesPerElement));
  } finally {
    closeSync(descriptor);
  }
}
