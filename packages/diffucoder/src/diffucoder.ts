import { FileError, folderFile } from "@diffucoder/core";
import type { LogitsFunction } from "@diffucoder/diffusion";
import {
  loadModel,
  loadQuantizedModel,
  logitsFunction,
  type ModelConfig,
  type ModelParameters,
  type Quantization,
  readModelConfig,
} from "@diffucoder/model";
import { createDenoiser, type Denoiser } from "@diffucoder/samplers";
import { SPECIAL_TOKENS, Tokenizer } from "@diffucoder/tokenizer";
import type { Generation, GenerationEvent } from "./events.ts";
import type { GenerateOptions } from "./generate-options.ts";
import { type GenerationConfig, readGenerationConfig } from "./generation-config.ts";
import { type DownloadModelOptions, modelFolder } from "./hub.ts";
import { streamGeneration } from "./stream.ts";

/** A loaded model with everything that it takes to generate. */
export interface DiffuCoder {
  readonly config: ModelConfig;
  readonly generationConfig: Readonly<GenerationConfig>;
  readonly parameters: ModelParameters;
  readonly tokenizer: Tokenizer;
  /** The network as losses and samplers take it: `(parameters, inputs)` to raw logits. */
  readonly logits: LogitsFunction;
  /** The network as samplers see it. It never proposes the mask token. */
  readonly denoiser: Denoiser;
  /**
   * Denoises a completion. Calls may overlap; each gives what it would give alone.
   *
   * @throws {InvalidArgumentError} if the prompt is missing, or longer than the model's prompt length
   * @throws {ConfigError} naming every bad option
   * @throws {AbortedError} when `signal` fires
   */
  generate(options: GenerateOptions): Promise<Generation>;
  /** `generate` as it happens. Leaving the loop ends the generation. Throws as `generate` does, at the first step. */
  stream(options: GenerateOptions): AsyncGenerator<GenerationEvent>;
  /** Frees what the compiled network holds outside JavaScript's heap. */
  dispose(): void;
}

export interface LoadDiffuCoderOptions extends Omit<DownloadModelOptions, "repo" | "revision"> {
  /** Keep the matrices in 8 or 4 bits: a 7B model takes 9 GB or 5 GB. @default as float32, unless the checkpoint is quantized */
  quantize?: Quantization | undefined;
}

/**
 * Loads a model by its folder, or by its repository on Hugging Face's hub, `"owner/name"` or `"owner/name@revision"`: config.json and safetensors in Hugging Face's form, the tokenizer's files and, if there
 * is one, generation_config.json.
 *
 * @throws {UnavailableError} if a repository cannot be downloaded
 * @throws {FileError} if a file is missing or damaged, or the tokenizer is another model's
 * @throws {ConfigError} naming every problem of a config file
 * @throws {CheckpointError} naming every parameter that is missing or of the wrong shape
 */
export async function loadDiffuCoder(dirOrRepo: string, { quantize, ...hub }: LoadDiffuCoderOptions = {}): Promise<DiffuCoder> {
  const dir = await modelFolder(dirOrRepo, hub);
  // The small files first: what is wrong with them is told before gigabytes are read.
  const modelConfig = readModelConfig(folderFile(dir, "config.json"));
  const generationConfig = readGenerationConfig(dir, { maxLength: modelConfig.maxPositionEmbeddings });
  const tokenizer = loadTokenizer(dir, modelConfig);
  const { config, parameters } = quantize === undefined ? loadModel(dir) : await loadQuantizedModel(dir, quantize);
  const logits = logitsFunction(config);
  const { maskTokenId, vocabSize } = config;
  const denoiser = createDenoiser({ logits, parameters: () => parameters, maskTokenId, vocabSize, forbiddenIds: forbiddenIds(config, tokenizer) });

  const endIds = new Set([...tokenizer.stopIds, config.eosTokenId, config.padTokenId]);
  const stream = (options: GenerateOptions): AsyncGenerator<GenerationEvent> =>
    streamGeneration({ denoiser, tokenizer, endIds, padTokenId: config.padTokenId, generationConfig, options });
  const generate = async (options: GenerateOptions): Promise<Generation> => {
    for await (const event of stream(options)) {
      if (event.type === "reveal") options.onStep?.(event);
      if (event.type === "done") return event.generation;
    }
    throw new Error("a stream ends with its result");
  };
  return { config, generationConfig, parameters, tokenizer, logits, denoiser, generate, stream, dispose: () => denoiser.dispose() };
}

function loadTokenizer(dir: string, config: ModelConfig): Tokenizer {
  const tokenizer = Tokenizer.fromFolder(dir);
  const { roles, vocabSize } = tokenizer;
  const mask = roles.mask ?? tokenizer.specialTokens.get(SPECIAL_TOKENS.mask);
  if (mask !== config.maskTokenId) {
    throw new FileError({ path: dir, problem: `the tokenizer gives the mask token the id ${mask}, while config.json says ${config.maskTokenId}` });
  }
  if (vocabSize > config.vocabSize)
    throw new FileError({ path: dir, problem: `the tokenizer has ${vocabSize} tokens, while the model knows ${config.vocabSize}` });
  return tokenizer;
}

/** The mask, for a committed one would be a hole in the answer, and rows of the head that belong to no token. */
function forbiddenIds(config: ModelConfig, tokenizer: Tokenizer): number[] {
  const without = Array.from({ length: config.vocabSize }, (_, id) => id).filter((id) => !tokenizer.hasToken(id));
  return [...without, config.maskTokenId];
}
