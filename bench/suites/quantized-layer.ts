// A transformer layer with quantized weights, of the shapes of Qwen2.5's 7B and 0.5B: its time by the kernels compared with ONNX Runtime's
// own products in their fastest form, frozen weights, and with llama.cpp's, at few rows, where reading the weights bounds it, and at
// many, where the products do; and how far its result is from that of the float32 layer. The weights are random; a vocabulary of 512
// keeps embedding and head out of the figures. On one core (taskset -c 0) it is the processor's time, and not the clock's.
import { createRandom } from "@diffucoder/core";
import type { ModelParameters } from "@diffucoder/diffusion";
import {
  forward,
  initParameters,
  layOutParameters,
  type ModelConfig,
  ModelConfigSchema,
  type Quantization,
  quantizeParameters,
} from "@diffucoder/model";
import { compile, type Executor, int32, type NdArray, onnxExecutor, type Tensor } from "@diffucoder/tensor";
import { clock, extent, inTurns, measured, type Result } from "../measurement.ts";
import { findLlamaCpp, LLAMA_MISSING, startLlamaCpp } from "../peers/llama-cpp.ts";
import type { SuiteOptions } from "./suite.ts";

const ROUNDS = 7;
const SUITE = "quantized-layer";
const MAX_TOKENS = 512;

/** Tokens of a pass, and the share of llama.cpp's time that is wanted there, for int8 and int4. */
interface Size {
  tokens: number;
  int8?: number;
  int4?: number;
}

const shapes = [
  {
    name: "7B",
    layer: { hiddenSize: 3584, intermediateSize: 18944, numAttentionHeads: 28, numKeyValueHeads: 4 },
    sizes: [
      { tokens: 1, int8: 0.9, int4: 0.9 },
      { tokens: 8 },
      { tokens: 32, int8: 0.9, int4: 0.9 },
      { tokens: 128 },
      { tokens: 512, int8: 0.33, int4: 0.5 },
    ] as Size[],
  },
  {
    name: "0.5B",
    layer: { hiddenSize: 896, intermediateSize: 4864, numAttentionHeads: 14, numKeyValueHeads: 2 },
    sizes: [{ tokens: 32, int8: 0.6 }] as Size[],
  },
] as const;
const quickShape = {
  name: "small",
  layer: { hiddenSize: 512, intermediateSize: 2048, numAttentionHeads: 4, numKeyValueHeads: 2 },
  sizes: [{ tokens: 32 }] as Size[],
};

/** How the weights are kept, and the peer's nearest format. */
const formats = [
  { method: "int8", format: "Q8_0" },
  { method: "int4", format: "Q4_0" },
] as const;

type Pass = () => Promise<NdArray>;

export async function quantizedLayerSuite({ quick, say }: SuiteOptions): Promise<Result[]> {
  const results: Result[] = [];
  for (const { name, layer, sizes } of quick ? [quickShape] : shapes) {
    const config = layerConfig(layer);
    const parameters = initParameters({ config, random: createRandom(0) });
    for (const { method, format } of formats) {
      say(`${SUITE} ${name} ${method} ...`);
      const quantized = await quantizeParameters({ config, method: method satisfies Quantization, parameters });
      const contenders = await makeContenders(config, quantized);
      for (const size of sizes)
        results.push(
          ...(await measureSize({
            config,
            format,
            contenders,
            parameters,
            rounds: quick ? 1 : ROUNDS,
            name: `${name}, ${method}`,
            size,
            target: size[method],
          })),
        );
      contenders.forEach(({ dispose }) => dispose());
    }
  }
  return results;
}

const layerConfig = (layer: (typeof shapes)[number]["layer"] | (typeof quickShape)["layer"]): ModelConfig =>
  ModelConfigSchema.parse({
    ...layer,
    vocabSize: 512,
    numHiddenLayers: 1,
    maxPositionEmbeddings: 1024,
    ropeTheta: 1_000_000,
    maskTokenId: 511,
    padTokenId: 0,
    eosTokenId: 0,
    bosTokenId: 0,
  });

