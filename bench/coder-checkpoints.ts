// Checkpoints of the shapes of published small diffusion coders with random weights, in folders that stay and look like downloads, so that their
// quantized weights are kept beside them: their speed is that of the published ones, their texts mean nothing.
import { mkdirSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { createRandom } from "@diffucoder/core";
import type { ModelParameters } from "@diffucoder/diffusion";
import { type ModelConfig, ModelConfigSchema, parameterShapes, saveModel } from "@diffucoder/model";
import { NdArray, sizeOf } from "@diffucoder/tensor";
import { trainBpe, type TokenizerFile } from "@diffucoder/tokenizer";

/** Tokens of Qwen2.5's vocabulary before its special ones. */
const WORDS = 151_643;
const SPECIAL = ["<|endoftext|>", "<|im_start|>", "<|im_end|>"];

const common = { padTokenId: WORDS, eosTokenId: WORDS + 2, bosTokenId: WORDS, maxPositionEmbeddings: 32_768, ropeTheta: 1e6, blockLength: 32 };

interface Shape {
  /** Token that stands for one not yet written, behind the special ones. */
  mask: string;
  config: ModelConfig;
}

/** Qwen2.5-Coder-0.5B and Qwen3-1.7B as families in blocks of 32 have them, and one that shows that the suite runs. */
export const coderShapes = {
  "0.5B": {
    mask: "|<MASK>|",
    config: ModelConfigSchema.parse({
      ...common,
      family: "Fast_dLLM_Qwen",
      vocabSize: 151_936,
      hiddenSize: 896,
      intermediateSize: 4864,
      numHiddenLayers: 24,
      numAttentionHeads: 14,
      numKeyValueHeads: 2,
      tieWordEmbeddings: true,
      maskTokenId: WORDS + SPECIAL.length,
    }),
  },
  "1.7B": {
    mask: "<|MASK|>",
    config: ModelConfigSchema.parse({
      ...common,
      family: "sdar",
      vocabSize: 151_936,
      hiddenSize: 2048,
      intermediateSize: 6144,
      numHiddenLayers: 28,
      numAttentionHeads: 16,
      numKeyValueHeads: 8,
      headSize: 128,
      queryKeyNorm: true,
      attentionBias: false,
      tieWordEmbeddings: true,
      maskTokenId: WORDS + SPECIAL.length,
    }),
  },
  small: {
    mask: "|<MASK>|",
    config: ModelConfigSchema.parse({
      ...common,
      family: "Fast_dLLM_Qwen",
      vocabSize: 151_936,
      hiddenSize: 64,
      intermediateSize: 128,
      numHiddenLayers: 2,
      numAttentionHeads: 2,
      numKeyValueHeads: 1,
      tieWordEmbeddings: true,
      maskTokenId: WORDS + SPECIAL.length,
    }),
  },
} as const satisfies Record<string, Shape>;

export type CoderShape = keyof typeof coderShapes;

/** The folder of a checkpoint below a root, of the hub's form. */
export function coderFolder(root: string, shape: CoderShape): string {
  return join(root, `models--bench--${shape}`, "snapshots", "0".repeat(40));
}

/** Writes a checkpoint in BF16 into its folder below `root`, which is there once it is whole. */
export function writeCoderCheckpoint(root: string, shape: CoderShape): void {
  const { config, mask } = coderShapes[shape];
  const folder = coderFolder(root, shape);
  const unfinished = `${folder}.unfinished`;
  rmSync(unfinished, { recursive: true, force: true });
  mkdirSync(unfinished, { recursive: true });
  saveModel(unfinished, { config, parameters: randomParameters(config), dtype: "BF16" });
  writeFileSync(join(unfinished, "tokenizer.json"), JSON.stringify(tokenizerFile([...SPECIAL, mask])));
  renameSync(unfinished, folder);
}

/** Every matrix is a view of the same numbers, from another place on. */
function randomParameters(config: ModelConfig): ModelParameters {
  const shapes = Object.entries(parameterShapes(config));
  const largest = Math.max(...shapes.map(([, shape]) => sizeOf(shape)));
  const normal = createRandom(0).fillNormal(new Float32Array(1 << 22));
  const shift = 1009;
  const values = new Float32Array(largest + shift * shapes.length);
  for (let i = 0; i < values.length; i++) values[i] = config.initializerRange * normal[i % normal.length]!;
  return Object.fromEntries(
    shapes.map(([name, shape], i) => {
      const size = sizeOf(shape);
      return [name, new NdArray(name.endsWith("norm.weight") ? new Float32Array(size).fill(1) : values.subarray(i * shift, i * shift + size), shape)];
    }),
  );
}

/** As many tokens as Qwen2.5's: all strings of up to three letters, and of four as far as they go. */
function tokenizerFile(special: readonly string[]): TokenizerFile {
  const { model, ...file } = trainBpe({ texts: [], vocabSize: 256, specialTokens: [] });
  const letters = "abcdefghijklmnopqrstuvwxyz".split("");
  const vocab = { ...model.vocab };
  const merges: [string, string][] = [];
  for (let words = letters, count = 256; count < WORDS;) {
    const longer: string[] = [];
    for (const word of words)
      for (const letter of letters) {
        if (count === WORDS) break;
        merges.push([word, letter]);
        longer.push(word + letter);
        vocab[word + letter] = count++;
      }
    words = longer;
  }
  return { ...file, model: { ...model, vocab, merges }, added_tokens: special.map((content, i) => ({ id: WORDS + i, content, special: true })) };
}
