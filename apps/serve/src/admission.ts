// Who is decoded next. Fair queueing by start times (SFQ, Goyal et al. 1996), as the virtual token counter has it for language models
// (arXiv 2401.00588): each client has a clock that moves on by the work of its requests, and the client whose clock is furthest behind goes next.
// Differs: 1. work is what a request holds of the batch, rows times columns, known before it runs; 2. a client with nothing here has no past.
import { listenForAbort } from "@diffucoder/core";
import type { BatchLimits } from "diffucoder";
import { ApiError } from "./api-error.ts";
import { WorkRate } from "./work-rate.ts";

/** What a request takes of the batch while it is decoded. */
export interface BatchShare {
  /** Rows, of all its choices. */
  rows: number;
  /** Columns of its longest row. */
  columns: number;
  /** Bytes of keys and values, of all its rows. */
  cacheBytes: number;
}

/** What several requests that run together take. */
export function shareOf(requests: readonly Readonly<BatchShare>[]): BatchShare {
  return {
    rows: requests.reduce((total, { rows }) => total + rows, 0),
    columns: requests.reduce((most, { columns }) => Math.max(most, columns), 0),
    cacheBytes: requests.reduce((total, { cacheBytes }) => total + cacheBytes, 0),
  };
}

/** A request at the door. */
export interface Arrival {
  /** Who asks: requests of one client are served in their order, and clients share what there is. */
  client: string;
  share: BatchShare;
  /** Requests that this client may have here at a time, waiting ones included. @default no bound but the queue's */
  clientLimit?: number | undefined;
}

/** A request from its arrival until it leaves. */
export interface Ticket {
  /** Resolves when it may run; rejects with the signal's reason, or with a 429 if another client needs its place in the queue. */
  admitted: Promise<void>;
  /** Requests that wait before it, at the moment; 0 once it runs. */
  ahead(): number;
  /** It is over, or not wanted any more. Calling it twice is harmless. @param done whether it ran to its end */
  leave(done: boolean): void;
}

/** What runs and waits, in figures. */
export interface AdmissionStats {
  /** Requests that run. */
  running: number;
  /** Requests that wait. */
  waiting: number;
  /** What those that run take of the batch. */
  share: BatchShare;
}

export interface AdmissionOptions {
  /** The most that runs together; a request that takes more runs alone. */
  limits: Readonly<BatchLimits>;
  /** Requests that may wait. */
  maxWaiting: number;
  /** Seconds, of a clock that never goes back. */
  clock: () => number;
}

interface Entry extends Arrival {
  number: number;
  work: number;
  enter: () => void;
  refuse: (error: unknown) => void;
}

interface Client {
  /** Its clock: where its next request starts. */
  start: number;
  waiting: Entry[];
  running: number;
}

/**
 * Admits requests as there is room in the batch, fairly over clients. Nobody overtakes the request whose turn it is: one that needs much room
 * gets it. At most `maxWaiting` wait; beyond, the client with the most waiting requests loses its last one, or the newcomer is refused.
 */
export class Admission {
  readonly #options: AdmissionOptions;
  readonly #clients = new Map<string, Client>();
  readonly #running = new Set<Entry>();
  readonly #rate: WorkRate;
  /** Where the request that was admitted last had started. */
  #time = 0;
  #arrivals = 0;
  #idle: (() => void)[] = [];

  constructor(options: AdmissionOptions) {
    this.#options = options;
    this.#rate = new WorkRate(options.clock);
  }

