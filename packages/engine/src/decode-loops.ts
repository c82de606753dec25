// The decode loops of a model. Requests with the same cache settings share a loop, and so their batches.
import { UnavailableError } from "@diffucoder/core";
import {
  createDecodeLoop,
  type DecodeLoop,
  type DecodeLoopStats,
  type Denoiser,
  type DisposableDenoiser,
  type PrefixCache,
  type PrefixCacheStats,
} from "@diffucoder/samplers";
import type { Denoisers } from "./denoisers.ts";
import type { PassOptions } from "./requests/resolve-decoding.ts";

/** A model's decoding in figures, over all of its loops. Counts are of its whole life. */
export interface EngineStats extends DecodeLoopStats {
  /** Keys and values that outlive their requests. */
  prefixCache: PrefixCacheStats;
}

export interface DecodeLoopsOptions {
  denoisers: Denoisers;
  /** Where the denoisers keep what outlives a request. */
  prefixes: PrefixCache;
  padTokenId: number;
  /** Rows that a loop decodes at once, at most. */
  maxRows: number;
  /** Tokens that a loop decodes at once, at most; a row of more is decoded alone. */
  maxTokens: number;
}

/** A loop and its model. */
export interface DenoiserLoop {
  loop: DecodeLoop;
  denoiser: Denoiser;
}

type CachedLoop = DenoiserLoop & { denoiser: DisposableDenoiser };

/** Loops with a cache that stay when nothing runs in them. */
const KEPT = 4;

/** One loop without a cache, and one for each of the cache settings that were used last. */
export class DecodeLoops {
  readonly #options: DecodeLoopsOptions;
  readonly #exact: DenoiserLoop;
  /** By cache settings, the least recently used first. */
  readonly #cached = new Map<string, CachedLoop>();
  /** Of loops that have been given up. */
  #past: DecodeLoopStats[] = [];
  #takesRequests = true;

  constructor(options: DecodeLoopsOptions) {
    this.#options = options;
    this.#exact = this.#start(options.denoisers.exact);
  }

  /**
   * The loop for requests with these cache settings.
   *
   * @throws {UnavailableError} while draining and after
   */
  of(cache: PassOptions | undefined): DenoiserLoop {
    if (!this.#takesRequests) throw new UnavailableError({ what: "The model", problem: "it is closing and takes no more requests" });
    if (cache === undefined) return this.#exact;
    const key = JSON.stringify(cache);
    const loop = this.#cached.get(key) ?? this.#start(this.#options.denoisers.cached(cache));
    this.#cached.delete(key);
    this.#cached.set(key, loop);
    this.#giveUpIdle();
    return loop;
  }

  stats(): EngineStats {
    return { ...[...this.#past, ...this.#all().map(({ loop }) => loop.stats())].reduce(added), prefixCache: this.#options.prefixes.stats() };
  }

  /** Takes no more requests. Resolves when those it has are done. */
  async drain(): Promise<void> {
    this.#takesRequests = false;
    await Promise.all(this.#all().map(({ loop }) => loop.drain()));
  }

  /** Takes no more requests, ends those it has with an `AbortedError`, and frees what the compiled networks hold. */
  async close(): Promise<void> {
    this.#takesRequests = false;
    await Promise.all(this.#all().map(({ loop }) => loop.close()));
    for (const { denoiser } of this.#cached.values()) denoiser.dispose();
    this.#options.denoisers.exact.dispose();
    this.#options.prefixes.clear();
  }

  #all(): DenoiserLoop[] {
    return [this.#exact, ...this.#cached.values()];
  }

  #start<D extends Denoiser>(denoiser: D): { loop: DecodeLoop; denoiser: D } {
    return { loop: createDecodeLoop({ ...this.#options, denoiser }), denoiser };
  }

  #giveUpIdle(): void {
    const idle = [...this.#cached].filter(([, { loop }]) => loop.stats().running + loop.stats().waiting === 0);
    for (const [key, { loop, denoiser }] of idle.slice(0, Math.max(0, this.#cached.size - KEPT - 1))) {
      this.#cached.delete(key);
      this.#past = [[...this.#past, { ...loop.stats(), plans: 0 }].reduce(added)];
      denoiser.dispose();
    }
  }
}

function added(a: DecodeLoopStats, b: DecodeLoopStats): DecodeLoopStats {
  return {
    running: a.running + b.running,
    waiting: a.waiting + b.waiting,
    done: a.done + b.done,
    failed: a.failed + b.failed,
    forwardPasses: a.forwardPasses + b.forwardPasses,
    forwardTokens: a.forwardTokens + b.forwardTokens,
    committedTokens: a.committedTokens + b.committedTokens,
    plans: a.plans === undefined && b.plans === undefined ? undefined : (a.plans ?? 0) + (b.plans ?? 0),
  };
}
