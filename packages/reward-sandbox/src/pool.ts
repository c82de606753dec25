import { AbortedError, listenForAbort } from "@diffucoder/core";
import type { RunOptions } from "./jobs.ts";

interface Waiting<T> {
  take: (item: T) => void;
}

/** Hands out a few items to many callers: first come, first served within a caller, in turns between callers. */
export class Pool<T> {
  readonly items: readonly T[];
  readonly #idle: T[];
  /** Callers that wait, in the order of their turns. */
  readonly #queues = new Map<string, Waiting<T>[]>();

  constructor(items: readonly T[]) {
    this.items = items;
    this.#idle = [...items];
  }

  /**
   * Uses an item, as soon as it is this caller's turn.
   *
   * @returns once the work has begun; its result is a separate promise
   * @throws {AbortedError} if the signal fires while it waits
   */
  async submit<R>(work: (item: T) => Promise<R>, { caller = "", signal }: RunOptions = {}): Promise<{ result: Promise<R> }> {
    const item = await this.#acquire(caller, signal);
    const result = work(item).finally(() => this.#release(item));
    result.catch(() => {}); // the awaiting caller gets the rejection
    return { result };
  }

  /** The same, until the work is done. */
  async use<R>(work: (item: T) => Promise<R>, options: RunOptions = {}): Promise<R> {
    const { result } = await this.submit(work, options);
    return result;
  }

  #acquire(caller: string, signal: AbortSignal | undefined): Promise<T> {
    if (signal?.aborted) return Promise.reject(new AbortedError("A sandbox job"));
    const item = this.#idle.pop();
    if (item !== undefined) return Promise.resolve(item);
    return new Promise((resolve, reject) => {
      const waiting: Waiting<T> = {
        take: (free) => {
          endListening();
          resolve(free);
        },
      };
      const leave = (): void => {
        const queue = this.#queues.get(caller);
        queue?.splice(queue.indexOf(waiting), 1);
        if (queue?.length === 0) this.#queues.delete(caller);
        reject(new AbortedError("A sandbox job"));
      };
      const endListening = listenForAbort(signal, leave);
      const queue = this.#queues.get(caller);
      if (queue) queue.push(waiting);
      else this.#queues.set(caller, [waiting]);
    });
  }

  #release(item: T): void {
    const [next] = this.#queues;
    if (next === undefined) {
      this.#idle.push(item);
      return;
    }
    const [caller, queue] = next;
    const [first, ...rest] = queue;
    this.#queues.delete(caller);
    if (rest.length > 0) this.#queues.set(caller, rest); // after all others
    (first as Waiting<T>).take(item);
  }
}
