import type { LogitsFunction, ModelParameters } from "@diffucoder/diffusion";
import { type AutoregressiveConfig, loadAdapter, logitsFunction, type ModelConfig, type Quantization, withAdapter } from "@diffucoder/model";
import { type Denoiser, PrefixCache } from "@diffucoder/samplers";
import { compile, type Executor, type Tensor } from "@diffucoder/tensor";
import type { ChatMessage, Tokenizer } from "@diffucoder/tokenizer";
import { type AuditOptions, auditGeneration, type GenerationAudit } from "./cache-audit.ts";
import { DecodeLoops, type EngineStats } from "./decode-loops.ts";
import { createDenoisers } from "./denoisers.ts";
import type { Generation, GenerationEvent } from "./events.ts";
import { checkExecutor, createExecutor } from "./executor-option.ts";
import type { GenerateOptions } from "./requests/generate-options.ts";
import type { GenerationConfig } from "./folder/generation-config.ts";
import { type DownloadModelOptions, modelFolder } from "./hub/hub.ts";
import type { Infilling } from "./infill.ts";
import { checkLoadOptions, type LoadSettings } from "./load-settings.ts";
import { type LikelihoodOptions, type TextLikelihood, textLikelihood } from "./likelihood.ts";
import type { InfillOptions } from "./requests/infill-options.ts";
import { type ModelFolder, readModelFolder } from "./folder/model-folder.ts";
import type { BatchLimits } from "./request-size.ts";
import { requestsOf, type WaitingInfilling, type WaitingRequest } from "./run-requests.ts";
import { labelScorer, type LabelScores, scoreLabels, type ScoreLabelsOptions } from "./score-labels.ts";
import { chooseQuantization } from "./weights/default-quantization.ts";
import { loadWeights } from "./weights/load-weights.ts";