  stats(): AdmissionStats {
    return { running: this.#running.size, waiting: this.#waiting().length, share: shareOf(this.#shares()) };
  }

  /** When those that wait now should have begun, by the work that was done lately: whole seconds, at least 1. */
  get retryAfterSeconds(): number {
    return Math.max(1, Math.ceil(this.#rate.secondsFor(this.#waiting().reduce((total, { work }) => total + work, 0))));
  }

  /** Resolves when nothing runs or waits. */
  whenIdle(): Promise<void> {
    return new Promise((resolve) => {
      this.#idle.push(resolve);
      this.#tellIdle();
    });
  }

  /**
   * Lets a request wait for its turn.
   *
   * @param signal takes it out of the queue; what it does to one that runs is the caller's business
   * @throws {ApiError} 429 if too many wait, or the client has as many requests here as it may
   */
  enter(arrival: Arrival, signal: AbortSignal): Ticket {
    signal.throwIfAborted();
    this.#makeWay(arrival);
    const { rows, columns } = arrival.share;
    const settle: { enter: () => void; refuse: (error: unknown) => void } = { enter: () => {}, refuse: () => {} };
    const admitted = new Promise<void>((resolve, reject) => Object.assign(settle, { enter: resolve, refuse: reject }));
    admitted.catch(() => {}); // whoever waits for it gets the rejection
    const entry: Entry = { ...arrival, ...settle, number: this.#arrivals++, work: rows * columns };
    this.#clientOf(entry).waiting.push(entry);
    const endListening = listenForAbort(signal, () => {
      if (this.#running.has(entry)) return;
      this.#leave(entry, false);
      entry.refuse(signal.reason);
    });
    void admitted.then(endListening, endListening);
    this.#admit();
    return { admitted, ahead: () => this.#ahead(entry), leave: (done) => this.#leave(entry, done) };
  }

  #clientOf({ client: name }: Pick<Entry, "client">): Client {
    const known = this.#clients.get(name);
    if (known !== undefined) return known;
    const client: Client = { start: this.#time, waiting: [], running: 0 };
    this.#clients.set(name, client);
    return client;
  }

  #makeWay({ client: name, share, clientLimit = Infinity }: Arrival): void {
    const { waiting, running } = this.#clients.get(name) ?? { waiting: [], running: 0 };
    if (waiting.length + running >= clientLimit)
      throw this.#refusal("client_limit", `You have ${clientLimit} ${clientLimit === 1 ? "request" : "requests"} here, as many as you may.`);
    const all = this.#waiting().length;
    if (all < this.#options.maxWaiting || (all === 0 && this.#fits(share))) return;
    const refused = this.#refusal("queue_full", "Too many requests are waiting.");
    const longest = [...this.#clients.values()].reduce((most, client) => (client.waiting.length > most.waiting.length ? client : most));
    if (longest.waiting.length <= waiting.length + 1) throw refused;
    longest.waiting.pop()!.refuse(refused);
  }

  #refusal(code: string, problem: string): ApiError {
    const { retryAfterSeconds } = this;
    const message = `${problem} Try again in ${retryAfterSeconds} ${retryAfterSeconds === 1 ? "second" : "seconds"}.`;
    return new ApiError({ status: 429, message, type: "rate_limit_error", code, retryAfterSeconds });
  }

  #admit(): void {
    for (let next = this.#next(); next !== undefined && this.#fits(next.share); next = this.#next()) {
      const client = this.#clientOf(next);
      client.waiting.shift();
      client.running++;
      this.#time = client.start;
      client.start += next.work;
      this.#rate.begin();
      this.#running.add(next);
      next.enter();
    }
  }

  /** The first request of the client that is furthest behind; of several, the one that came first. */
  #next(): Entry | undefined {
    return this.#inOrder()[0];
  }

  /** First requests of all clients that wait, in the order in which they are to run. */
  #inOrder(): Entry[] {
    const waiting = [...this.#clients.values()].filter((client) => client.waiting.length > 0);
    return waiting.toSorted((a, b) => a.start - b.start || a.waiting[0]!.number - b.waiting[0]!.number).map((client) => client.waiting[0]!);
  }

  #fits(share: BatchShare): boolean {
    if (this.#running.size === 0) return true;
    const { limits } = this.#options;
    const { rows, columns, cacheBytes } = shareOf([...this.#shares(), share]);
    return rows <= limits.rows && rows * columns <= limits.tokens && cacheBytes <= limits.cacheBytes;
  }

  #leave(entry: Entry, done: boolean): void {
    const client = this.#clients.get(entry.client);
    if (client === undefined) return;
    const place = client.waiting.indexOf(entry);
    if (place !== -1) client.waiting.splice(place, 1);
    else if (this.#running.delete(entry)) {
      client.running--;
      this.#rate.end(done ? entry.work : 0);
    }
    if (client.running === 0 && client.waiting.length === 0) this.#clients.delete(entry.client);
    this.#admit();
    this.#tellIdle();
  }

  #shares(): BatchShare[] {
    return [...this.#running].map(({ share }) => share);
  }

  #waiting(): Entry[] {
    return [...this.#clients.values()].flatMap((client) => client.waiting);
  }

  /** As if nobody else came: those of its own client, and of others those that start before it. */
  #ahead(entry: Entry): number {
    const own = this.#clients.get(entry.client);
    const place = own?.waiting.indexOf(entry) ?? -1;
    if (own === undefined || place === -1) return 0;
    const start = own.waiting.slice(0, place).reduce((time, { work }) => time + work, own.start);
    let ahead = place;
    for (const client of this.#clients.values()) {
      if (client === own) continue;
      let at = client.start;
      for (const other of client.waiting) {
        if (at < start || (at === start && other.number < entry.number)) ahead++;
        at += other.work;
      }
    }
    return ahead;
  }

  #tellIdle(): void {
    if (this.#clients.size > 0) return;
    for (const resolve of this.#idle.splice(0)) resolve();
  }
}
