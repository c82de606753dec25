// The queue in a folder that machines share, such as one on a network file system: no service to run. Everything happens by renames, which are atomic
// within a folder's file system; a file appears whole under its name or not at all.
//
//   card.json                      what the trainer announced
//   KIND/waiting/ID                offered
//   KIND/claimed/ID~TOKEN~WORKER   held: the rename from waiting is the claim, and only one wins it
//   KIND/completed/ID~TOKEN~WORKER the result
//   withdrawn/ID                   ended for good
//
// A lease is the holder's count in `beats/TOKEN`. Whoever looks for work sees whether the count has moved by its own clock, so the clocks of
// two machines need not agree. A worker that dies stops counting; its item is renamed back to waiting.
import { randomUUID } from "node:crypto";
import { mkdirSync, readdirSync, readFileSync, renameSync, rmSync, statSync } from "node:fs";
import { join } from "node:path";
import { FileError, writeFileAtomic } from "@diffucoder/core";
import { z } from "zod";
import { checkItem, checkName } from "./check-item.ts";
import {
  type Claim,
  LINK_DEFAULTS,
  type LinkOptions,
  QUEUE_KINDS,
  type QueueItem,
  type QueueKind,
  type QueueLink,
  type QueueResult,
} from "./link.ts";

const ItemSchema = z.strictObject({
  id: z.string(),
  kind: z.enum(QUEUE_KINDS),
  group: z.string(),
  version: z.int().nonnegative(),
  body: z.string(),
});

const ResultSchema = z.strictObject({ result: z.string() });

/** A file `ID~TOKEN~WORKER`. */
interface Held {
  name: string;
  id: string;
  token: string;
  worker: string;
}

/**
 * A queue in a folder, which is created if it is missing.
 *
 * @throws {FileError} if the folder cannot be made
 */
export function folderLink(folder: string, options: LinkOptions = {}): QueueLink {
  return new FolderLink(folder, options);
}

class FolderLink implements QueueLink {
  readonly #folder: string;
  readonly #leaseMs: number;
  readonly #maxResultBytes: number;
  /** When this process last saw each lease's count move. */
  readonly #seen = new Map<string, { count: string; at: number }>();

  constructor(folder: string, { leaseMs = LINK_DEFAULTS.leaseMs, maxResultBytes = LINK_DEFAULTS.maxResultBytes }: LinkOptions) {
    this.#folder = folder;
    this.#leaseMs = leaseMs;
    this.#maxResultBytes = maxResultBytes;
    try {
      for (const kind of QUEUE_KINDS)
        for (const state of ["waiting", "claimed", "completed"]) mkdirSync(join(folder, kind, state), { recursive: true });
      for (const name of ["beats", "withdrawn"]) mkdirSync(join(folder, name), { recursive: true });
    } catch (cause) {
      const problem = `cannot be used as a queue (${(cause as Error).message})`;
      throw new FileError({ path: folder, problem, wayOut: "Give a folder that all machines can write to, as folder:DIR.", cause });
    }
  }

