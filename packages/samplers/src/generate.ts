// Denoising of a batch (Dream, `generation_utils.py`, `_sample`): from a row of masks, each step proposes a token for
// every masked position and commits the surest of them.
// Differs: 1. the number of tokens to commit is counted for each row, not for the mean of the batch; 2. a row draws from
// its own random stream; 3. no forward pass is spent once no mask is left; 4. with `eosTokenIds`, positions behind a
// committed end token become padding at once, and rows that are done leave the batch.
import { AbortedError, InvalidArgumentError, type Random } from "@diffucoder/core";
import { transferSchedule } from "@diffucoder/diffusion";
import type { Denoiser, Proposals } from "./denoiser.ts";
import type { SamplerOptions } from "./options.ts";
import type { DenoiseTrace } from "./trace.ts";

export interface DenoiseOptions {
  denoiser: Denoiser;
  /** Prompts, ragged; mask tokens in them are holes to fill. */
  promptIds: readonly (readonly number[])[];
  options: SamplerOptions;
  /** One stream for each row, or one from which they are split by row. Not read at temperature 0. */
  random: Random | readonly Random[];
  padTokenId: number;
  /** Columns of the prompt; shorter prompts are padded on the left. @default the longest prompt */
  promptLength?: number;
  /** Tokens that end a completion. @default none, as in Dream */
  eosTokenIds?: readonly number[];
  signal?: AbortSignal | undefined;
}

/** What one step did to one row. Positions count from the start of the completion; prompt holes are negative. */
export interface RowEvent {
  row: number;
  positions: number[];
  tokens: number[];
  confidence: number[];
  entropy: number[];
  /** Positions committed as padding behind an end token. */
  filled: number[];
}

export interface StepEvent {
  /** From 0. */
  step: number;
  /** Forward passes so far. */
  forwardPasses: number;
  rows: RowEvent[];
  /** The batch after the step, `[B][L]`; the rows are live, copy them to keep them. */
  sequences: readonly Int32Array[];
}

export interface GenerationResult {
  /** `[B][promptLength + maxNewTokens]` */
  sequences: number[][];
  /** `[B][maxNewTokens]` */
  completionIds: number[][];
  /** One for each row. */
  traces: DenoiseTrace[];
  forwardPasses: number;
}

/** @throws {InvalidArgumentError} if a prompt is empty or too long @throws {AbortedError} when stopped */
export async function diffusionGenerate(options: DenoiseOptions & { onStep?: (event: StepEvent) => void }): Promise<GenerationResult> {
  const { sequences, promptLength } = layOut(options);
  const { padTokenId, denoiser, onStep } = options;
  const traces = sequences.map((row): DenoiseTrace => ({ initialIds: [...row], maskTokenId: denoiser.maskTokenId, padTokenId, steps: [] }));
  let last: StepEvent | undefined;
  for await (const event of denoiseSteps(options)) {
    last = event;
    for (const { row, positions, tokens, confidence, entropy, filled } of event.rows) {
      const absolute = (position: number): number => position + promptLength;
      traces[row]?.steps.push({
        step: event.step,
        positions: positions.map(absolute),
        tokens,
        confidence,
        entropy,
        forwardPasses: event.forwardPasses,
        ...(filled.length > 0 && { filled: filled.map(absolute) }),
      });
    }
    onStep?.(event);
  }
  const final = (last?.sequences ?? sequences).map((row) => [...row]);
  return { sequences: final, completionIds: final.map((row) => row.slice(promptLength)), traces, forwardPasses: last?.forwardPasses ?? 0 };
}

/** The steps of `diffusionGenerate` as they happen. */
export async function* denoiseSteps(options: DenoiseOptions): AsyncGenerator<StepEvent> {
  const { denoiser, random, padTokenId, signal, eosTokenIds = [], options: sampler } = options;
  const { sequences, promptLength, attentionMask } = layOut(options);
  const length = promptLength + sampler.maxNewTokens;
  const isMask = (token: number): boolean => token === denoiser.maskTokenId;
  const rows = sequences.map((ids, row): Row => {
    const maskCount = ids.filter(isMask).length;
    return {
      index: row,
      ids,
      attentionMask: attentionMask?.[row],
      random: isStreams(random) ? (random[row] as Random) : random.split("row", row),
      counts: maskCount === 0 ? [] : transferSchedule({ maskCount, steps: sampler.steps, schedule: sampler.schedule, eps: sampler.eps }),
    };
  });

  let forwardPasses = 0;
  let batch = rows;
  for (let step = 0; step < sampler.steps; step++) {
    const unfinished = batch.filter(({ ids }) => ids.some(isMask));
    if (unfinished.length === 0) return;
    if (signal?.aborted) throw new AbortedError("Generation");
    // Rows leave in halves, so that only a few batch sizes are ever compiled.
    while (unfinished.length <= batch.length / 2) batch = halve(batch, unfinished);
    const proposals = await propose(batch, { denoiser, sampler, length });
    forwardPasses++;
    const events = proposals.flatMap(({ row, positions, proposal }) => {
      if (positions.length === 0) return [];
      return [
        commit(row, positions, proposal, {
          count: row.counts[step] as number,
          promptLength,
          eosTokenIds,
          padTokenId,
          maskTokenId: denoiser.maskTokenId,
        }),
      ];
    });
    yield { step, forwardPasses, rows: events, sequences };
  }
}

interface Row {
  index: number;
  ids: Int32Array;
  attentionMask: Int32Array | undefined;
  random: Random;
  /** Tokens to commit at each step. */
  counts: readonly number[];
}

