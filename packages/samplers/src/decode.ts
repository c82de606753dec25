// The run around every decoder. Each step asks all rows what they want to know, makes one forward pass for those that want
// something, lets each row decide, and applies what it decided.
// Differs from Dream's loop, `generation_utils.py`, `_sample`: 1. each row is a run of its own, with its own counts and
// random stream; 2. no pass is spent on a step that commits nothing, nor on rows that are done; 3. where an answer has
// ended, what lies behind becomes padding at once.
import { AbortedError, InvalidArgumentError, type Random } from "@diffucoder/core";
import { checkTokenId, checkTokenIds } from "@diffucoder/diffusion";
import { type AskingRow, drawUniforms, joinRows, passRows, splitProposals } from "./batch.ts";
import { applyChange, type Canvas, type Change, noChange } from "./canvas.ts";
import type { Candidates, Decoder, Question, RowDecoder } from "./decoders/decoder.ts";
import type { CacheState, Denoiser, DenoiseSession } from "./denoiser.ts";
import { checkedProposals } from "./checked-proposals.ts";
import { checkRun } from "./checked-run.ts";
import { type RowEvent, rowEvent, type StepEvent } from "./events.ts";
import { COLDEST } from "./limits.ts";
import { rowStreams } from "./row-random.ts";
import { stopColumn, type StopStrings } from "./stop-strings.ts";

/** Settings of a run that do not depend on how its rows came about. */
export interface RunOptions {
  /** The model. */
  denoiser: Denoiser;
  /** Which tokens are committed when. */
  decoder: Decoder;
  /**
   * One stream for each row, or one from which they are split by row. Not read at temperature 0, unless the decoder chooses
   * positions at random.
   */
  random?: Random | readonly Random[] | undefined;
  /** Id of the token that stands on padding and behind the end of an answer. */
  padTokenId: number;
  /** Tokens that end a completion: masks behind the first one become padding. @default none, as in Dream */
  eosTokenIds?: readonly number[] | undefined;
  /** Texts that end a completion, likewise. */
  stop?: StopStrings | undefined;
  /**
   * Dream's `generation_tokens_hook_func`: called before the first step (`null`) and after each one with a row's tokens,
   * which it may change in place.
   */
  tokensHook?: ((step: number | null, ids: Int32Array, row: number) => void) | undefined;
  /** Events tell also what was proposed and not committed. @default false */
  provisional?: boolean | undefined;
  /** Stops the run at its next step, with an `AbortedError`. */
  signal?: AbortSignal | undefined;
}

interface Row {
  index: number;
  canvas: Canvas;
  decoder: RowDecoder;
  random: Random;
  /** Steps that the row can take: a model that proposes mask tokens must not keep it going. */
  maxSteps: number;
  done: boolean;
}

/**
 * Decodes canvases of any lengths together, step by step. The canvases change in place.
 *
 * @throws {InvalidArgumentError} if a canvas is longer than the denoiser can take, an id is none of the vocabulary, or the
 *   denoiser's answer is not what `Proposals` says
 * @throws {NumericalError} if the model's logits are not numbers
 * @throws {AbortedError} when stopped, at the next step
 */
export async function* decodeCanvases(canvases: readonly Canvas[], options: RunOptions): AsyncGenerator<StepEvent> {
  const { denoiser, decoder } = options;
  checkRun(options);
  checkIds(canvases, options);
  checkLengths(canvases, denoiser);
  const streams = rowStreams(options.random, canvases.length);
  const rows = canvases.map((canvas, index): Row => {
    const stream = streams[index] as Random;
    const row = { canvas, maskTokenId: denoiser.maskTokenId, random: stream };
    return { index, canvas, decoder: decoder.start(row), random: stream, maxSteps: decoder.maxSteps(canvas), done: false };
  });
  const session: DenoiseSession | undefined = denoiser.openSession?.({ rows: canvases.length });
  // With a session, what a row gets must not depend on when longer ones are done.
  const longest = session === undefined || decoder.changesLength === true ? 0 : Math.max(...canvases.map(({ ids }) => ids.length));
  let [forwardPasses, forwardTokens] = [0, 0];
  try {
    for (let step = 0; ; step++) {
      const asking = rows.map((row) => askRow(row, step, decoder.draw.temperature >= COLDEST));
      if (rows.every(({ done }) => done)) return;
      if (options.signal?.aborted) throw new AbortedError("Generation");
      const pass = asking.some(({ question }) => question !== undefined && question.columns.length > 0)
        ? await propose(passRows(asking), session ?? denoiser, { ...options, longest })
        : undefined;
      if (pass !== undefined) {
        forwardPasses++;
        forwardTokens += pass.forwardTokens;
      }
      const events = asking.flatMap(({ index, question }): RowEvent[] => {
        if (question === undefined) return [];
        const event = changeRow(rows[index] as Row, pass?.candidates.get(index), step, options);
        const cache = pass?.cache.get(index);
        return [cache === undefined ? event : { ...event, cache }];
      });
      yield { step, forwardPasses, forwardTokens, rows: events, sequences: canvases.map(({ ids }) => ids) };
    }
  } finally {
    session?.close();
  }
}

