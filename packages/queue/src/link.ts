// What every link of the queue does. Delivery is at least once: a lease that runs out lets another worker begin the same item, and both may complete it.
// Whoever offers therefore uses the first result of an id and then withdraws the id, after which no link hands it out again.

/** Kinds of work. A worker claims only the kinds that it can do. */
export const QUEUE_KINDS = ["rollouts", "rewards"] as const;

/** A kind of work. */
export type QueueKind = (typeof QUEUE_KINDS)[number];

/** A piece of work. */
export interface QueueItem {
  /** What it is for, such as `"run-12-3"`: letters, digits and hyphens. Offering an id twice is offering it once. */
  id: string;
  /** Who can do it. */
  kind: QueueKind;
  /** Pieces that are used together or not at all share a group. */
  group: string;
  /** Step of the weights that it is done with. */
  version: number;
  /** What is to be done, as text. */
  body: string;
}

/** An item in the hands of a worker, for as long as its lease lasts. */
export interface Claim {
  /** The work. */
  item: QueueItem;
  /** Makes the lease last a whole `leaseMs` from now. @returns whether it was still held */
  renew(): Promise<boolean>;
  /** Hands the result in. @returns whether the lease was still held; otherwise the result is not kept */
  complete(result: string): Promise<boolean>;
  /** Gives the item back undone, for another worker. */
  release(): Promise<void>;
}

/** The result of an item. */
export interface QueueResult {
  /** Id of the item. */
  id: string;
  /** Name of the worker. It is what the worker says: trust the result only after a check. */
  worker: string;
  /** What the worker handed in; `null` if it is larger than `maxResultBytes` and was not read. */
  result: string | null;
}

/** What lies in a queue. */
export interface QueueCounts {
  /** Offered, and in nobody's hands. */
  waiting: number;
  /** Claimed. */
  claimed: number;
  /** Done, and not withdrawn yet. */
  completed: number;
}

/** How claims are made. */
export interface ClaimOptions {
  /** What the worker can do, what it does first in front. */
  kinds: readonly QueueKind[];
  /** Its name: letters, digits, dots and hyphens. */
  worker: string;
}

/** The queue as one process sees it. */
export interface QueueLink {
  /** Offers an item, unless its id is known already: waiting, claimed, completed or withdrawn. @throws {UnavailableError} while there is no room for it */
  offer(item: QueueItem): Promise<void>;
  /** Takes an item, if one waits. Items whose lease ran out wait again. */
  claim(options: ClaimOptions): Promise<Claim | undefined>;
  /** Results that are not withdrawn yet, of the ids that are wanted. @default all */
  results(isWanted?: (id: string) => boolean): Promise<QueueResult[]>;
  /** Ends these items for good, wherever they are: they are used, or not wanted any more. */
  withdraw(ids: readonly string[]): Promise<void>;
  /** Makes these items wait again, their results forgotten: a result was wrong. */
  again(items: readonly QueueItem[]): Promise<void>;
  /** Says what workers must know before they begin. @throws {UnavailableError} while there is no room for it */
  announce(card: string): Promise<void>;
  /** What was announced; `undefined` if nothing was. */
  announced(): Promise<string | undefined>;
  /** How much of each kind there is. */
  counts(): Promise<Record<QueueKind, QueueCounts>>;
  /** Removes all items, also the memory of those withdrawn. What workers still hold cannot be completed afterwards. */
  clear(): Promise<void>;
  /** Ends the connection. Items stay. */
  close(): Promise<void>;
}

/** What all links take. */
export interface LinkOptions {
  /** How long a claim lasts unless it is renewed, milliseconds. @default 30000 */
  leaseMs?: number | undefined;
  /** The largest result that is read, bytes. @default 16 MiB */
  maxResultBytes?: number | undefined;
}

/** Defaults of `LinkOptions`. */
export const LINK_DEFAULTS = { leaseMs: 30_000, maxResultBytes: 2 ** 24 } as const;
