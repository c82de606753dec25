// Rows that are decoded together, step by step, and that join and leave between two steps. Each step asks all rows what they
// want to know, makes one forward pass for those that want something, lets each row decide, and applies what it decided.
// Differs from Dream's loop, `generation_utils.py`, `_sample`: 1. each row is a run of its own, with its own decoder, counts
// and random stream; 2. no pass is spent on a step that commits nothing, nor on rows that are done; 3. where an answer has
// ended, what lies behind becomes padding at once.
import { joinRows } from "./batch.ts";
import { checkProposals, rowCandidates } from "./checked-proposals.ts";
import type { Denoiser, DenoiseSession, Proposals } from "./denoiser.ts";
import { type RowAnswer, type RowOptions, RowRun, type RowSink } from "./row-run.ts";

export interface RowBatchOptions {
  denoiser: Denoiser;
  padTokenId: number;
  /** Rows at once, at most. */
  maxRows: number;
  /** Whether all of them join before the first step. */
  fixedRows: boolean;
}

export class RowBatch {
  /** Forward passes so far. */
  forwardPasses = 0;
  /** Tokens that went through the network so far. */
  forwardTokens = 0;
  readonly #options: RowBatchOptions;
  readonly #rows: RowRun[] = [];
  /** Rows of the session that are lent. */
  readonly #lent = new Set<number>();
  #session: DenoiseSession | undefined;
  #joined = 0;

  constructor(options: RowBatchOptions) {
    this.#options = options;
  }

  /** Rows that are being decoded. */
  get rows(): readonly RowRun[] {
    return this.#rows.filter(({ left }) => !left);
  }

  /** Rows of the session up to the last that would be lent if a row of so many versions joined. */
  rowsWithMore(versions: number): number {
    const lent = new Set(this.rows.flatMap(({ slots }) => slots));
    return 1 + Math.max(...lent, ...lowestFree(lent, versions));
  }

  /** Lets a row in, between two steps; there must be room. @returns undefined if it failed at once, as its sink was told */
  join(options: RowOptions, sink: RowSink): RowRun | undefined {
    this.#sweep();
    const { denoiser, padTokenId } = this.#options;
    const slots = this.#lend(options.decoder.versions ?? 1);
    try {
      const row = new RowRun(options, { index: this.#joined++, slots, sink, tokens: { maskTokenId: denoiser.maskTokenId, padTokenId } });
      this.#rows.push(row);
      return row;
    } catch (error) {
      for (const slot of slots) this.#lent.delete(slot);
      sink.fail(error);
      return undefined;
    }
  }

  /** Begins a step: rows that are done or fail leave. Rows that have been asked in this step are not asked again. */
  ask(): void {
    this.#sweep();
    for (const row of this.#rows) {
      if (row.question !== undefined) continue;
      settle(row, () => {
        if (row.ask()) return;
        row.left = true;
        row.sink.done();
      });
    }
    this.#sweep();
  }

  /** Ends a step: a pass for the rows that ask, and what each of them makes of its answer. */
  async advance(): Promise<void> {
    const answers = new Map<RowRun, RowAnswer>();
    const asking = this.#rows.filter(({ asks, left }) => asks && !left);
    if (asking.length > 0) await this.#pass(asking, answers);
    for (const row of this.#rows) {
      if (row.left || row.question === undefined || (row.asks && !answers.has(row))) continue;
      settle(row, () => row.sink.event(row.answer(answers.get(row))));
    }
  }

  /** Frees what the denoiser keeps of the rows. */
  close(): void {
    const session = this.#session;
    this.#session = undefined;
    session?.close();
  }

  /** Rows that have left give their slots back; with the last one goes what the denoiser keeps. */
  #sweep(): void {
    for (let i = this.#rows.length - 1; i >= 0; i--) {
      const { left, slots } = this.#rows[i]!;
      if (!left) continue;
      this.#rows.splice(i, 1);
      for (const slot of slots) {
        this.#session?.release?.(slot);
        this.#lent.delete(slot);
      }
    }
    if (this.#rows.length === 0) this.close();
  }

  /** The lowest rows of the session that are free. */
  #lend(count: number): number[] {
    const slots = lowestFree(this.#lent, count);
    for (const slot of slots) this.#lent.add(slot);
    return slots;
  }

  /** A pass of several rows that fails is made again for each of them alone: one row's failure is not the others'. */
  async #pass(rows: readonly RowRun[], answers: Map<RowRun, RowAnswer>): Promise<void> {
    let proposals: Proposals;
    const { denoiser, padTokenId, fixedRows } = this.#options;
    const changesLength = rows.some(({ decoder }) => decoder.changesLength);
    const request = joinRows(rows, { padTokenId, maskTokenId: denoiser.maskTokenId, fixedRows: fixedRows && !changesLength });
    try {
      proposals = await this.#asked().propose(request);
      checkProposals(proposals, request.positions.length);
    } catch (error) {
      if (rows.length > 1) for (const row of rows) await this.#pass([row], answers);
      else for (const row of rows) fail(row, error);
      return;
    }
    this.forwardPasses++;
    this.forwardTokens += proposals.forwardTokens ?? request.batchSize * request.length;
    let [start, first] = [0, 0];
    for (const row of rows) {
      const { columns, versions } = row.question!;
      settle(row, () => {
        const candidates = rowCandidates(proposals, { start, columns, row: row.index, denoiser });
        answers.set(row, { candidates, cache: proposals.cache?.[first] });
      });
      start += columns.length;
      first += versions?.length ?? 1;
    }
  }

  #asked(): Pick<Denoiser, "propose"> {
    const { denoiser, maxRows } = this.#options;
    this.#session ??= denoiser.openSession?.({ rows: maxRows });
    return this.#session ?? denoiser;
  }
}

function lowestFree(lent: ReadonlySet<number>, count: number): number[] {
  const slots: number[] = [];
  for (let slot = 0; slots.length < count; slot++) if (!lent.has(slot)) slots.push(slot);
  return slots;
}

function settle(row: RowRun, step: () => void): void {
  try {
    step();
  } catch (error) {
    fail(row, error);
  }
}

function fail(row: RowRun, error: unknown): void {
  if (row.left) return;
  row.left = true;
  row.sink.fail(error);
}
