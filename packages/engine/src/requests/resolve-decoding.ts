import { ConfigError, parseConfig } from "@diffucoder/core";
import type { CacheOptions, Decoder } from "@diffucoder/samplers";
import type { z } from "zod";
import { DECODER_NAMES, type DecoderName, isDecoderName, namedDecoder } from "../decoders.ts";
import { DecodingOptionsSchema } from "./decoding-options.ts";
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
  /** Settings that a call does not give. */
  defaults: Pick<GenerationConfig, "alg" | "steps" | "temperature" | "topP" | "topK" | "algTemp" | "eps" | "maxNewTokens">;
}

type Options = Partial<z.output<typeof DecodingOptionsSchema>>;

/** Options that only some algorithms read. */
const ofSomeAlgorithms = Object.keys(DecodingOptionsSchema.shape).filter((name) => !["alg", "seed", "cache"].includes(name));

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
export function parseOptions<S extends z.ZodType<Options>>(
  schema: S,
  data: object,
  { source, model, tokens, more = [] }: ParseContext,
): Readonly<z.output<S>> {
  const problems: string[] = [];
  let parsed: Readonly<z.output<S>> | undefined;
  try {
    parsed = parseConfig(schema, data, { source });
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    problems.push(...error.problems);
  }
  for (const problem of [...combinationProblems(data, { model, tokens }), ...more]) if (!isAbout(problem, problems)) problems.push(problem);
  if (parsed === undefined || problems.length > 0) throw new ConfigError({ source, problems });
  return parsed;
}

/** Whether the option that a problem is about has one already. */
function isAbout(problem: string, problems: readonly string[]): boolean {
  const key = problem.split(":", 1)[0] as string;
  return problems.some((other) => other.startsWith(`${key}:`));
}

/** Problems of options that may be right one by one. Values can be anything: those of wrong types are told elsewhere. */
function combinationProblems(options: Options, { model, tokens }: { model: DecodingModel; tokens: number }): string[] {
  const { cache, blockLength, cfgScale = 0 } = options;
  const alg = options.alg ?? model.defaults.alg;
  if (!isDecoderName(alg)) return [];
  const problems: string[] = [];
  if (model.autoregressive !== undefined) {
    if (alg !== "autoregressive")
      return [`alg: must be "autoregressive" or absent for a model of type ${model.autoregressive}, which writes from left to right, got "${alg}"`];
    if (cache !== undefined) problems.push(`cache: not used by a model of type ${model.autoregressive}, which has an exact cache of its own`);
  }
  for (const name of ofSomeAlgorithms) {
    if (options[name as keyof Options] === undefined || namedDecoder(alg).options.includes(name)) continue;
    const readers = DECODER_NAMES.filter((other) => namedDecoder(other).options.includes(name));
    problems.push(`${name}: not used by ${alg} (used by ${readers.join(", ")})`);
  }
  const steps = options.steps ?? defaultSteps(tokens, model);
  const blocks = Math.ceil(tokens / (blockLength ?? Infinity)) || 1;
  if (namedDecoder(alg).options.includes("blockLength") && namedDecoder(alg).options.includes("steps") && steps < blocks)
    problems.push(`steps: must be at least ${blocks}, one for each block of ${blockLength} of the ${tokens} tokens, got ${steps}`);
  if (cache?.kind === "block-causal" && model.autoregressive === undefined)
    problems.push("cache: block-causal is for models whose tokens see their own block and earlier ones only; this one sees all");
  if (cache !== undefined && cfgScale > 0) problems.push("cfgScale: must be 0 with a cache");
  return problems;
}

/** The config's, in proportion to the tokens. */
function defaultSteps(tokens: number, { defaults }: DecodingModel): number {
  return Math.min(Math.ceil((defaults.steps * tokens) / defaults.maxNewTokens), MAX_CANVAS);
}

/** @param options as `parseOptions` gives them */
export function resolveDecoding(
  options: z.output<typeof DecodingOptionsSchema>,
  { model, tokens }: { model: DecodingModel; tokens: number },
): Decoding {
  const alg = options.alg ?? model.defaults.alg;
  const { options: names, takesBack, make } = namedDecoder(alg);
  const { temperature, topP, topK, algTemp, eps } = model.defaults;
  const filled: Record<string, unknown> = {
    temperature,
    topP,
    topK,
    algTemp,
    eps,
    ...defined(options),
    steps: options.steps ?? defaultSteps(tokens, model),
  };
  const read = Object.fromEntries(names.flatMap((name) => (filled[name] === undefined ? [] : [[name, filled[name]]])));
  return {
    alg,
    decoder: make(read),
    takesBack,
    steps: (read["steps"] as number | undefined) ?? tokens,
    temperature: (read["temperature"] as number | undefined) ?? 0,
    topP: (read["topP"] as number | undefined) ?? 1,
    seed: options.seed,
    cache: options.cache,
  };
}

function defined(options: object): object {
  return Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined));
}
