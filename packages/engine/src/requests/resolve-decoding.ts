import {
  type CacheOptions,
  constrain,
  createConstraint,
  type Decoder,
  type DecoderName,
  type DecodingOptions,
  type DecodingOptionsSchema,
  isAboutHoles,
  isDecoderName,
  namedDecoder,
  parseDecodingOptions,
  readsOption,
  type Span,
  type TokenTexts,
} from "@diffucoder/samplers";
import { show } from "@diffucoder/core";
import type { z } from "zod";
import { type GenerationConfig, MAX_CANVAS } from "../folder/generation-config.ts";

/** How one text is decoded, with the model's defaults filled in. */
export interface Decoding {
  /** Which positions are committed first: a name of `DECODERS`. */
  alg: DecoderName;
  /** The decoder of that name, with its options. */
  decoder: Decoder;
  /** Whether the decoder can take back what it has committed. */
  takesBack: boolean;
  /** The most denoising steps that it takes. */
  steps: number;
  /** Of the tokens; 0 is greedy. */
  temperature: number;
  /** Nucleus sampling; 1 keeps every token. */
  topP: number;
  /** The same seed gives the same text. */
  seed: number;
  /** Keys and values kept from pass to pass, and the blocks that tokens see; `undefined`: as the model's own denoiser has them. */
  cache: PassOptions | undefined;
}

/** How a request's passes are made: with a cache, or with blocks and none, as guidance and `compat` want it. */
export type PassOptions = CacheOptions | UncachedBlocks;

interface UncachedBlocks {
  /** Of a model whose tokens see their own block and earlier ones only: all is computed in every pass. */
  kind: "blocks";
  /** Columns of a block. */
  blockLength: number;
}

/** What the model that decodes says to an option. */
export interface DecodingModel {
  /** `model_type` of a model that writes from left to right. @default a masked diffusion model */
  autoregressive?: string | undefined;
  /** Its blocks. @default it has none, and sees all */
  blocks?:
    | {
        /** Tokens of a block of a block-causal model. */
        ofModel: number | undefined;
        /** Whether checkpoints of its family are asked with blocks, by decoders that are made for them. */
        alsoInBlocks: boolean;
      }
    | undefined;
  /** The texts of its tokens, for constraints. */
  texts: TokenTexts;
  /** Settings that a call does not give. */
  defaults: Pick<
    GenerationConfig,
    "alg" | "steps" | "temperature" | "topP" | "topK" | "algTemp" | "eps" | "maxNewTokens" | (typeof OF_THE_ALGORITHM)[number]
  >;
}

/** Settings of the model that are about its own algorithm, and not taken by another. */
const OF_THE_ALGORITHM = ["blockLength", "stepsPerBlock", "subBlockLength", "threshold"] as const;

interface ParseContext {
  /** What the options are called in the error. */
  source: string;
  model: DecodingModel;
  /** Masks that are decoded, if the options are right. */
  tokens: number;
  /** Problems that the caller has found. */
  more?: readonly string[];
}

/**
 * Reads options against a schema that contains `DecodingOptionsSchema`, and holds them to each other and to the model.
 *
 * @throws {ConfigError} naming every unknown key, every bad value and every option that the algorithm or the model has no use for
 */
export function parseOptions<S extends z.ZodType<Partial<DecodingOptions>>>(
  schema: S,
  data: object,
  { source, model, tokens, more = [] }: ParseContext,
): Readonly<z.output<S>> {
  const { alg } = model.defaults;
  return parseDecodingOptions(schema, data, {
    source,
    alg,
    steps: defaultSteps(tokens, model),
    tokens,
    more: [...modelProblems(data, model), ...more],
  });
}

/** Options that do not fit the kind of model. Values can be anything: those of wrong types are told elsewhere. */
function modelProblems(options: DecodingOptions, model: DecodingModel): string[] {
  const { alg, cache } = options;
  const { autoregressive: type, defaults } = model;
  const used = alg ?? defaults.alg;
  if (type !== undefined) return autoregressiveProblems(options, type, used);
  if (isDecoderName(used) && namedDecoder(used).needsBlocks === true && model.blocks?.ofModel === undefined && model.blocks?.alsoInBlocks !== true)
    return [`alg: ${used} needs a model whose tokens see earlier ones only, or their own block and earlier ones; those of this one see all`];
  if (typeof cache !== "object" || cache === null || !isDecoderName(used)) return [];
  const blockLength = blockLengthOf(used, { ...defaultsOf(used, model), ...defined(options) }, model);
  if (blockLength === undefined)
    return cache.kind === "block-causal"
      ? ["cache: block-causal is for models whose tokens see their own block and earlier ones only; this one sees all"]
      : [];
  if (cache.kind !== "block-causal")
    return [`cache: must be block-causal or absent for a model whose tokens see their own block and earlier ones only, got "${cache.kind}"`];
  const problems =
    cache.blockLength === blockLength ? [] : [`cache.blockLength: must be the ${blockLength} tokens of a block, got ${cache.blockLength}`];
  if (options.compat === true) problems.push("compat: must be false with a cache");
  return problems;
}

