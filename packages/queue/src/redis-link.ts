// The queue on Redis, by BullMQ: each kind of work is one of its queues, an item is a job whose id is the item's, a lease is the job's lock. Workers fetch
// jobs by hand (BullMQ's "manual processing"), so that the work may run in another process than the one that renews the locks.
// What BullMQ does not have: ids that are withdrawn are kept in a set, since a job that somebody holds cannot be removed.
import { randomUUID } from "node:crypto";
import { InvalidArgumentError, UnavailableError } from "@diffucoder/core";
import type { Queue, Worker } from "bullmq";
import type { Redis } from "ioredis";
import { z } from "zod";
import { checkItem, checkName } from "./check-item.ts";
import {
  type Claim,
  type ClaimOptions,
  LINK_DEFAULTS,
  type LinkOptions,
  QUEUE_KINDS,
  type QueueItem,
  type QueueKind,
  type QueueLink,
} from "./link.ts";
import { inRoom, whenThereIsRoom } from "./redis-room.ts";

/** Raised when items, results or keys change their form. */
const FORMAT = "1";
const PREFIX = "diffucoder";
const FORMAT_KEY = `${PREFIX}:format`;
const CARD_KEY = `${PREFIX}:card`;
/** Who claimed each item last. */
const HOLDERS_KEY = `${PREFIX}:holders`;
const WITHDRAWN_KEY = `${PREFIX}:withdrawn`;
/** How long the first connection may take, milliseconds. */
const CONNECT_TIMEOUT = 5000;
/** How long `complete` and `renew` of a lost lease are told apart from a failure: what BullMQ says then. */
const LOST = /missing lock|missing key|lock mismatch|not in the active state|could not renew lock/i;

const ResultSchema = z.strictObject({ worker: z.string().max(200), result: z.string() });

/** A Redis that holds the queue. */
export interface RedisLinkOptions extends LinkOptions {
  /** Where it listens: `redis://HOST:PORT`, `redis://HOST:PORT/2` for another database, `rediss://` for TLS. */
  url: string;
  /** Its user. @default the URL's, or none */
  username?: string | undefined;
  /** Its password, which is never shown. @default the URL's, or none */
  password?: string | undefined;
  /** Certificates of the authority that signed the server's, PEM, for `rediss://`. @default those that Node trusts */
  ca?: string | undefined;
}

type Lane = { queue: Queue; worker: Worker };

/**
 * Connects to a queue on Redis. Needs the packages `bullmq` and `ioredis`.
 *
 * @throws {UnavailableError} if a package is not installed, nothing answers, the password is wrong, or the database holds something else
 */
export async function redisLink({
  leaseMs = LINK_DEFAULTS.leaseMs,
  maxResultBytes = LINK_DEFAULTS.maxResultBytes,
  ...options
}: RedisLinkOptions): Promise<QueueLink> {
  const { bullmq, ioredis } = await packages();
  const redis = await connect(ioredis.Redis, options);
  await checkDatabase(redis, options.url);
  const lanes = Object.fromEntries(
    QUEUE_KINDS.map((kind) => {
      const common = { connection: redis, prefix: PREFIX };
      const queue = new bullmq.Queue(kind, { ...common, skipMetasUpdate: false });
      const worker = new bullmq.Worker(kind, undefined, {
        ...common,
        autorun: false,
        lockDuration: leaseMs,
        stalledInterval: Math.max(50, leaseMs / 2),
        maxStalledCount: Number.MAX_SAFE_INTEGER,
      });
      // While Redis is away both go on trying; what they were asked is answered when it is back.
      queue.on("error", () => {});
      worker.on("error", () => {});
      return [kind, { queue, worker }];
    }),
  ) as Record<QueueKind, Lane>;
  for (const { worker } of Object.values(lanes)) void worker.startStalledCheckTimer().catch(() => {});
  return new RedisLink(redis, { lanes, leaseMs, maxResultBytes });
}

class RedisLink implements QueueLink {
  readonly #redis: Redis;
  readonly #lanes: Record<QueueKind, Lane>;
  readonly #leaseMs: number;
  readonly #maxResultBytes: number;

  constructor(redis: Redis, { lanes, leaseMs, maxResultBytes }: { lanes: Record<QueueKind, Lane>; leaseMs: number; maxResultBytes: number }) {
    this.#redis = redis;
    this.#lanes = lanes;
    this.#leaseMs = leaseMs;
    this.#maxResultBytes = maxResultBytes;
  }

