// The trainer's side of the queue: offers pieces of work and waits until each has one good result.
import { setTimeout as wait } from "node:timers/promises";
import { AbortedError, UnavailableError } from "@diffucoder/core";
import type { QueueItem, QueueLink, QueueResult } from "@diffucoder/queue";
import type { TakenResult } from "./run-figures.ts";

/** How often results are looked for, milliseconds. */
const POLL = 20;
/** How often everything that is missing is offered again, milliseconds: Redis may have lost it. */
const OFFER_AGAIN = 2000;

/** A piece of work, and what makes a result of it good. */
export interface Piece<T> {
  /** What is offered. */
  item: QueueItem;
  /** Completions in it. */
  rows: number;
  /** Reads a result. @returns the value, or what is wrong with it */
  check: (result: string) => Promise<{ value: T } | { problem: string }>;
}

/** How pieces are collected. */
export interface CollectOptions {
  /** The queue. */
  link: QueueLink;
  /** Ids of other pieces, whose results are left where they are. @default none */
  isOther?: ((id: string) => boolean) | undefined;
  /** Workers whose results are not read. */
  quarantined: ReadonlySet<string>;
  /** After so long without any result what is missing is offered once more, beside the first offer, milliseconds. */
  overtakeMs: number;
  /** A result is used. */
  onTaken: (taken: TakenResult) => void;
  /** A worker handed in something wrong: puts it into quarantine. */
  onWrong: (worker: string, problem: string) => Promise<void>;
  /** Nothing has come for `overtakeMs`. */
  onWaiting: () => void;
  /** There is no room for what is offered: it is offered again, while results are taken. Called once, with what the queue says. */
  onFull: (problem: string) => void;
  /** What is said to have stopped. */
  name: "Training" | "Generating";
  /** Stops waiting. */
  signal: AbortSignal;
}

/** A piece on its way to its one result. */
interface Pending<T> {
  piece: Piece<T>;
  /** The ids under which it is offered. */
  offers: QueueItem[];
  done: { value: T; worker: string } | undefined;
}

/**
 * Results of all pieces, in their order. Of several results of a piece the first good one counts, and the piece is withdrawn: the twin of a worker
 * that was overtaken comes too late.
 *
 * @throws {AbortedError} when stopped by `signal`
 */
export async function collect<T>(pieces: readonly Piece<T>[], options: CollectOptions): Promise<T[]> {
  const { link, overtakeMs, onWaiting, onFull, signal, isOther = () => false } = options;
  const all = pieces.map((piece): Pending<T> => ({ piece, offers: [piece.item], done: undefined }));
  let [offered, moved] = [-Infinity, performance.now()];
  let isFull = false;
  for (;;) {
    const missing = all.filter(({ done }) => done === undefined);
    if (missing.length === 0) return all.map(({ done }) => done!.value);
    if (performance.now() - offered > OFFER_AGAIN) {
      const problem = await offerAll(
        missing.flatMap(({ offers }) => offers),
        link,
      );
      if (problem !== undefined && !isFull) onFull(problem);
      isFull = problem !== undefined;
      offered = performance.now();
    }
    for (const result of await link.results((id) => !isOther(id))) {
      const one = missing.find(({ offers }) => offers.some(({ id }) => id === result.id));
      if (one === undefined || one.done !== undefined) await link.withdraw([result.id]);
      else if (await take(one, result, { all, ...options })) moved = performance.now();
      else offered = -Infinity;
    }
    if (performance.now() - moved > overtakeMs) {
      onWaiting();
      for (const one of missing) if (one.done === undefined && one.offers.length === 1) offerAnew(one);
      [offered, moved] = [-Infinity, performance.now()];
    }
    await wait(POLL, undefined, { signal }).catch(() => {});
    if (signal.aborted) throw new AbortedError(options.name);
  }
}

/** Offers items while there is room. @returns why some were not offered */
export async function offerAll(items: readonly QueueItem[], link: QueueLink): Promise<string | undefined> {
  try {
    for (const item of items) await link.offer(item);
    return undefined;
  } catch (error) {
    if (error instanceof UnavailableError) return error.message;
    throw error;
  }
}

/** @returns whether a result was good */
async function take<T>(
  one: Pending<T>,
  { worker, result }: QueueResult,
  { all, link, quarantined, onWrong, onTaken }: CollectOptions & { all: readonly Pending<T>[] },
): Promise<boolean> {
  const read = quarantined.has(worker) ? undefined : result === null ? { problem: "its result is too large" } : await one.piece.check(result);
  if (read !== undefined && "value" in read) {
    one.done = { value: read.value, worker };
    onTaken({ worker, kind: one.piece.item.kind, rows: one.piece.rows });
    await link.withdraw(one.offers.map(({ id }) => id));
    return true;
  }
  await link.withdraw(one.offers.map(({ id }) => id));
  offerAnew(one);
  if (read === undefined) return false;
  await onWrong(worker, read.problem);
  // What it did before is not trusted any more.
  for (const other of all.filter(({ done }) => done?.worker === worker)) {
    other.done = undefined;
    offerAnew(other);
  }
  return false;
}

/** Under a new id, since an id that was withdrawn is never handed out again. */
function offerAnew<T>({ piece: { item }, offers }: Pending<T>): void {
  offers.push({ ...item, id: `${item.id}-${offers.length}` });
}
