// The loop that decodes rows as they come: they join between two steps, first come first served, and leave when they are done,
// fail, or are not wanted any more. A row gets the tokens that it gets alone, whoever is decoded beside it.
import { setImmediate as nextTurn } from "node:timers/promises";
import { InvalidArgumentError, UnavailableError } from "@diffucoder/core";
import { checkCanvas, checkDenoiser, checkIds, checkRow } from "./checked-run.ts";
import type { Denoiser } from "./denoiser.ts";
import { LoopEntry, type LoopRow, type LoopRowOptions } from "./loop-row.ts";
import { RowBatch } from "./row-batch.ts";

/** What the rows of a loop have in common. */
export interface DecodeLoopOptions {
  /** The model. It is not disposed of when the loop is closed. */
  denoiser: Denoiser;
  /** Id of the token that stands on padding and behind the end of an answer. */
  padTokenId: number;
  /** Rows that are decoded at once, at most; others wait, first come first served. @default 16 */
  maxRows?: number | undefined;
  /** Tokens of the rows that are decoded at once, each as long as the longest, at most; a row of more is decoded alone. @default no bound */
  maxTokens?: number | undefined;
}

/** A loop in figures. Counts are of its whole life. */
export interface DecodeLoopStats {
  /** Rows that are being decoded. */
  running: number;
  /** Rows that wait to be. */
  waiting: number;
  /** Rows that were decoded to their end. */
  done: number;
  /** Rows that failed or were stopped. */
  failed: number;
  /** Forward passes. */
  forwardPasses: number;
  /** Tokens that went through the network. */
  forwardTokens: number;
  /** Tokens that were committed or replaced. */
  committedTokens: number;
  /** Plans that the denoiser has compiled and keeps; `undefined` if it does not say. */
  plans: number | undefined;
}

/** A loop that rows can be added to. */
export interface DecodeLoop {
  /**
   * Adds a row; it joins at the next step at which there is room.
   *
   * @throws {InvalidArgumentError} if an option is not what it should be, or the row is longer than the model takes
   * @throws {UnavailableError} if the loop is draining or closed
   */
  add(row: LoopRowOptions): LoopRow;
  /** The loop in figures, now. */
  stats(): DecodeLoopStats;
  /** Takes no more rows. Resolves when those it has are done. */
  drain(): Promise<void>;
  /** Takes no more rows and ends those it has with an `AbortedError`. Resolves when no pass runs any more. */
  close(): Promise<void>;
}

/**
 * A loop that decodes rows as they come.
 *
 * @throws {InvalidArgumentError} if an option is not what it should be
 * @example
 * const loop = createDecodeLoop({ denoiser, padTokenId: 0, maxRows: 8 });
 * const canvas = promptCanvas({ promptIds: [5, 6], maxNewTokens: 16, denoiser, padTokenId: 0 });
 * for await (const { positions, tokens } of loop.add({ canvas, decoder, random: createRandom(1) })) console.log(positions, tokens);
 */
export function createDecodeLoop(options: DecodeLoopOptions): DecodeLoop {
  const { denoiser, padTokenId, maxRows = 16, maxTokens = Infinity } = options;
  checkDenoiser(denoiser);
  checkIds({ denoiser, padTokenId });
  for (const [argument, value] of Object.entries({ maxRows, maxTokens }))
    if (!(value >= 1) || (!Number.isInteger(value) && value !== Infinity) || (argument === "maxRows" && value > MOST_ROWS))
      throw new InvalidArgumentError({
        argument,
        value,
        expected: argument === "maxRows" ? `an integer from 1 to ${MOST_ROWS}` : "a positive integer",
      });
  return new Loop({ denoiser, padTokenId, maxRows, maxTokens });
}

const MOST_ROWS = 2 ** 16;

type Settings = { denoiser: Denoiser; padTokenId: number; maxRows: number; maxTokens: number };

class Loop implements DecodeLoop {
  readonly #settings: Settings;
  readonly #batch: RowBatch;
  /** Whose decoders do what takes long, while others are decoded. */
  readonly #preparing = new Map<LoopEntry, Promise<void>>();
  readonly #waiting: LoopEntry[] = [];
  readonly #joined = new Set<LoopEntry>();
  readonly #counts = { done: 0, failed: 0, committedTokens: 0 };
  #takesRows = true;
  #running: Promise<void> | undefined;