  async offer(item: QueueItem): Promise<void> {
    checkItem(item);
    if (!(await this.#isWithdrawn(item.id))) await inRoom(() => this.#lanes[item.kind].queue.add("item", item, { jobId: item.id }));
  }

  async claim({ kinds, worker }: ClaimOptions): Promise<Claim | undefined> {
    checkName("worker", worker);
    for (const kind of kinds) {
      const claim = await this.#claimFrom(this.#lanes[kind], worker);
      if (claim !== undefined) return claim;
    }
    return undefined;
  }

  async results(isWanted: (id: string) => boolean = () => true): ReturnType<QueueLink["results"]> {
    const found: Awaited<ReturnType<QueueLink["results"]>> = [];
    for (const { queue } of Object.values(this.#lanes)) {
      for (const id of await this.#redis.zrange(queue.toKey("completed"), 0, -1)) {
        if (!isWanted(id)) continue;
        if (await this.#isWithdrawn(id)) await queue.remove(id);
        else found.push({ id, ...(await this.#resultOf(queue.toKey(id), id)) });
      }
    }
    return found;
  }

  async withdraw(ids: readonly string[]): Promise<void> {
    if (ids.length === 0) return;
    for (const id of ids) checkName("id", id);
    const forget = () => this.#redis.sadd(WITHDRAWN_KEY, ...ids);
    // First of all: from here on nobody can claim them. Without room for it they make some, and only what somebody holds is left.
    const isForgotten = (await whenThereIsRoom(forget, 0)) !== undefined;
    await this.#redis.hdel(HOLDERS_KEY, ...ids);
    for (const { queue } of Object.values(this.#lanes)) for (const id of ids) await queue.remove(id).catch(() => {}); // what is held ends when it comes back
    if (!isForgotten) await whenThereIsRoom(forget, Infinity);
  }

  async again(items: readonly QueueItem[]): Promise<void> {
    for (const item of items) {
      await this.#lanes[item.kind].queue.remove(item.id);
      await this.offer(item);
    }
  }

  async announce(card: string): Promise<void> {
    await inRoom(() => this.#redis.mset(CARD_KEY, card, FORMAT_KEY, FORMAT));
  }

  async announced(): Promise<string | undefined> {
    return (await this.#redis.get(CARD_KEY)) ?? undefined;
  }

  async counts(): ReturnType<QueueLink["counts"]> {
    const of = async (kind: QueueKind) => {
      const {
        wait = 0,
        prioritized = 0,
        active = 0,
        completed = 0,
      } = await this.#lanes[kind].queue.getJobCounts("wait", "prioritized", "active", "completed");
      return [kind, { waiting: wait + prioritized, claimed: active, completed }];
    };
    return Object.fromEntries(await Promise.all(QUEUE_KINDS.map(of))) as Awaited<ReturnType<QueueLink["counts"]>>;
  }

  async clear(): Promise<void> {
    for (const { queue } of Object.values(this.#lanes)) {
      const isCleared = await whenThereIsRoom(() => queue.obliterate({ force: true }).then(() => true), 0);
      if (isCleared === undefined) await this.#removeKeys(queue.toKey("*")); // BullMQ writes something first
    }
    await this.#redis.del(WITHDRAWN_KEY, HOLDERS_KEY);
  }

  async close(): Promise<void> {
    for (const { queue, worker } of Object.values(this.#lanes)) {
      await worker.close(true).catch(() => {});
      await queue.close().catch(() => {});
    }
    this.#redis.disconnect();
  }

  async #claimFrom({ queue, worker: fetcher }: Lane, worker: string): Promise<Claim | undefined> {
    for (;;) {
      const token = randomUUID();
      const job = await whenThereIsRoom(() => fetcher.getNextJob(token, { block: false }), 0);
      if (job === undefined) return undefined;
      const item = job.data as QueueItem;
      const finish = async (value: unknown): Promise<boolean> => {
        try {
          return (await whenThereIsRoom(() => job.moveToCompleted(value, token, false).then(() => true), this.#leaseMs)) ?? false;
        } catch (error) {
          return isLost(error);
        }
      };
      if (await this.#isWithdrawn(item.id)) {
        await finish(null);
        await queue.remove(item.id);
        continue;
      }
      // Without room for it the worker is unnamed if what it hands in cannot be read.
      await whenThereIsRoom(() => this.#redis.hset(HOLDERS_KEY, item.id, worker), 0);
      return {
        item,
        renew: async () => {
          try {
            return (await whenThereIsRoom(() => job.extendLock(token, this.#leaseMs), this.#leaseMs / 2)) === 1;
          } catch (error) {
            return isLost(error);
          }
        },
        complete: async (result) => !(await this.#isWithdrawn(item.id)) && (await finish({ worker, result })),
        release: async () => {
          try {
            await whenThereIsRoom(() => job.moveToWait(token), 0); // else its lease runs out
          } catch (error) {
            isLost(error);
          }
        },
      };
    }
  }

  async #resultOf(key: string, id: string): Promise<{ worker: string; result: string | null }> {
    const holder = async (): Promise<string> => (await this.#redis.hget(HOLDERS_KEY, id)) ?? "";
    if ((await this.#redis.hstrlen(key, "returnvalue")) > this.#maxResultBytes) return { worker: await holder(), result: null };
    try {
      return ResultSchema.parse(JSON.parse((await this.#redis.hget(key, "returnvalue")) ?? "null"));
    } catch {
      return { worker: await holder(), result: "" }; // nothing that a worker of ours handed in
    }
  }

  async #removeKeys(pattern: string): Promise<void> {
    let cursor = "0";
    do {
      const [next, keys] = await this.#redis.scan(cursor, "MATCH", pattern);
      if (keys.length > 0) await this.#redis.unlink(...keys);
      cursor = next;
    } while (cursor !== "0");
  }

  async #isWithdrawn(id: string): Promise<boolean> {
    return (await this.#redis.sismember(WITHDRAWN_KEY, id)) === 1;
  }
}

/** @returns false if the error says that a lease is lost @throws the error, if it says something else */
function isLost(error: unknown): false {
  if (LOST.test((error as Error).message)) return false;
  throw error;
}

async function packages() {
  try {
    return { bullmq: await import("bullmq"), ioredis: await import("ioredis") };
  } catch (cause) {
    throw new UnavailableError({
      what: "A queue on Redis",
      problem: "the packages bullmq and ioredis are not installed",
      wayOut: "Install them (npm install bullmq ioredis), or use a shared folder: --queue folder:DIR.",
      cause,
    });
  }
}

async function connect(Client: typeof Redis, { url, username, password, ca }: RedisLinkOptions): Promise<Redis> {
  const { host } = checkedUrl(url);
  let hasConnected = false;
  const redis = new Client(url, {
    ...(username !== undefined && { username }),
    ...(password !== undefined && { password }),
    ...(ca !== undefined && { tls: { ca } }),
    lazyConnect: true,
    connectTimeout: CONNECT_TIMEOUT,
    maxRetriesPerRequest: null,
    retryStrategy: (times) => (hasConnected ? Math.min(50 * times, 2000) : null),
  });
  let problem = "";
  redis.on("error", (error: Error) => (problem = reasonOf(error)));
  try {
    await redis.connect();
    await redis.ping();
  } catch (error) {
    redis.disconnect();
    const refused = reasonOf(error as Error);
    throw unavailable(host, refused === "Connection is closed." && problem !== "" ? problem : refused);
  }
  hasConnected = true;
  return redis;
}

function checkedUrl(url: string): URL {
  const parsed = URL.canParse(url) ? new URL(url) : undefined;
  if (parsed !== undefined && ["redis:", "rediss:"].includes(parsed.protocol) && parsed.hostname !== "") return parsed;
  // The value is not shown whole: it may hold a password.
  throw new InvalidArgumentError({ argument: "url", value: url.replace(/\/\/[^@]*@/, "//***@"), expected: "a URL such as redis://localhost:6379" });
}

/** What a person can do something about, without what the server adds. */
function reasonOf({ message, ...error }: Error & { code?: string }): string {
  if (/WRONGPASS|invalid password|invalid username/i.test(message)) return "it refuses the password";
  if (/NOAUTH/i.test(message)) return "it wants a password";
  if (/\bOOM\b/.test(message)) return "it has reached its maxmemory";
  return "code" in error && error.code !== undefined ? `no connection (${error.code})` : message;
}

function unavailable(host: string, problem: string): UnavailableError {
  const wayOut = problem.includes("password")
    ? "Give it as the environment variable REDIS_PASSWORD, or in the URL."
    : "Start Redis there, or use a shared folder: --queue folder:DIR.";
  return new UnavailableError({ what: `Redis at ${host}`, problem, wayOut });
}

/** Refuses a database of somebody else, or of another version. */
async function checkDatabase(redis: Redis, url: string): Promise<void> {
  const { host } = new URL(url);
  const format = await redis.get(FORMAT_KEY).catch(() => "of another kind");
  const refuse = (problem: string, wayOut: string): never => {
    redis.disconnect();
    throw new UnavailableError({ what: `The queue on Redis at ${host}`, problem, wayOut });
  };
  if (format === null && (await hasForeignKeys(redis)))
    refuse("the database holds data of another project", "Give an empty one by its number: redis://HOST:PORT/1.");
  if (format !== null && format !== FORMAT)
    refuse(`its format is ${format}, this version reads ${FORMAT}`, "Use the same version everywhere, or an empty database: redis://HOST:PORT/1.");
  if (format === null)
    await redis.set(FORMAT_KEY, FORMAT).catch((error: Error) => refuse(reasonOf(error), "Give Redis more memory (CONFIG SET maxmemory)."));
}

/** Whether there are keys besides the queue's own: workers that were connected when Redis lost its data write some before a trainer comes back. */
async function hasForeignKeys(redis: Redis): Promise<boolean> {
  let cursor = "0";
  do {
    const [next, keys] = await redis.scan(cursor);
    if (keys.some((key) => !key.startsWith(`${PREFIX}:`))) return true;
    cursor = next;
  } while (cursor !== "0");
  return false;
}
