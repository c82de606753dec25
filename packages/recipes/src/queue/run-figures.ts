// How a run with workers goes, in figures: how many results came, how fast, and from whom.
import type { QueueKind } from "@diffucoder/queue";
import type { RunCard } from "./messages.ts";

/** The time over which speed is told, milliseconds. */
const WINDOW = 60_000;

/** A result that was used. */
export interface TakenResult {
  /** Who made it. */
  worker: string;
  /** What it is. */
  kind: QueueKind;
  /** Completions that it holds. */
  rows: number;
}

/** Counts results. Times are of one clock, milliseconds. */
export class RunFigures {
  readonly #started: number;
  readonly #rows: Record<QueueKind, number> = { rollouts: 0, rewards: 0 };
  readonly #workers = new Map<string, { results: number; at: number }>();
  #recent: { at: number; rows: number }[] = [];

  constructor(now: number) {
    this.#started = now;
  }

  add({ worker, kind, rows }: TakenResult, now: number): void {
    this.#rows[kind] += rows;
    this.#workers.set(worker, { results: (this.#workers.get(worker)?.results ?? 0) + 1, at: now });
    if (kind === "rollouts") this.#recent.push({ at: now, rows });
  }

  /** As a card tells them. */
  plain(now: number): RunCard["figures"] {
    this.#recent = this.#recent.filter(({ at }) => now - at < WINDOW);
    const seconds = Math.min(WINDOW, now - this.#started) / 1000;
    const rows = this.#recent.reduce((sum, one) => sum + one.rows, 0);
    return {
      ...this.#rows,
      rolloutsPerSecond: seconds > 0 ? rows / seconds : 0,
      workers: [...this.#workers].map(([name, { results, at }]) => ({ name, results, secondsAgo: Math.round((now - at) / 1000) })),
    };
  }
}
