import { ConfigError, parseConfig } from "@diffucoder/core";
import type { z } from "zod";
import { constrain } from "./constraints/constraint.ts";
import { createConstraint, type TokenTexts } from "./constraints/named-constraint.ts";
import type { Decoder } from "./decoders/decoder.ts";
import { type DecoderName, isDecoderName, namedDecoder, readsOption } from "./decoders/registry.ts";
import { type DecodingOptions, DecodingOptionsSchema, readersOf } from "./decoding-options.ts";

/** What decoding options are held to besides their schema. */
export interface DecodingContext {
  /** The algorithm if the options name none. @default "entropy" */
  alg?: DecoderName | undefined;
  /** Denoising steps if the options say none. @default the decoder's own, which are not checked */
  steps?: number | undefined;
  /** Masks that are decoded. @default not known: their blocks are not counted */
  tokens?: number | undefined;
}

/** What a decoder is made with besides its options. */
export interface DecoderContext extends DecodingContext {
  /** The texts of tokens, for a constraint. @default none: a constraint is an error */
  texts?: TokenTexts | undefined;
  /** Text before the completion that a constraint holds with it. @default "" */
  before?: string | undefined;
}

/**
 * The decoder that options name.
 *
 * @throws {ConfigError} naming every unknown key, every bad value and every option that the decoder does not read
 * @throws {ConstraintError} if the text before the completion breaks the constraint already
 */
export function createDecoder(options: DecodingOptions, { texts, before, ...context }: DecoderContext = {}): Decoder {
  const more = options.constraint !== undefined && texts === undefined ? ["constraint: not used where the texts of tokens are not known"] : [];
  const parsed = parseDecodingOptions(DecodingOptionsSchema, options, { ...context, more });
  const { alg = context.alg ?? "entropy", cache: _cache, seed: _seed, constraint, ...own } = parsed;
  const steps = context.steps !== undefined && readsOption(alg, "steps") ? { steps: context.steps } : {};
  const decoder = namedDecoder(alg).make({ ...steps, ...own } as never);
  return constraint === undefined || texts === undefined ? decoder : constrain(decoder, createConstraint(constraint, texts, { before }));
}

/**
 * Reads options against a schema that contains `DecodingOptionsSchema`'s, and holds them to each other.
 *
 * @throws {ConfigError} naming every unknown key, every bad value and every option that the algorithm does not read
 */
export function parseDecodingOptions<S extends z.ZodType<Partial<DecodingOptions>>>(
  schema: S,
  data: object,
  {
    source = "decoding options",
    more = [],
    ...context
  }: DecodingContext & {
    /** What the options are called in the error. @default "decoding options" */
    source?: string;
    /** Problems that the caller has found. @default none */
    more?: readonly string[];
  } = {},
): Readonly<z.output<S>> {
  const problems: string[] = [];
  let parsed: Readonly<z.output<S>> | undefined;
  try {
    parsed = parseConfig(schema, data, { source });
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    problems.push(...error.problems);
  }
  for (const problem of [...decodingProblems(data, context), ...more]) if (!isAbout(problem, problems)) problems.push(problem);
  if (parsed === undefined || problems.length > 0) throw new ConfigError({ source, problems });
  return parsed;
}

/** Whether the option that a problem is about has one already. */
function isAbout(problem: string, problems: readonly string[]): boolean {
  const key = problem.split(":", 1)[0]!;
  return problems.some((other) => other.startsWith(`${key}:`));
}

/**
 * Problems of decoding options that may be right one by one, a line each: options that the algorithm does not read, fewer steps
 * than blocks, guidance with a cache. Values can be anything: those of wrong types are the schema's to tell.
 */
export function decodingProblems(options: DecodingOptions, context: DecodingContext = {}): string[] {
  const { cache, blockLength, cfgScale = 0, alg = context.alg ?? "entropy", steps = context.steps ?? Infinity } = options;
  const { tokens = 0 } = context;
  if (!isDecoderName(alg)) return [];
  const problems: string[] = [];
  for (const name of Object.keys(DecodingOptionsSchema.shape) as (keyof DecodingOptions)[]) {
    const readers = readersOf(name);
    if (options[name] !== undefined && readers.length > 0 && !readers.includes(alg))
      problems.push(`${name}: not used by ${alg} (used by ${readers.join(", ")})`);
  }
  const blocks = Math.ceil(tokens / (blockLength ?? Infinity)) || 1;
  if (readsOption(alg, "blockLength") && readsOption(alg, "steps") && steps < blocks)
    problems.push(`steps: must be at least ${blocks}, one for each block of ${blockLength} of the ${tokens} tokens, got ${steps}`);
  if (cache !== undefined && cfgScale > 0) problems.push("cfgScale: must be 0 with a cache");
  return problems;
}