/** A loaded model with everything that it takes to generate. */
export interface DiffuCoder {
  /** Of a masked diffusion model, which has a `maskTokenId`, or of an autoregressive one (Qwen2, Qwen3, Llama). `modelTraits` says how it is asked. */
  readonly config: ModelConfig | AutoregressiveConfig;
  /** The canvas, and the settings that a call does not give. */
  readonly generationConfig: Readonly<GenerationConfig>;
  /** What a person should know of how the folder was read, such as settings that are not used; a sentence each without its point. */
  readonly notices: readonly string[];
  /** Weights by Hugging Face's names; quantized ones as codes and scales, in the order that suits this machine. */
  readonly parameters: ModelParameters;
  /** How the matrices are kept; `undefined`: as float32. */
  readonly quantization: Quantization | undefined;
  /** The model's own. */
  readonly tokenizer: Tokenizer;
  /** Token that fills a canvas, at its left and behind the end of an answer. */
  readonly padTokenId: number;
  /** Tokens that end an answer. */
  readonly endIds: ReadonlySet<number>;
  /** The network as losses and samplers take it: `(parameters, inputs)` to raw logits. */
  readonly logits: LogitsFunction;
  /** What runs the network, for compiled functions of one's own beside it. */
  readonly executor: Executor;
  /** The network as samplers see it. It never proposes the mask token, nor an id without a token. */
  readonly denoiser: Denoiser;
  /**
   * Denoises a completion; an autoregressive model writes it from left to right. Calls may overlap: their rows are decoded
   * together, and each gets what it would get alone.
   *
   * @throws {InvalidArgumentError} if the prompt is missing
   * @throws {TooLongError} if it is longer than the model's prompt length
   * @throws {ConfigError} naming every bad option
   * @throws {AbortedError} when `signal` fires
   * @throws {UnavailableError} if the model is closing
   */
  generate(options: GenerateOptions): Promise<Generation>;
  /** Several requests together, in their order. All are checked before the first is decoded; where one fails the others end. Throws as for one. */
  generate(requests: readonly GenerateOptions[]): Promise<Generation[]>;
  /** `generate` as it happens. Leaving the loop ends the generation. Throws as `generate` does, at the first step. */
  stream(options: GenerateOptions): AsyncGenerator<GenerationEvent>;
  /**
   * `stream`, but the request is checked and waits for its place in the batch from now on, and its events are kept until they
   * are read. `return()` ends it.
   *
   * @throws what `generate` throws of its options, at once
   */
  submit(options: GenerateOptions): AsyncGenerator<GenerationEvent>;
  /**
   * Checks and tokenizes a request and says what it takes, so that it can wait elsewhere: `submit` in two parts.
   *
   * @throws what `generate` throws of its options, at once
   */
  prepare(options: Omit<GenerateOptions, "signal">): WaitingRequest<AsyncGenerator<GenerationEvent>>;
  /**
   * The assistant's next turn of a conversation, in the model's chat template, up to its stop token. As it happens: `stream({ messages })`.
   *
   * @throws {InvalidArgumentError} if the model has no chat template; else as `generate` does
   */
  chat(messages: readonly ChatMessage[], options?: Omit<GenerateOptions, "prompt" | "messages" | "chatTemplate">): Promise<Generation>;
  /**
   * Fills the holes of a text.
   *
   * @throws {InvalidArgumentError} if the text is longer than the model allows, or the model is autoregressive
   * @throws {ConfigError} naming every bad option; a text without a hole, or with one beside another, among them
   * @throws {AbortedError} when `signal` fires
   */
  infill(options: InfillOptions): Promise<Infilling>;
  /** Several texts together, in their order. All are checked before the first is decoded; where one fails the others end. Throws as for one. */
  infill(requests: readonly InfillOptions[]): Promise<Infilling[]>;
  /** `prepare` for `infill` of one text. @throws what `infill` throws of its options, at once */
  prepareInfill(options: Omit<InfillOptions, "signal">): WaitingInfilling;
  /**
   * Estimates how likely the model holds a text to be what an answer begins with.
   *
   * @throws {InvalidArgumentError} if the model is autoregressive
   * @throws {TooLongError} if prompt or text are longer than the model allows
   * @throws {ConfigError} naming every bad option
   */
  likelihood(options: LikelihoodOptions): Promise<TextLikelihood>;
  /**
   * Tells how likely each of some labels is in a hole of a text: their probabilities among each other, from one forward pass for the tokens of all.
   *
   * @throws {InvalidArgumentError} if the model cannot fill holes
   * @throws {TooLongError} if the text is longer than the model allows
   * @throws {ConfigError} naming every bad option
   */
  scoreLabels(options: ScoreLabelsOptions): Promise<LabelScores>;
  /**
   * Generates with a cache and without, and says how far the answers lie apart and where the two runs part. Costs about three generations.
   *
   * @throws {ConfigError} if no cache is given; else as `generate` does
   */
  auditCache(options: AuditOptions): Promise<GenerationAudit>;
  /** The most that the requests that are decoded with the same cache take together; one that takes more is decoded alone. */
  readonly limits: Readonly<BatchLimits>;
  /** Requests that run and wait, and what all have cost so far. */
  stats(): EngineStats;
  /** Takes no more requests. Resolves when those it has are done. */
  drain(): Promise<void>;
  /** Takes no more requests, ends those it has with an `AbortedError`, and frees what the compiled network holds outside JavaScript's heap. */
  close(): Promise<void>;
}

/** How a model is kept and where it runs; and, for a repository, how it is downloaded. */
export interface LoadDiffuCoderOptions extends Omit<DownloadModelOptions, "repo" | "revision">, LoadSettings {
  /** Requests that are decoded together, at most; others wait, first come first served. @default 16 */
  maxRows?: number | undefined;
  /** Tokens that are decoded together, each row as long as the longest, at most; a longer row alone. @default as many as have 1 GiB of logits */
  maxTokens?: number | undefined;
}

/**
 * Loads a model by its folder, or by its repository on Hugging Face's hub, `"owner/name"` or `"owner/name@revision"`: config.json and safetensors in Hugging Face's form, the tokenizer's files and, if there
 * is one, generation_config.json.
 *
 * @throws {UnavailableError} if a repository cannot be downloaded, or there is no such device
 * @throws {InvalidArgumentError} if the model is quantized and the device is not the processor, or the folder is not of the family that is asked for
 * @throws {FileError} if a file is missing or damaged, or the tokenizer is another model's
 * @throws {ConfigError} naming every problem of a config file, or of the options
 * @throws {FileError} if the adapter does not fit the model, naming the matrix and the shapes
 * @throws {CheckpointError} naming every parameter that is missing or of the wrong shape
 */
