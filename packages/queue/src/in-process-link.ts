// The queue within one process: the plainest statement of what the other links must do.
import { checkItem, checkName } from "./check-item.ts";
import {
  type Claim,
  type ClaimOptions,
  LINK_DEFAULTS,
  type LinkOptions,
  QUEUE_KINDS,
  type QueueCounts,
  type QueueItem,
  type QueueKind,
  type QueueLink,
  type QueueResult,
} from "./link.ts";

type Entry = { item: QueueItem; worker?: string; heldUntil?: number; result?: string };

/** A queue in this process's memory; whoever shares the object shares the queue. */
export function inProcessLink(options: LinkOptions = {}): QueueLink {
  return new InProcessLink(options);
}

class InProcessLink implements QueueLink {
  readonly #leaseMs: number;
  readonly #maxResultBytes: number;
  readonly #entries = new Map<string, Entry>();
  readonly #withdrawn = new Set<string>();
  #card: string | undefined;

  constructor({ leaseMs = LINK_DEFAULTS.leaseMs, maxResultBytes = LINK_DEFAULTS.maxResultBytes }: LinkOptions) {
    this.#leaseMs = leaseMs;
    this.#maxResultBytes = maxResultBytes;
  }

  async offer(item: QueueItem): Promise<void> {
    checkItem(item);
    if (!this.#entries.has(item.id)) this.#put(item);
  }

  async claim({ kinds, worker }: ClaimOptions): Promise<Claim | undefined> {
    checkName("worker", worker);
    const free = [...this.#entries.values()].filter(isFree);
    const [entry] = kinds.flatMap((kind) => free.find(({ item }) => item.kind === kind) ?? []);
    return entry && this.#hold(entry.item, worker);
  }

  async results(isWanted: (id: string) => boolean = () => true): Promise<QueueResult[]> {
    return [...this.#entries.values()].flatMap(({ item: { id }, worker = "", result }) =>
      result === undefined || !isWanted(id) ? [] : [{ id, worker, result: Buffer.byteLength(result) > this.#maxResultBytes ? null : result }],
    );
  }

  async withdraw(ids: readonly string[]): Promise<void> {
    for (const id of ids) {
      this.#entries.delete(id);
      this.#withdrawn.add(id);
    }
  }

  async again(items: readonly QueueItem[]): Promise<void> {
    for (const item of items) this.#put(item);
  }

  async announce(card: string): Promise<void> {
    this.#card = card;
  }

  async announced(): Promise<string | undefined> {
    return this.#card;
  }

  async counts(): Promise<Record<QueueKind, QueueCounts>> {
    const count = (kind: QueueKind): QueueCounts => {
      const own = [...this.#entries.values()].filter(({ item }) => item.kind === kind);
      const completed = own.filter(({ result }) => result !== undefined).length;
      const waiting = own.filter(isFree).length;
      return { waiting, claimed: own.length - completed - waiting, completed };
    };
    return Object.fromEntries(QUEUE_KINDS.map((kind) => [kind, count(kind)])) as Record<QueueKind, QueueCounts>;
  }

  async clear(): Promise<void> {
    this.#entries.clear();
    this.#withdrawn.clear();
  }

  async close(): Promise<void> {}

  #put(item: QueueItem): void {
    if (!this.#withdrawn.has(item.id)) this.#entries.set(item.id, { item });
  }

  /** A new object for each claim: what an earlier one holds is recognized as old. */
  #hold(item: QueueItem, worker: string): Claim {
    const held: Entry = { item, worker, heldUntil: performance.now() + this.#leaseMs };
    this.#entries.set(item.id, held);
    const ifHeld = (act: () => void): boolean => {
      const isHeld = this.#entries.get(item.id) === held && held.result === undefined && held.heldUntil! > performance.now();
      if (isHeld) act();
      return isHeld;
    };
    return {
      item,
      renew: async () => ifHeld(() => (held.heldUntil = performance.now() + this.#leaseMs)),
      complete: async (result) => ifHeld(() => (held.result = result)),
      release: async () => void ifHeld(() => this.#put(item)),
    };
  }
}

/** Whether nobody holds it and it is not done. */
function isFree({ heldUntil, result }: Entry): boolean {
  return result === undefined && (heldUntil === undefined || heldUntil <= performance.now());
}
