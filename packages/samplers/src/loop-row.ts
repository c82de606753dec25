// One row of a decode loop: what its owner holds of it, and where its events go.
import { AbortedError, listenForAbort } from "@diffucoder/core";
import type { Canvas } from "./canvas.ts";
import { EventQueue } from "./event-queue.ts";
import type { RowEvent } from "./events.ts";
import type { RowOptions, RowRun, RowSink } from "./row-run.ts";

/** A row for a loop. */
export interface LoopRowOptions extends RowOptions {
  /** Ends the row with an `AbortedError`: it takes no part in the next pass. */
  signal?: AbortSignal | undefined;
}

/**
 * A row of a loop: its events, which are kept until they are read. It ends with the row, throws the error that the row failed
 * with, and the row leaves when its reader does. The canvas may be ahead of the events that have been read.
 */
export interface LoopRow extends AsyncIterableIterator<RowEvent> {
  /** The row as it is now; the result once the events have ended. */
  readonly canvas: Canvas;
  /** Wall-clock time since it joined, up to its end, seconds; 0 while it waits. */
  readonly seconds: number;
  /** Ends the row with an `AbortedError`, unless it has ended: it takes no part in the next pass. */
  cancel(): void;
}

/** A row from being added to its end, which comes once. */
export class LoopEntry implements RowSink {
  readonly options: LoopRowOptions;
  /** Once it has joined. */
  run: RowRun | undefined;
  outcome: "done" | "failed" | undefined;
  committedTokens = 0;
  #start: number | undefined;
  #stop: number | undefined;
  #endListening = (): void => {};
  readonly #events: EventQueue<RowEvent>;
  readonly #onEnd: (entry: LoopEntry) => void;

  constructor(options: LoopRowOptions, onEnd: (entry: LoopEntry) => void) {
    this.options = options;
    this.#onEnd = onEnd;
    this.#events = new EventQueue<RowEvent>(() => this.#end("failed"));
  }

  /** What the owner holds. */
  get handle(): LoopRow {
    const events = this.#events;
    const seconds = (): number => this.seconds;
    return {
      canvas: this.options.canvas,
      get seconds() {
        return seconds();
      },
      cancel: () => this.cancel(),
      next: () => events.next(),
      return: () => events.return(),
      [Symbol.asyncIterator]() {
        return this;
      },
    };
  }

  /** Tokens of the row, padding included. */
  get length(): number {
    return this.options.canvas.ids.length;
  }

  get seconds(): number {
    return this.#start === undefined ? 0 : ((this.#stop ?? performance.now()) - this.#start) / 1000;
  }

  /** The row has a place in the batch. */
  joined(): void {
    this.#start = performance.now();
  }

  /** Begins to listen to the row's signal. */
  listen(): void {
    this.#endListening = listenForAbort(this.options.signal, this.cancel);
    if (this.options.signal?.aborted) this.cancel();
  }

  readonly cancel = (): void => this.fail(new AbortedError("Generation"));

  event(event: RowEvent): void {
    this.committedTokens += event.positions.length;
    this.#events.push(event);
  }

  done(): void {
    if (this.#end("done")) this.#events.end();
  }

  fail(error: unknown): void {
    if (this.#end("failed")) this.#events.end({ error });
  }

  #end(outcome: "done" | "failed"): boolean {
    if (this.outcome !== undefined) return false;
    this.outcome = outcome;
    this.#stop = performance.now();
    if (this.run) this.run.left = true;
    this.#endListening();
    this.#onEnd(this);
    return true;
  }
}