/** Decoders of models that write from left to right. */
const LEFT_TO_RIGHT: readonly string[] = ["autoregressive", "speculative"] satisfies DecoderName[];

function autoregressiveProblems({ cache, blockLength = 1 }: DecodingOptions, type: string, alg: string): string[] {
  if (!LEFT_TO_RIGHT.includes(alg))
    return [`alg: must be "autoregressive", "speculative" or absent for a model of type ${type}, which writes from left to right, got "${alg}"`];
  const problems = cache === undefined ? [] : [`cache: not used by a model of type ${type}, which has an exact cache of its own`];
  if (alg === "speculative" && blockLength !== 1)
    problems.push(`blockLength: must be 1 or absent for a model of type ${type}, whose tokens see earlier ones only, got ${show(blockLength)}`);
  return problems;
}

/** Tokens of the blocks that a request's tokens see; `undefined`: they see all. */
function blockLengthOf(alg: DecoderName, options: { blockLength?: unknown }, { blocks }: DecodingModel): number | undefined {
  const { ofModel, alsoInBlocks = false } = blocks ?? { ofModel: undefined };
  const { inBlocks = false, options: schema } = namedDecoder(alg);
  if (!inBlocks) return ofModel;
  if (ofModel === undefined && !alsoInBlocks) return undefined;
  const asked = schema.shape["blockLength"]?.safeParse(options.blockLength);
  return asked?.success === true ? (asked.data as number) : ofModel;
}

/** What the model's config and its blocks say, for the options that an algorithm reads. */
function defaultsOf(alg: DecoderName, { autoregressive, defaults, blocks }: DecodingModel): Record<string, unknown> {
  const own = alg === defaults.alg ? pick(defaults, OF_THE_ALGORITHM) : {};
  const { inBlocks = false } = namedDecoder(alg);
  return defined({
    ...(inBlocks && { blockLength: autoregressive === undefined ? blocks?.ofModel : 1 }),
    ...defined({ ...pick(defaults, SHARED), ...own }),
  });
}

/** The model's settings that every algorithm takes. */
const SHARED = ["steps", "temperature", "topP", "topK", "algTemp", "eps"] as const;

/** The config's, in proportion to the tokens. */
function defaultSteps(tokens: number, { defaults }: DecodingModel): number {
  return Math.min(Math.ceil((defaults.steps * tokens) / defaults.maxNewTokens), MAX_CANVAS);
}

/**
 * @param options as `parseOptions` gives them
 * @param before text before the completion that a constraint of a program holds with it. @default ""
 * @param spans what other constraints are about: the answer, or each hole. @default the whole completion
 * @throws {InvalidArgumentError} if the constraint is not supported, naming what in it is not
 * @throws {ConstraintError} if that text breaks the constraint
 */
export function resolveDecoding(
  options: z.output<typeof DecodingOptionsSchema>,
  { model, tokens, before, spans, hole }: { model: DecodingModel; tokens: number; before?: string; spans?: readonly Span[]; hole?: boolean },
): Decoding {
  const alg = options.alg ?? model.defaults.alg;
  const defaults = { ...defaultsOf(alg, model), steps: defaultSteps(tokens, model) };
  const read = Object.fromEntries(Object.entries({ ...defaults, ...defined(options) }).filter(([name]) => readsOption(alg, name)));
  const { takesBack = false, make } = namedDecoder(alg);
  const decoder = make(read as never);
  const { constraint } = options;
  return {
    alg,
    decoder:
      constraint === undefined
        ? decoder
        : constrain(decoder, createConstraint(constraint, model.texts, { before, hole }), isAboutHoles(constraint) ? spans : undefined),
    takesBack,
    steps: read["steps"] ?? tokens,
    temperature: read["temperature"] ?? 0,
    topP: read["topP"] ?? 1,
    seed: options.seed,
    cache: passesOf(alg, options, { ...read }, model),
  };
}

/** A block-causal model's own denoiser has its exact cache: what is asked like that needs no other. */
function passesOf(
  alg: DecoderName,
  { cache }: DecodingOptions,
  read: { blockLength?: unknown; compat?: unknown; cfgScale?: unknown },
  model: DecodingModel,
): PassOptions | undefined {
  const blockLength = model.autoregressive === undefined ? blockLengthOf(alg, read, model) : undefined;
  if (blockLength === undefined) return cache;
  if (read.compat === true || Number(read.cfgScale ?? 0) > 0) return { kind: "blocks", blockLength };
  if (cache?.kind === "block-causal" && cache.blockCache === true) return { kind: "block-causal", blockLength, blockCache: true };
  return blockLength === model.blocks?.ofModel ? undefined : { kind: "block-causal", blockLength };
}

function pick<T extends object>(values: T, names: readonly (keyof T)[]): Partial<T> {
  return Object.fromEntries(names.map((name) => [name, values[name]])) as Partial<T>;
}

function defined(options: object): Record<string, unknown> {
  return Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined));
}
