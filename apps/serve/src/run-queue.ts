import { listenForAbort } from "@diffucoder/core";
import { ApiError } from "./api-error.ts";

/**
 * Lets `maxRunning` requests run at a time, in the order of arrival: the model decodes them together. At most `maxWaiting`
 * requests wait; the next one is refused with 429, so that a flood costs nothing.
 */
export class RunQueue {
  readonly #maxRunning: number;
  readonly #maxWaiting: number;
  readonly #waiting: (() => void)[] = [];
  #running = 0;
  /** Mean length of a turn, seconds; recent ones count more. */
  #turnSeconds = 1;

  constructor({ maxRunning, maxWaiting }: { maxRunning: number; maxWaiting: number }) {
    this.#maxRunning = maxRunning;
    this.#maxWaiting = maxWaiting;
  }

  get running(): number {
    return this.#running;
  }

  get waiting(): number {
    return this.#waiting.length;
  }

  /** When to retry after a refusal: whole seconds until the requests that wait now should be done, at least 1. */
  get retryAfterSeconds(): number {
    return Math.max(1, Math.ceil(((this.waiting + 1) * this.#turnSeconds) / this.#maxRunning));
  }

  /**
   * Waits for the turn and returns the function that ends it; calling it twice is harmless.
   *
   * @throws {ApiError} 429 if too many wait already
   * @throws the signal's reason if it fires while waiting
   */
  async acquire(signal: AbortSignal): Promise<() => void> {
    signal.throwIfAborted();
    if (this.#running >= this.#maxRunning) {
      if (this.#waiting.length >= this.#maxWaiting) {
        throw new ApiError({
          status: 429,
          message: "Too many requests are waiting. Try again in a moment.",
          type: "rate_limit_error",
          code: "queue_full",
        });
      }
      await this.#turn(signal); // the request whose turn ends hands its place over
    } else this.#running++;
    const started = performance.now();
    let released = false;
    return () => {
      if (released) return;
      released = true;
      this.#turnSeconds += 0.25 * ((performance.now() - started) / 1000 - this.#turnSeconds);
      // The turn is handed over at once, so that no newcomer can overtake.
      const next = this.#waiting.shift();
      if (next === undefined) this.#running--;
      else next();
    };
  }

  #turn(signal: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      const leave = () => {
        this.#waiting.splice(this.#waiting.indexOf(enter), 1);
        reject(signal.reason);
      };
      const enter = () => {
        endListening();
        resolve();
      };
      const endListening = listenForAbort(signal, leave);
      this.#waiting.push(enter);
    });
  }
}