  constructor(settings: Settings) {
    this.#settings = settings;
    this.#batch = new RowBatch({ ...settings, fixedRows: false });
  }

  add(row: LoopRowOptions): LoopRow {
    const { denoiser, padTokenId } = this.#settings;
    checkRow(row);
    checkIds({ denoiser, padTokenId, eosTokenIds: row.eosTokenIds });
    checkCanvas(row.canvas, { denoiser, idsName: "canvas.ids", lengthName: "canvas" });
    if (!this.#takesRows) throw new UnavailableError({ what: "The decode loop", problem: "it takes no more rows" });
    const entry = new LoopEntry(row, (ended) => this.#ended(ended));
    if (row.decoder.prepare === undefined) this.#wait(entry);
    else this.#preparing.set(entry, this.#prepare(entry, row.decoder.prepare()));
    entry.listen();
    return entry.handle;
  }

  stats(): DecodeLoopStats {
    const { forwardPasses, forwardTokens } = this.#batch;
    const { plans } = this.#settings.denoiser;
    const committedTokens = [...this.#joined].reduce((sum, entry) => sum + entry.committedTokens, this.#counts.committedTokens);
    const waiting = this.#waiting.length + this.#preparing.size;
    return { running: this.#joined.size, waiting, ...this.#counts, forwardPasses, forwardTokens, committedTokens, plans };
  }

  async drain(): Promise<void> {
    this.#takesRows = false;
    await Promise.all(this.#preparing.values());
    await this.#running;
  }

  async close(): Promise<void> {
    this.#takesRows = false;
    for (const entry of [...this.#preparing.keys(), ...this.#waiting, ...this.#joined]) entry.cancel();
    await this.#running;
  }

  /** Lets a row wait once its decoder is prepared, unless it was cancelled meanwhile. */
  async #prepare(entry: LoopEntry, prepared: Promise<void>): Promise<void> {
    try {
      await prepared;
      if (this.#preparing.delete(entry)) this.#wait(entry);
    } catch (error) {
      entry.fail(error);
    }
  }

  #wait(entry: LoopEntry): void {
    this.#waiting.push(entry);
    this.#running ??= this.#run();
  }

  /** Runs as long as there are rows. Between two steps others have their turn: an executor may run without giving way. */
  async #run(): Promise<void> {
    do {
      await nextTurn();
      try {
        await this.#step();
      } catch (error) {
        for (const entry of this.#joined) entry.fail(error);
      }
    } while (this.#waiting.length + this.#joined.size > 0);
    this.#running = undefined;
  }

  async #step(): Promise<void> {
    do {
      while (this.#hasRoom()) this.#admit(this.#waiting[0]!);
      this.#batch.ask();
    } while (this.#hasRoom());
    await this.#batch.advance();
  }

  /** For the row that has waited the longest: nobody overtakes it. */
  #hasRoom(): boolean {
    const [first] = this.#waiting;
    const { rows } = this.#batch;
    const { denoiser, maxRows, maxTokens } = this.#settings;
    if (first === undefined || rows.length >= maxRows) return false;
    if (rows.length === 0) return true;
    const longest = Math.max(first.length, ...rows.map(({ canvas }) => canvas.ids.length));
    const versions = [first.options, ...rows].reduce((sum, { decoder }) => sum + (decoder.versions ?? 1), 0);
    const kept = this.#batch.rowsWithMore(first.options.decoder.versions ?? 1);
    return versions * longest <= maxTokens && kept <= (denoiser.rowsOfLength?.(longest, Math.max(maxRows, kept)) ?? Infinity);
  }

  #admit(entry: LoopEntry): void {
    this.#waiting.shift();
    this.#joined.add(entry);
    entry.joined();
    entry.run = this.#batch.join(entry.options, entry);
  }

  #ended(entry: LoopEntry): void {
    this.#preparing.delete(entry);
    const place = this.#waiting.indexOf(entry);
    if (place !== -1) this.#waiting.splice(place, 1);
    this.#joined.delete(entry);
    this.#counts[entry.outcome === "done" ? "done" : "failed"]++;
    this.#counts.committedTokens += entry.committedTokens;
  }
}