function checkLengths(canvases: readonly Canvas[], { maxLength = Infinity }: Denoiser): void {
  canvases.forEach(({ ids, start }, row) => {
    if (ids.length - start <= maxLength) return;
    throw new InvalidArgumentError({
      argument: `promptIds[${row}]`,
      value: `${ids.length - start} tokens with its completion`,
      expected: `at most ${maxLength} tokens long, prompt and completion together`,
      wayOut: "That is what the model was made for: shorten the prompt or ask for fewer new tokens.",
    });
  });
}

function checkIds(canvases: readonly Canvas[], { denoiser, padTokenId, eosTokenIds = [] }: RunOptions): void {
  const { maskTokenId, vocabSize } = denoiser;
  checkTokenId("denoiser.maskTokenId", maskTokenId, vocabSize);
  checkTokenId("padTokenId", padTokenId, vocabSize);
  checkTokenIds("eosTokenIds", eosTokenIds, vocabSize);
  canvases.forEach(({ ids }, row) => checkTokenIds(`canvases[${row}].ids`, ids, vocabSize));
}

function askRow(row: Row, step: number, draws: boolean): AskingRow {
  const question: Question | undefined = row.done || step >= row.maxSteps ? undefined : row.decoder.ask(step);
  row.done = question === undefined;
  const uniforms = draws && !row.done ? drawUniforms(row.random, row.canvas) : undefined;
  return { index: row.index, canvas: row.canvas, question, uniforms };
}

/** Lengths of batches whose rows grow and shrink are multiples of it: few are ever compiled. */
const LENGTH_UNIT = 16;

interface Pass {
  /** By row. */
  candidates: Map<number, Candidates>;
  forwardTokens: number;
  /** By row. */
  cache: Map<number, CacheState | undefined>;
}

async function propose(
  rows: readonly AskingRow[],
  asked: Pick<Denoiser, "propose">,
  { decoder, denoiser, padTokenId, longest: least }: RunOptions & { longest: number },
): Promise<Pass> {
  const longest = Math.max(least, ...rows.map(({ canvas }) => canvas.ids.length));
  const length = decoder.changesLength ? Math.ceil(longest / LENGTH_UNIT) * LENGTH_UNIT : longest;
  const { draw, tokenClasses } = decoder;
  const request = joinRows(rows, { draw, maskTokenId: denoiser.maskTokenId, padTokenId, length, tokenClasses });
  const columnOf = (i: number): string => {
    const position = request.positions[i] as number;
    return `column ${position % length} of row ${rows[Math.floor(position / length)]?.index}`;
  };
  const proposals = checkedProposals(await asked.propose(request), { denoiser, count: request.positions.length, columnOf });
  const candidates = splitProposals(rows, proposals);
  return {
    candidates: new Map(rows.map(({ index }, i) => [index, candidates[i] as Candidates])),
    forwardTokens: proposals.forwardTokens ?? rows.length * length,
    cache: new Map(rows.map(({ index }, i) => [index, proposals.cache?.[i]])),
  };
}

/** Lets a row decide and applies it. */
function changeRow(row: Row, candidates: Candidates | undefined, step: number, options: RunOptions): RowEvent {
  const { canvas, index } = row;
  const { padTokenId, tokensHook, provisional = false } = options;
  const { maskTokenId } = options.denoiser;
  const asked = candidates !== undefined && candidates.columns.length > 0 ? candidates : undefined;
  const decided = asked === undefined ? noChange() : row.decoder.answer(asked, step);
  const edited = decided.positions.filter((column) => canvas.ids[column] !== maskTokenId);
  canvas.ids = applyChange(canvas.ids, decided, { maskTokenId, padTokenId });
  const filled = fillBehindEnd(canvas, options);
  const before = tokensHook === undefined ? undefined : canvas.ids.slice();
  tokensHook?.(step, canvas.ids, index);
  const hooked = before === undefined ? [] : [...canvas.ids.keys()].filter((column) => canvas.ids[column] !== before[column]);
  const change: Change = {
    ...decided,
    ...(filled.length > 0 && { filled }),
    ...(hooked.length > 0 && { hooked: { positions: hooked, tokens: hooked.map((column) => canvas.ids[column] as number) } }),
  };
  return rowEvent({ row: index, canvas, change, edited, ...(provisional && asked && { candidates: asked }) });
}

/** Masks behind the end of the completion become padding. */
function fillBehindEnd(canvas: Canvas, { denoiser: { maskTokenId }, padTokenId, eosTokenIds = [], stop }: RunOptions): number[] {
  const { ids, completionStart } = canvas;
  const eos = eosTokenIds.length === 0 ? -1 : ids.findIndex((token, column) => column >= completionStart && eosTokenIds.includes(token));
  const stopped = stop && stopColumn(ids, { from: completionStart, maskTokenId, stop });
  const end = Math.min(eos === -1 ? Infinity : eos, stopped ?? Infinity);
  if (end === Infinity) return [];
  canvas.end = end;
  const filled: number[] = [];
  for (let column = end + 1; column < ids.length; column++) {
    if (ids[column] !== maskTokenId) continue;
    ids[column] = padTokenId;
    canvas.filled.add(column);
    filled.push(column);
  }
  return filled;
}
