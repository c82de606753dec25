// The record of a denoising run: what was revealed when, and how sure the model was. One line of JSON for the run and
// one for each step, so that a trace can be written while it happens and read by anything.
import { InvalidArgumentError, parseConfig } from "@diffucoder/core";
import { z } from "zod";
import { applyChange, type Change } from "./canvas.ts";
import type { CacheState } from "./denoiser.ts";
import type { RowEvent } from "./events.ts";

/** One denoising step of one row. Columns count from the first column of the row. */
export interface TraceStep extends Change {
  /** The row's step, from 0. */
  step: number;
  /** Forward passes that were made for the row so far. */
  forwardPasses: number;
  /** What a cache did with the row in this step. */
  cache?: CacheState;
  /** What was proposed and not committed, if the run was asked to tell; an engine tells it of the first pass. */
  provisional?: {
    /** Columns that stay as they were. */
    positions: number[];
    /** How sure the proposal for each was; larger is surer. */
    confidence: number[];
    /** Of the distribution that each was drawn from, nats. */
    entropy: number[];
  };
}

/** The record of one row: where it began, and what each step changed. */
export interface DenoiseTrace {
  /** Tokens before the first step: padding, prompt and masks. */
  initialIds: number[];
  /** Id of the mask token. */
  maskTokenId: number;
  /** Id of the token that `filled` columns receive. @default the mask's */
  padTokenId?: number;
  /** Ids of the tokens that end the completion. @default not known */
  eosTokenIds?: number[];
  /** The steps before which the row was not done, in order. */
  steps: TraceStep[];
}

/** The trace of a row before its first step. */
export function startTrace({
  ids,
  maskTokenId,
  padTokenId,
  eosTokenIds,
}: {
  /** The row's tokens, which are copied. */
  ids: Int32Array;
  /** Id of the mask token. */
  maskTokenId: number;
  /** Id of the token that `filled` columns receive. */
  padTokenId: number;
  /** Ids of the tokens that end the completion. @default not known */
  eosTokenIds?: Iterable<number>;
}): DenoiseTrace {
  return { initialIds: [...ids], maskTokenId, padTokenId, ...(eosTokenIds && { eosTokenIds: [...eosTokenIds] }), steps: [] };
}

/** An event of a row, as a step of its trace. */
export function traceStep({ step, forwardPasses, change, cache, provisional }: RowEvent): TraceStep {
  return {
    step,
    ...change,
    forwardPasses,
    ...(cache !== undefined && { cache }),
    ...(provisional && { provisional: { positions: provisional.columns, confidence: provisional.confidence, entropy: provisional.entropy } }),
  };
}

/** The row after every step. */
export function replayTrace({ initialIds, maskTokenId, padTokenId = maskTokenId, steps }: DenoiseTrace): number[][] {
  let ids = Int32Array.from(initialIds);
  return steps.map((step) => {
    ids = applyChange(ids, step, { maskTokenId, padTokenId }) as Int32Array<ArrayBuffer>;
    return [...ids];
  });
}

/** Where two runs of the same row part. */
export interface TraceDifference {
  /** The first step after which the rows differ; its place in `steps`. */
  step: number;
  /** Columns that differ after it. */
  columns: number[];
  /** The tokens in these columns; `undefined` where a row has no such column. */
  tokens: readonly [(number | undefined)[], (number | undefined)[]];
}

/**
 * The first difference between two traces, say of a decoder with a cache and of one without. A trace that ends earlier
 * stays as it is.
 *
 * @returns `undefined` if the rows are equal before the first and after every step
 */
export function diffTraces(a: DenoiseTrace, b: DenoiseTrace): TraceDifference | undefined {
  const rowsOf = (trace: DenoiseTrace): number[][] => [trace.initialIds, ...replayTrace(trace)];
  const [rowsA, rowsB] = [rowsOf(a), rowsOf(b)];
  for (let i = 0; i < Math.max(rowsA.length, rowsB.length); i++) {
    const [rowA, rowB] = [rowsA[i] ?? (rowsA.at(-1) as number[]), rowsB[i] ?? (rowsB.at(-1) as number[])];
    const length = Math.max(rowA.length, rowB.length);
    const columns = Array.from({ length }, (_, column) => column).filter((column) => rowA[column] !== rowB[column]);
    if (columns.length > 0) return { step: i - 1, columns, tokens: [columns.map((column) => rowA[column]), columns.map((column) => rowB[column])] };
  }
  return undefined;
}

/** JSON lines: the run, then its steps. */
export function formatTrace({ steps, ...run }: DenoiseTrace): string {
  return [run, ...steps].map((line) => `${JSON.stringify(line)}\n`).join("");
}

const Columns = z.array(z.int().nonnegative());
const Tokens = z.array(z.int().nonnegative());
const Numbers = z.array(z.number());
const RunSchema = z.strictObject({ initialIds: Tokens, maskTokenId: z.int(), padTokenId: z.int().optional(), eosTokenIds: Tokens.optional() });
const StepSchema = z
  .strictObject({
    step: z.int().nonnegative(),
    positions: Columns,
    tokens: Tokens,
    confidence: Numbers,
    entropy: Numbers,
    forwardPasses: z.int().nonnegative(),
    filled: Columns.optional(),
    hooked: z.strictObject({ positions: Columns, tokens: Tokens }).optional(),
    remasked: Columns.optional(),
    expanded: Columns.optional(),
    deleted: Columns.optional(),
    cache: z.enum(["refresh", "window"]).optional(),
    provisional: z.strictObject({ positions: Columns, confidence: Numbers, entropy: Numbers }).optional(),
  })
  .refine(({ positions, tokens }) => positions.length === tokens.length, { path: ["tokens"], message: "as many as positions" });

/**
 * A trace from the text that `formatTrace` gives. Empty lines are skipped.
 *
 * @param source where the text comes from, for errors
 * @throws {InvalidArgumentError} if there is no line, or one is not JSON
 * @throws {ConfigError} naming what is wrong with a line that is not what its place in a trace asks for
 */
export function parseTrace(text: string, source = "trace"): DenoiseTrace {
  const lines = text.split("\n").flatMap((line, i) => (line === "" ? [] : [{ line, number: i + 1 }]));
  if (lines.length === 0) throw new InvalidArgumentError({ argument: source, value: text, expected: "a trace: lines of JSON" });
  const parse = <S extends z.ZodType>(schema: S, { line, number }: { line: string; number: number }) => {
    const at = `${source}, line ${number}`;
    let data: unknown;
    try {
      data = JSON.parse(line);
    } catch {
      throw new InvalidArgumentError({ argument: at, value: line, expected: "JSON" });
    }
    return parseConfig(schema, data, { source: at });
  };
  const [run, ...steps] = lines;
  return { ...(parse(RunSchema, run as (typeof lines)[number]) as DenoiseTrace), steps: steps.map((line) => parse(StepSchema, line) as TraceStep) };
}

const TraceSchema = z.strictObject({ ...RunSchema.shape, steps: z.array(StepSchema) });

/**
 * A trace from data that was JSON: an object instead of lines.
 *
 * @param source where the data come from, for errors
 * @throws {ConfigError} naming all that is not as in a `DenoiseTrace`
 */
export function readTrace(data: unknown, source = "trace"): DenoiseTrace {
  return parseConfig(TraceSchema, data, { source }) as DenoiseTrace;
}
