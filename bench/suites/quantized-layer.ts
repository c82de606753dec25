// One layer of Qwen2.5-7B's shape over 512 tokens with quantized weights: its time compared with llama.cpp's, and how far its result
// is from that of the float32 layer. The weights are random; a vocabulary of 256 keeps embedding and head out of the figures.
import { createRandom } from "@diffucoder/core";
import type { ModelParameters } from "@diffucoder/diffusion";
import { forward, initParameters, type ModelConfig, ModelConfigSchema, type Quantization, quantizeParameters } from "@diffucoder/model";
import { compile, int32, type NdArray, type Tensor } from "@diffucoder/tensor";
import { extent, inTurns, measured, median, type Result, timed } from "../measurement.ts";
import { findLlamaCpp, LLAMA_MISSING, startLlamaCpp } from "../peers/llama-cpp.ts";
import type { SuiteOptions } from "./suite.ts";

const TOKENS = 512;
const ROUNDS = 5;
const SUITE = "quantized-layer";

const qwenLayer = { hiddenSize: 3584, intermediateSize: 18944, numAttentionHeads: 28, numKeyValueHeads: 4 };
const quickLayer = { hiddenSize: 512, intermediateSize: 2048, numAttentionHeads: 4, numKeyValueHeads: 2 };

/** How the weights are kept and given to the plan, and the peer's nearest format. */
const variants = [
  { name: "int8", method: "int8", isFrozen: false, peer: "Q8_0", target: 0.6 },
  { name: "int8, frozen", method: "int8", isFrozen: true, peer: "Q8_0", target: undefined },
  { name: "int4, frozen", method: "int4", isFrozen: true, peer: "Q4_0", target: undefined },
] as const;

type Pass = () => Promise<NdArray>;

export async function quantizedLayerSuite({ quick, say }: SuiteOptions): Promise<Result[]> {
  const config = ModelConfigSchema.parse({
    ...(quick ? quickLayer : qwenLayer),
    vocabSize: 512,
    numHiddenLayers: 1,
    maxPositionEmbeddings: 1024,
    ropeTheta: 1_000_000,
    maskTokenId: 511,
    padTokenId: 0,
    eosTokenId: 0,
    bosTokenId: 0,
  });
  const parameters = initParameters({ config, random: createRandom(0) });
  const ids = int32(
    Array.from({ length: TOKENS }, (_, i) => 3 + ((i * 37) % 256)),
    [1, TOKENS],
  );
  say(`${SUITE} float32 ...`);
  const exact = await withPass({ config, parameters, ids, isFrozen: false }, (pass) => pass());
  const folder = findLlamaCpp();
  const results: Result[] = [];
  for (const { name, method, isFrozen, peer: format, target } of variants) {
    say(`${SUITE} ${name} ...`);
    const quantized = await quantizeParameters({ config, method: method satisfies Quantization, parameters });
    const peer = folder === undefined ? undefined : await startLlamaCpp(folder, { config, format, tokens: TOKENS });
    try {
      await withPass({ config, parameters: quantized, ids, isFrozen }, async (pass) => {
        const error = relativeError((await pass()).data, exact.data);
        const times = await inTurns({ ours: () => timed(pass), peer: peer && (() => peer.run()) }, quick ? 1 : ROUNDS);
        results.push(
          measured({
            suite: SUITE,
            name: `${name}, ${TOKENS} tokens`,
            ours: median(times.ours),
            spread: extent(times.ours),
            unit: "ms",
            ...(peer && { peer: median(times.peer), peerSpread: extent(times.peer), peerName: peer.name }),
            ...(target !== undefined && { target: { of: "ratio" as const, atMost: target } }),
            note: LLAMA_MISSING,
          }),
          measured({ suite: SUITE, name: `${name}, error`, ours: 100 * error, unit: "% of float32" }),
        );
      });
    } finally {
      peer?.close();
    }
  }
  return results;
}

interface PassOptions {
  config: ModelConfig;
  parameters: ModelParameters;
  ids: NdArray;
  isFrozen: boolean;
}

/** Compiles the layer, with its weights as plain or as frozen arguments, and frees it afterwards. */
async function withPass<T>({ config, parameters, ids, isFrozen }: PassOptions, use: (pass: Pass) => Promise<T>): Promise<T> {
  const layer = (weights: Record<string, Tensor>, inputIds: Tensor) => ({ logits: forward(config, weights, { inputIds }) });
  const run = compile(layer, { frozen: isFrozen ? [0] : [] });
  try {
    return await use(async () => (await run(parameters, ids)).logits);
  } finally {
    run.dispose();
  }
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