  async offer(item: QueueItem): Promise<void> {
    checkItem(item);
    if (!this.#isWithdrawn(item.id) && !this.#isKnown(item)) this.#put(item);
  }

  async claim({ kinds, worker }: { kinds: readonly QueueKind[]; worker: string }): Promise<Claim | undefined> {
    checkName("worker", worker);
    for (const kind of kinds) {
      this.#takeBack(kind);
      for (const id of namesIn(join(this.#folder, kind, "waiting"))) {
        const claim = this.#claimFile({ kind, id, worker });
        if (claim !== undefined) return claim;
      }
    }
    return undefined;
  }

  async results(isWanted: (id: string) => boolean = () => true): Promise<QueueResult[]> {
    const found = new Map<string, QueueResult>();
    for (const kind of QUEUE_KINDS) {
      this.#takeBack(kind);
      for (const { name, id, worker } of this.#held(kind, "completed")) {
        if (!isWanted(id)) continue;
        const result = this.#readResult(join(this.#folder, kind, "completed", name), { id, worker });
        if (result !== undefined && !found.has(id) && !this.#isWithdrawn(id)) found.set(id, result);
      }
    }
    return [...found.values()];
  }

  async withdraw(ids: readonly string[]): Promise<void> {
    for (const id of ids) {
      checkName("id", id);
      writeFileAtomic(join(this.#folder, "withdrawn", id), ""); // first of all: from here on nobody can claim it
    }
    this.#remove(new Set(ids));
  }

  async again(items: readonly QueueItem[]): Promise<void> {
    this.#remove(new Set(items.map(({ id }) => id)));
    for (const item of items) if (!this.#isWithdrawn(item.id)) this.#put(item);
  }

  async announce(card: string): Promise<void> {
    writeFileAtomic(join(this.#folder, "card.json"), card);
  }

  async announced(): Promise<string | undefined> {
    return textOf(join(this.#folder, "card.json"));
  }

  async counts(): ReturnType<QueueLink["counts"]> {
    const count = (kind: QueueKind) => ({
      waiting: namesIn(join(this.#folder, kind, "waiting")).length,
      claimed: this.#held(kind, "claimed").length,
      completed: this.#held(kind, "completed").length,
    });
    return Object.fromEntries(QUEUE_KINDS.map((kind) => [kind, count(kind)])) as Awaited<ReturnType<QueueLink["counts"]>>;
  }

  async clear(): Promise<void> {
    for (const kind of QUEUE_KINDS) for (const state of ["waiting", "claimed", "completed"]) empty(join(this.#folder, kind, state));
    for (const name of ["beats", "withdrawn"]) empty(join(this.#folder, name));
    this.#seen.clear();
  }

  async close(): Promise<void> {}

  #put(item: QueueItem): void {
    writeFileAtomic(join(this.#folder, item.kind, "waiting", item.id), JSON.stringify(item));
  }

  #isWithdrawn(id: string): boolean {
    return exists(join(this.#folder, "withdrawn", id));
  }

  /** An item on its way from one folder to the next may be overlooked; it is then done twice, and used once. */
  #isKnown({ kind, id }: QueueItem): boolean {
    if (exists(join(this.#folder, kind, "waiting", id))) return true;
    return (["claimed", "completed"] as const).some((state) => this.#held(kind, state).some((one) => one.id === id));
  }

  #claimFile({ kind, id, worker }: { kind: QueueKind; id: string; worker: string }): Claim | undefined {
    const token = randomUUID();
    const claimed = join(this.#folder, kind, "claimed", `${id}~${token}~${worker}`);
    const beat = join(this.#folder, "beats", token);
    const release = (): void => {
      rename(claimed, join(this.#folder, kind, "waiting", id));
      rmSync(beat, { force: true });
    };
    writeFileAtomic(beat, "0");
    const isMine = rename(join(this.#folder, kind, "waiting", id), claimed);
    const item = isMine && !this.#isWithdrawn(id) ? itemIn(claimed) : undefined;
    if (item === undefined) {
      if (isMine) rmSync(claimed, { force: true }); // withdrawn, or no item
      rmSync(beat, { force: true });
      return undefined;
    }
    let count = 0;
    return {
      item,
      renew: async () => {
        if (!exists(claimed)) return false;
        writeFileAtomic(beat, String(++count));
        return true;
      },
      complete: async (result) => {
        const completed = join(this.#folder, kind, "completed", `${id}~${token}~${worker}`);
        if (!exists(claimed) || this.#isWithdrawn(id)) return false;
        writeFileAtomic(completed, JSON.stringify({ result }));
        rmSync(claimed, { force: true });
        rmSync(beat, { force: true });
        return true;
      },
      release: async () => release(),
    };
  }

  /** Makes items wait again whose holders have stopped counting. */
  #takeBack(kind: QueueKind): void {
    const now = performance.now();
    const done = new Set(this.#held(kind, "completed").map(({ token }) => token));
    for (const { name, id, token } of this.#held(kind, "claimed")) {
      const claimed = join(this.#folder, kind, "claimed", name);
      if (done.has(token) || this.#isWithdrawn(id)) {
        rmSync(claimed, { force: true }); // its holder ended between handing in and letting go
        continue;
      }
      const count = textOf(join(this.#folder, "beats", token)) ?? "";
      const before = this.#seen.get(token);
      if (before === undefined || before.count !== count) this.#seen.set(token, { count, at: now });
      else if (now - before.at >= this.#leaseMs) {
        rename(claimed, join(this.#folder, kind, "waiting", id));
        rmSync(join(this.#folder, "beats", token), { force: true });
        this.#seen.delete(token);
      }
    }
  }

  #readResult(path: string, { id, worker }: Pick<QueueResult, "id" | "worker">): QueueResult | undefined {
    if ((statSync(path, { throwIfNoEntry: false })?.size ?? 0) > this.#maxResultBytes) return { id, worker, result: null };
    const text = textOf(path);
    return text === undefined ? undefined : { id, worker, ...parsed(ResultSchema, text, { result: "" }) };
  }

  #remove(ids: ReadonlySet<string>): void {
    for (const kind of QUEUE_KINDS) {
      for (const id of ids) rmSync(join(this.#folder, kind, "waiting", id), { force: true });
      for (const state of ["claimed", "completed"] as const)
        for (const { name, id } of this.#held(kind, state)) if (ids.has(id)) rmSync(join(this.#folder, kind, state, name), { force: true });
    }
  }

  #held(kind: QueueKind, state: "claimed" | "completed"): Held[] {
    return namesIn(join(this.#folder, kind, state)).flatMap((name) => {
      const [id, token, worker, ...rest] = name.split("~");
      return id === undefined || token === undefined || worker === undefined || rest.length > 0 ? [] : [{ name, id, token, worker }];
    });
  }
}

/** Names in a folder, without files that are still being written. */
function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder)
      .filter((name) => !name.includes(".tmp-"))
      .toSorted();
  } catch {
    return []; // removed meanwhile
  }
}

function empty(folder: string): void {
  for (const name of readdirSync(folder)) rmSync(join(folder, name), { force: true });
}

function exists(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false }) !== undefined;
}

/** @returns whether the file was there */
function rename(from: string, to: string): boolean {
  try {
    renameSync(from, to);
    return true;
  } catch {
    return false;
  }
}

function textOf(path: string): string | undefined {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return undefined; // taken, or removed meanwhile
  }
}

function itemIn(path: string): QueueItem | undefined {
  return parsed(ItemSchema.optional(), textOf(path) ?? "null", undefined);
}

function parsed<S extends z.ZodType>(schema: S, text: string, otherwise: z.output<S>): z.output<S> {
  try {
    const { success, data } = schema.safeParse(JSON.parse(text));
    return success ? data : otherwise;
  } catch {
    return otherwise;
  }
}