export async function loadDiffuCoder(dirOrRepo: string, options: LoadDiffuCoderOptions = {}): Promise<DiffuCoder> {
  checkLoadOptions(options);
  return loadParameters(readModelFolder(await modelFolder(dirOrRepo, options), { family: options.family }), options);
}

/** What `loadDiffuCoder` takes once the model's folder is there and read. */
export type LoadParametersOptions = Omit<LoadDiffuCoderOptions, Exclude<keyof DownloadModelOptions, "signal" | "onProgress"> | "family">;

/** The second half of `loadDiffuCoder`, with options that are known to be right: all that takes long. */
export async function loadParameters(model: ModelFolder, options: LoadParametersOptions): Promise<DiffuCoder> {
  const { executor: name, device, precision, maxRows = 16, maxTokens, maxCacheBytes = MAX_CACHE_BYTES, signal, onProgress } = options;
  const { prefixCacheBytes = device === "webgpu" ? 0 : PREFIX_CACHE_BYTES } = options;
  const { quantize, isDefault } = chooseQuantization(model, options);
  checkExecutor({ executor: name, device, precision }, quantize);
  const executor = await createExecutor({ executor: name, device, precision });
  const { generationConfig, tokenizer, padTokenId, endIds } = model;
  const loaded = await loadWeights(model, { quantize, executor, signal, onProgress });
  checkExecutor({ executor: name, device, precision }, loaded.quantization);
  const chosen = isDefault && quantize !== undefined ? ['the matrices are kept in 8 bits; quantize "none" keeps them as the files do'] : [];
  const { config } = loaded; // a head that should be tied and is not differs from what config.json says
  const adapted = options.adapter === undefined ? loaded.parameters : withAdapter(loaded.parameters, loadAdapter(options.adapter, config));
  const parameters = device === "webgpu" ? await onDevice(adapted, executor) : adapted;
  const prefixes = new PrefixCache({ maxBytes: prefixCacheBytes });
  const denoisers = createDenoisers({ config, tokenizer }, () => parameters, executor, { prefixes, maxCacheBytes });
  const logits = logitsFunction(config);
  const limits = { rows: maxRows, tokens: maxTokens ?? Math.floor(LOGITS / config.vocabSize), cacheBytes: maxCacheBytes };
  const scorer = labelScorer(model, { logits, parameters: () => parameters, executor, maxTokens: limits.tokens });
  const loops = new DecodeLoops({ denoisers, prefixes, padTokenId, maxRows, maxTokens: limits.tokens });
  return {
    config,
    generationConfig,
    notices: [...model.notices, ...(loaded.notices ?? []), ...(executor.notices ?? []), ...chosen],
    parameters,
    quantization: loaded.quantization,
    tokenizer,
    padTokenId,
    endIds,
    logits,
    executor,
    denoiser: denoisers.exact,
    limits,
    ...requestsOf(model, loops),
    likelihood: (options) => textLikelihood(model, { logits, parameters, executor }, options),
    scoreLabels: (options) => scoreLabels(model, scorer, options),
    auditCache: (options) => auditGeneration(model, denoisers, options),
    stats: () => loops.stats(),
    drain: () => loops.drain(),
    close: async () => {
      await loops.close();
      scorer.dispose();
    },
  };
}

/** Logits of a batch, numbers: 1 GiB. */
const LOGITS = 2 ** 28;

const PREFIX_CACHE_BYTES = 2 ** 28;
const MAX_CACHE_BYTES = 2 ** 31;

/** What a plan returns stays on its device. */
async function onDevice(parameters: ModelParameters, executor: Executor): Promise<ModelParameters> {
  const upload = compile((weights: Record<string, Tensor>) => weights, { executor, name: "upload" });
  const uploaded = await upload(parameters);
  upload.dispose();
  return uploaded;
}
