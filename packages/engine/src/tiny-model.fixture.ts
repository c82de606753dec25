import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createRandom } from "@diffucoder/core";
import { initParameters, type ModelConfig, saveModel } from "@diffucoder/model";
import { SPECIAL_TOKENS, Tokenizer, trainBpe } from "@diffucoder/tokenizer";

const TEXTS = ["Return the sum of the elements of xs.", "def f(xs):\n    return sum(xs)\n", "system user assistant\n"];

/** A network of two layers, as small as one can be that has groups of heads. */
export const TINY_SIZES = {
  hiddenSize: 16,
  intermediateSize: 32,
  numHiddenLayers: 2,
  numAttentionHeads: 2,
  numKeyValueHeads: 1,
  maxPositionEmbeddings: 64,
  ropeTheta: 10_000,
  rmsNormEps: 1e-6,
};

/** A folder with a model that knows nothing: random weights, 300 words, prompts of 48 and completions of 12 tokens. */
export function makeTinyModel({
  generationConfig = {},
  moreSpecialTokens = [],
  model = {},
}: { generationConfig?: object; moreSpecialTokens?: string[]; model?: Partial<ModelConfig> } = {}): {
  dir: string;
  remove: () => void;
} {
  const dir = mkdtempSync(join(tmpdir(), "diffucoder-tiny-"));
  const tokenizerFile = trainBpe({ texts: TEXTS, vocabSize: 290, specialTokens: [...Object.values(SPECIAL_TOKENS), ...moreSpecialTokens] });
  const { special, vocabSize } = Tokenizer.fromData(tokenizerFile);
  const config = {
    vocabSize,
    ...TINY_SIZES,
    initializerRange: 0.5,
    tieWordEmbeddings: true,
    maskTokenId: special.mask,
    padTokenId: special.endOfText,
    eosTokenId: special.endOfText,
    bosTokenId: special.endOfText,
    ...model,
  };
  saveModel(dir, { config, parameters: initParameters({ config, random: createRandom(1) }) });
  writeFileSync(join(dir, "tokenizer.json"), JSON.stringify(tokenizerFile));
  writeFileSync(
    join(dir, "generation_config.json"),
    JSON.stringify({ promptLength: 48, maxNewTokens: 12, steps: 6, alg: "entropy", temperature: 0, topP: 1, ...generationConfig }),
  );
  return { dir, remove: () => rmSync(dir, { recursive: true, force: true }) };
}