function isStreams(random: Random | readonly Random[]): random is readonly Random[] {
  return Array.isArray(random);
}

/** A batch of half the size that holds all unfinished rows; finished ones fill it up. */
function halve(batch: readonly Row[], unfinished: readonly Row[]): Row[] {
  const size = Math.ceil(batch.length / 2);
  const others = batch.filter((row) => !unfinished.includes(row));
  return [...unfinished, ...others.slice(0, size - unfinished.length)];
}

interface RowProposals {
  row: Row;
  /** Masked columns of the row. */
  positions: number[];
  proposal: Proposals;
}

async function propose(
  batch: readonly Row[],
  { denoiser, sampler, length }: { denoiser: Denoiser; sampler: SamplerOptions; length: number },
): Promise<RowProposals[]> {
  const masked = batch.map(({ ids }) => [...ids.keys()].filter((column) => ids[column] === denoiser.maskTokenId));
  const positions = Int32Array.from(masked.flatMap((columns, row) => columns.map((column) => row * length + column)));
  const isGreedy = sampler.temperature === 0;
  // A row draws a number for every column, masked or not: what it gets does not depend on what it has revealed.
  const draws = isGreedy ? undefined : batch.map(({ random }) => random.fillUniform(new Float32Array(length)));
  const hasPadding = batch.some(({ attentionMask }) => attentionMask !== undefined);
  const join = (parts: readonly Int32Array[]): Int32Array => {
    const whole = new Int32Array(parts.length * length);
    parts.forEach((part, i) => whole.set(part, i * length));
    return whole;
  };
  const all = await denoiser.propose({
    inputIds: join(batch.map(({ ids }) => ids)),
    batchSize: batch.length,
    length,
    ...(hasPadding && {
      attentionMask: join(batch.map(({ attentionMask }) => attentionMask as Int32Array)),
      positionIds: join(batch.map(({ attentionMask }) => positionIds(attentionMask as Int32Array))),
    }),
    positions,
    temperature: sampler.temperature,
    topP: sampler.topP,
    topK: sampler.topK,
    ...(draws && { uniforms: Float32Array.from(masked.flatMap((columns, row) => columns.map((column) => draws[row]?.[column] as number))) }),
    alg: sampler.alg,
  });
  let start = 0;
  return batch.map((row, i) => {
    const columns = masked[i] as number[];
    const range = [start, (start += columns.length)] as const;
    return {
      row,
      positions: columns,
      proposal: { tokens: all.tokens.subarray(...range), confidence: all.confidence.subarray(...range), entropy: all.entropy.subarray(...range) },
    };
  });
}

/** Commits the surest proposals of a row; of equally sure ones the leftmost. */
function commit(
  { index, ids }: Row,
  positions: readonly number[],
  { tokens, confidence, entropy }: Proposals,
  {
    count,
    promptLength,
    eosTokenIds,
    padTokenId,
    maskTokenId,
  }: { count: number; promptLength: number; eosTokenIds: readonly number[]; padTokenId: number; maskTokenId: number },
): RowEvent {
  const surest = [...positions.keys()].sort((a, b) => (confidence[b] as number) - (confidence[a] as number) || a - b).slice(0, count);
  for (const i of surest) ids[positions[i] as number] = tokens[i] as number;
  const filled: number[] = [];
  const end = ids.findIndex((token, column) => column >= promptLength && eosTokenIds.includes(token));
  if (end !== -1) {
    for (let column = end + 1; column < ids.length; column++) {
      if (ids[column] !== maskTokenId) continue;
      ids[column] = padTokenId;
      filled.push(column - promptLength);
    }
  }
  return {
    row: index,
    positions: surest.map((i) => (positions[i] as number) - promptLength),
    tokens: surest.map((i) => tokens[i] as number),
    confidence: surest.map((i) => confidence[i] as number),
    entropy: surest.map((i) => entropy[i] as number),
    filled,
  };
}

/** `[left padding][prompt][masks]` for each row; no attention mask if no row is padded. */
function layOut({ promptIds, options, padTokenId, denoiser, promptLength = Math.max(...promptIds.map((ids) => ids.length)) }: DenoiseOptions): {
  sequences: Int32Array[];
  promptLength: number;
  attentionMask: Int32Array[] | undefined;
} {
  if (promptIds.length === 0) throw new InvalidArgumentError({ argument: "promptIds", value: promptIds, expected: "at least one prompt" });
  promptIds.forEach((ids, row) => {
    if (ids.length === 0 || ids.length > promptLength)
      throw new InvalidArgumentError({
        argument: `promptIds[${row}]`,
        value: `${ids.length} tokens`,
        expected: `from 1 to ${promptLength} tokens long`,
      });
  });
  const length = promptLength + options.maxNewTokens;
  const sequences = promptIds.map((ids) => {
    const row = new Int32Array(length).fill(denoiser.maskTokenId);
    row.fill(padTokenId, 0, promptLength - ids.length).set(ids, promptLength - ids.length);
    return row;
  });
  const isPadded = promptIds.some((ids) => ids.length < promptLength);
  return {
    sequences,
    promptLength,
    attentionMask: isPadded ? promptIds.map((ids) => new Int32Array(length).fill(1).fill(0, 0, promptLength - ids.length)) : undefined,
  };
}

/** Real tokens count from 0, padding gets 1, as in Dream. */
function positionIds(attentionMask: Int32Array): Int32Array {
  let position = 0;
  return attentionMask.map((real) => (real === 0 ? 1 : position++));
}