interface Contender {
  pass(ids: NdArray): Promise<NdArray>;
  dispose(): void;
}

/** The layer as kernels compute it, and as ONNX Runtime does by itself. */
async function makeContenders(config: ModelConfig, parameters: ModelParameters): Promise<[kernels: Contender, onnx: Contender]> {
  const executor = await onnxExecutor();
  const laidOut = { ...parameters };
  await layOutParameters(laidOut, executor);
  return [
    layerOf({ config, parameters: laidOut, executor, isFrozen: false }),
    layerOf({ config, parameters, executor: await onnxExecutor({ kernels: "off" }), isFrozen: true }),
  ];
}

interface LayerOptions {
  config: ModelConfig;
  parameters: ModelParameters;
  executor: Executor;
  isFrozen: boolean;
}

function layerOf({ config, parameters, executor, isFrozen }: LayerOptions): Contender {
  const layer = (weights: Record<string, Tensor>, inputIds: Tensor) => ({ logits: forward(config, weights, { inputIds }) });
  const run = compile(layer, { executor, frozen: isFrozen ? [0] : [], maxPlans: 1 });
  return { pass: async (ids) => (await run(parameters, ids)).logits, dispose: () => run.dispose() };
}

interface SizeOptions {
  name: string;
  config: ModelConfig;
  format: (typeof formats)[number]["format"];
  contenders: [kernels: Contender, onnx: Contender];
  parameters: ModelParameters;
  size: Size;
  target: number | undefined;
  rounds: number;
}

async function measureSize({
  name,
  config,
  format,
  contenders: [kernels, onnx],
  parameters,
  size: { tokens },
  target,
  rounds,
}: SizeOptions): Promise<Result[]> {
  const ids = int32(
    Array.from({ length: tokens }, (_, i) => 3 + ((i * 37) % 256)),
    [1, tokens],
  );
  const folder = findLlamaCpp();
  const llama = folder === undefined ? undefined : await startLlamaCpp(folder, { config, format, tokens });
  try {
    const passes: Pass[] = [kernels, onnx].map(
      ({ pass }) =>
        () =>
          pass(ids),
    );
    const times = await inTurns({ ours: () => clock(passes[0]!), onnx: () => clock(passes[1]!), llama: llama && (() => llama.run()) }, rounds);
    const best = (values: readonly number[]): number => Math.min(...values);
    const row = { suite: SUITE, name: `${name}, ${tokens} tokens`, ours: best(times.ours), spread: extent(times.ours), unit: "ms" };
    return [
      measured({ ...row, peer: best(times.onnx), peerSpread: extent(times.onnx), peerName: "ONNX Runtime" }),
      measured({
        ...row,
        ...(llama && { peer: best(times.llama), peerSpread: extent(times.llama), peerName: llama.name }),
        ...(target !== undefined && { target: { of: "ratio" as const, atMost: target } }),
        note: LLAMA_MISSING,
      }),
      ...(tokens === MAX_TOKENS ? [await errorOf(name, config, { parameters, pass: passes[0]!, ids })] : []),
    ];
  } finally {
    llama?.close();
  }
}

async function errorOf(
  name: string,
  config: ModelConfig,
  { parameters, pass, ids }: { parameters: ModelParameters; pass: Pass; ids: NdArray },
): Promise<Result> {
  const exact = layerOf({ config, parameters, executor: await onnxExecutor(), isFrozen: false });
  const error = relativeError((await pass()).data, (await exact.pass(ids)).data);
  exact.dispose();
  return measured({ suite: SUITE, name: `${name}, error`, ours: 100 * error, unit: "% of float32" });
}

/** Length of the difference by the length of what was wanted. */
function relativeError(got: ArrayLike<number>, want: ArrayLike<number>): number {
  let [difference, size] = [0, 0];
  for (let i = 0; i < want.length; i++) {
    difference += (got[i]! - want[i]!) ** 2;
    size += want[i]! ** 2;
  }
  return Math.sqrt(difference / size);
}
