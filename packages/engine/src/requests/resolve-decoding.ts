import {
  type CacheOptions,
  constrain,
  createConstraint,
  type Decoder,
  type DecoderName,
  type DecodingOptions,
  type DecodingOptionsSchema,
  MODEL_OPTIONS,
  namedDecoder,
  parseDecodingOptions,
  readsOption,
  type TokenTexts,
} from "@diffucoder/samplers";
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
  /** Keys and values kept from pass to pass; `undefined`: none. */
  cache: CacheOptions | undefined;
}

/** What the model that decodes says to an option. */
export interface DecodingModel {
  /** `model_type` of a model that writes from left to right. @default a masked diffusion model */
  autoregressive?: string | undefined;
  /** The texts of its tokens, for constraints. */
  texts: TokenTexts;
  /** Settings that a call does not give. */
  defaults: Pick<GenerationConfig, "alg" | "steps" | "temperature" | "topP" | "topK" | "algTemp" | "eps" | "maxNewTokens">;
}

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
function modelProblems({ alg, cache }: DecodingOptions, { autoregressive: type, defaults }: DecodingModel): string[] {
  if (type === undefined)
    return cache?.kind === "block-causal"
      ? ["cache: block-causal is for models whose tokens see their own block and earlier ones only; this one sees all"]
      : [];
  const used = alg ?? defaults.alg;
  if (used !== "autoregressive")
    return [`alg: must be "autoregressive" or absent for a model of type ${type}, which writes from left to right, got "${used}"`];
  return cache === undefined ? [] : [`cache: not used by a model of type ${type}, which has an exact cache of its own`];
}

/** The config's, in proportion to the tokens. */
function defaultSteps(tokens: number, { defaults }: DecodingModel): number {
  return Math.min(Math.ceil((defaults.steps * tokens) / defaults.maxNewTokens), MAX_CANVAS);
}

/**
 * @param options as `parseOptions` gives them
 * @param before text before the completion that a constraint holds with it. @default ""
 * @throws {ConstraintError} if that text breaks the constraint
 */
export function resolveDecoding(
  options: z.output<typeof DecodingOptionsSchema>,
  { model, tokens, before }: { model: DecodingModel; tokens: number; before?: string | undefined },
): Decoding {
  const alg = options.alg ?? model.defaults.alg;
  const defaults = { ...pick(model.defaults, MODEL_OPTIONS), steps: defaultSteps(tokens, model) };
  const read = Object.fromEntries(Object.entries({ ...defaults, ...defined(options) }).filter(([name]) => readsOption(alg, name)));
  const { takesBack = false, make } = namedDecoder(alg);
  const decoder = make(read as never);
  const { constraint } = options;
  return {
    alg,
    decoder: constraint === undefined ? decoder : constrain(decoder, createConstraint(constraint, model.texts, before)),
    takesBack,
    steps: (read["steps"] as number | undefined) ?? tokens,
    temperature: (read["temperature"] as number | undefined) ?? 0,
    topP: (read["topP"] as number | undefined) ?? 1,
    seed: options.seed,
    cache: options.cache,
  };
}

function pick<T extends object>(values: T, names: readonly (keyof T)[]): Partial<T> {
  return Object.fromEntries(names.map((name) => [name, values[name]])) as Partial<T>;
}

function defined(options: object): object {
  return Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined));
}
