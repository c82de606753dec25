import type { Canvas, Change } from "./canvas.ts";
import type { Candidates } from "./decoders/decoder.ts";
import type { CacheState } from "./denoiser.ts";

/** What one step did to one row. Positions count from the start of the completion; holes of the prompt are negative. */
export interface RowEvent {
  /** Number of the row in the batch, from 0. */
  row: number;
  /** The row's own step, from 0. */
  step: number;
  /** Forward passes that were made for the row so far, those of its neighbours not counted. */
  forwardPasses: number;
  /** Positions that got a token, surest first. */
  positions: number[];
  /** What `positions` got, in their order. */
  tokens: number[];
  /** How sure the decoder was of each, in the order of `positions`; larger is surer. */
  confidence: number[];
  /** Of the distribution that each was drawn from, in the order of `positions`; nats. */
  entropy: number[];
  /** Positions that became padding behind the end of the answer. */
  filled: number[];
  /** Those of `positions` that were not masks: their token was replaced. */
  edited: number[];
  /** Positions that are masked again. */
  remasked: number[];
  /** What was proposed and not committed, if the run was asked to tell. */
  provisional?: {
    /** Positions that stay as they were. */
    positions: number[];
    /** The token proposed for each. */
    tokens: number[];
    /** How sure each proposal was; larger is surer. */
    confidence: number[];
    /** Of the distribution that each was drawn from, nats. */
    entropy: number[];
    /** `positions`, counted from the start of the row. */
    columns: number[];
  };
  /** What a cache did with the row in this step. */
  cache?: CacheState;
  /** The same as the trace has it: columns count from the start of the row. */
  change: Change;
}

/** What one step did to a batch, and what the run has cost so far. */
export interface StepEvent {
  /** From 0. */
  step: number;
  /** Forward passes so far. */
  forwardPasses: number;
  /** Tokens that went through the network so far. */
  forwardTokens: number;
  /** Rows that were not done before the step. */
  rows: RowEvent[];
  /** The batch after the step, `[B][L]`; the rows are live, copy them to keep them. */
  sequences: readonly Int32Array[];
}

export function rowEvent({
  row,
  step,
  forwardPasses,
  cache,
  canvas: { completionStart },
  change,
  edited,
  candidates,
}: {
  row: number;
  step: number;
  forwardPasses: number;
  cache: CacheState | undefined;
  canvas: Canvas;
  change: Change;
  edited: readonly number[];
  candidates?: Candidates;
}): RowEvent {
  const relative = (columns: readonly number[] = []): number[] => columns.map((column) => column - completionStart);
  return {
    row,
    step,
    forwardPasses,
    positions: relative(change.positions),
    tokens: change.tokens,
    confidence: change.confidence,
    entropy: change.entropy,
    filled: relative(change.filled),
    edited: relative(edited),
    remasked: relative(change.remasked),
    ...(candidates && { provisional: notCommitted(candidates, change, relative) }),
    ...(cache !== undefined && { cache }),
    change,
  };
}

function notCommitted(
  { columns, tokens, confidence, entropy }: Candidates,
  { positions }: Change,
  relative: (columns: readonly number[]) => number[],
) {
  const taken = new Set(positions);
  const left = [...columns.keys()].filter((i) => !taken.has(columns[i]!));
  return {
    positions: relative(left.map((i) => columns[i]!)),
    tokens: left.map((i) => tokens[i]!),
    confidence: left.map((i) => confidence[i]!),
    entropy: left.map((i) => entropy[i]!),
    columns: left.map((i) => columns[i]!),
  };
}
