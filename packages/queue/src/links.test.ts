// What every link must do, over all of them: nothing is lost, and nothing is handed out after it was used.
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { folderLink } from "./folder-link.ts";
import { inProcessLink } from "./in-process-link.ts";
import type { Claim, LinkOptions, QueueItem, QueueLink } from "./link.ts";
import { openLink } from "./open-link.ts";
import { redisLink } from "./redis-link.ts";
import { freePort, hasRedis, missingForTls, selfSigned, startRedis, type TestRedis } from "./redis-server.fixture.ts";

const root = mkdtempSync(join(tmpdir(), "queue-links-"));
let redis: TestRedis | undefined;
beforeAll(async () => {
  if (hasRedis) redis = await startRedis();
});
afterAll(async () => {
  await redis?.end();
  rmSync(root, { recursive: true, force: true });
});

let folders = 0;
/** Long enough that a busy machine renews in time. */
const LEASE = 1000;
const kinds = [
  { name: "in process", skip: false, open: async (options: LinkOptions) => inProcessLink(options) },
  { name: "folder", skip: false, open: async (options: LinkOptions) => folderLink(join(root, String(folders++)), options) },
  {
    name: hasRedis ? "Redis" : "Redis (SKIPPED: there is no redis-server)",
    skip: !hasRedis,
    open: async (options: LinkOptions) => {
      const link = await redisLink({ url: redis!.url, ...options });
      await link.clear();
      return link;
    },
  },
];

const item = (id: string): QueueItem => ({ id, kind: "rollouts", group: "g", version: 3, body: `body of ${id}` });
const ask = { kinds: ["rollouts", "rewards"] as const, worker: "w1" };

/** Claims until something comes: a lease needs its time to run out. */
async function claimSoon(link: QueueLink): Promise<Claim> {
  for (const end = performance.now() + 20_000; performance.now() < end; await wait(20)) {
    const claim = await link.claim(ask);
    if (claim !== undefined) return claim;
  }
  throw new Error("nothing can be claimed");
}

for (const { name, skip, open } of kinds) {
  describe.skipIf(skip)(`a link: ${name}`, () => {
    const withLink = async (work: (link: QueueLink) => Promise<void>, options: LinkOptions = {}): Promise<void> => {
      const link = await open(options);
      try {
        await work(link);
      } finally {
        await link.close();
      }
    };

    it("hands an item to one worker, and its result to the one who offered", () =>
      withLink(async (link) => {
        await link.offer(item("a"));
        await link.offer(item("a"));
        const claim = await link.claim(ask);
        expect(claim?.item).toEqual(item("a"));
        expect(await link.claim(ask)).toBeUndefined();
        expect((await link.counts()).rollouts).toEqual({ waiting: 0, claimed: 1, completed: 0 });
        expect(await claim!.renew()).toBe(true);
        expect(await claim!.complete("done")).toBe(true);
        await link.offer(item("a"));
        expect(await link.claim(ask)).toBeUndefined();
        expect(await link.results()).toEqual([{ id: "a", worker: "w1", result: "done" }]);
        expect(await link.results((id) => id !== "a")).toEqual([]);
        await link.withdraw(["a"]);
        await link.offer(item("a"));
        expect(await link.results()).toEqual([]);
        expect(await link.claim(ask)).toBeUndefined();
        expect((await link.counts()).rollouts).toEqual({ waiting: 0, claimed: 0, completed: 0 });
      }));

    it("gives no work to a worker that cannot do it, and takes back what one cannot finish", () =>
      withLink(async (link) => {
        await link.offer(item("a"));
        expect(await link.claim({ ...ask, kinds: ["rewards"] })).toBeUndefined();
        const claim = await link.claim(ask);
        await claim!.release();
        await link.offer({ ...item("b"), kind: "rewards" });
        expect((await link.claim({ ...ask, kinds: ["rewards", "rollouts"] }))?.item.id).toBe("b"); // what it does first comes first
        expect((await link.claim(ask))?.item.id).toBe("a");
      }));

    it("hands out again what a dead worker held, refuses its late result, and keeps a lease that is renewed", () =>
      withLink(
        async (link) => {
          await link.offer(item("a"));
          const dead = await link.claim(ask);
          const second = await claimSoon(link);
          expect(second.item).toEqual(item("a"));
          expect(await dead!.renew()).toBe(false);
          expect(await dead!.complete("late")).toBe(false);
          for (let i = 0; i < 8; i++) {
            await wait(LEASE / 4);
            expect(await second.renew()).toBe(true);
            expect(await link.claim(ask)).toBeUndefined();
          }
          expect(await second.complete("in time")).toBe(true);
          expect(await link.results()).toEqual([{ id: "a", worker: "w1", result: "in time" }]);
        },
        { leaseMs: LEASE },
      ));

    it("takes no result of an item that was withdrawn meanwhile, and hands it out no more", () =>
      withLink(
        async (link) => {
          await link.offer(item("a"));
          await link.offer(item("b"));
          const [late, dead] = [await link.claim(ask), await link.claim(ask)];
          await link.withdraw(["a", "b"]);
          expect(await late!.complete("late")).toBe(false);
          expect(dead?.item.id).toBe("b");
          for (let i = 0; i < 8; i++, await wait(LEASE / 3)) expect(await link.claim(ask)).toBeUndefined();
          expect(await link.results()).toEqual([]);
        },
        { leaseMs: LEASE },
      ));

    it("does not read a result that is too large, and makes an item wait again whose result was wrong", () =>
      withLink(
        async (link) => {
          await link.offer(item("a"));
          expect(await (await link.claim(ask))!.complete("x".repeat(2000))).toBe(true);
          expect(await link.results()).toEqual([{ id: "a", worker: "w1", result: null }]);
          await link.again([item("a")]);
          expect(await (await link.claim(ask))!.complete("short")).toBe(true);
          expect(await link.results()).toEqual([{ id: "a", worker: "w1", result: "short" }]);
        },
        { maxResultBytes: 1000 },
      ));

    it("tells what was announced, and forgets its items when it is cleared", () =>
      withLink(async (link) => {
        await link.announce("card");
        expect(await link.announced()).toBe("card");
        await link.offer(item("a"));
        const claim = await link.claim(ask);
        await link.withdraw(["b"]);
        await link.clear();
        expect(await claim!.complete("from before")).toBe(false);
        await link.offer(item("b"));
        expect((await link.claim(ask))?.item.id).toBe("b");
      }));

    it("loses nothing and uses nothing twice, whatever workers do", { timeout: 120_000 }, () =>
      fc.assert(
        fc.asyncProperty(
          fc.array(fc.constantFrom("claim", "complete", "late", "release", "use", "offer", "again"), { maxLength: 40 }),
          fc.integer({ min: 1, max: 5 }),
          (steps, count) => withLink((link) => play(link, steps, count)),
        ),
        { numRuns: name === "Redis" ? 15 : 40, seed: 17 },
      ),
    );
  });
}

/** One trainer that uses results, and workers that claim, finish, die and come late. */
async function play(link: QueueLink, steps: readonly string[], count: number): Promise<void> {
  const items = Array.from({ length: count }, (_, i) => item(`i${i}`));
  const used = new Set<string>();
  const held: Claim[] = [];
  const ended: Claim[] = [];
  const offer = async (): Promise<void> => {
    for (const one of items) await link.offer(one);
  };
  const use = async (): Promise<void> => {
    for (const { id, result } of await link.results()) {
      expect(used, "a result comes once").not.toContain(id);
      expect(result).toBe(`result of ${id}`);
      used.add(id);
      await link.withdraw([id]);
    }
  };
  const claim = async (): Promise<void> => {
    const one = await link.claim(ask);
    if (one === undefined) return;
    expect(used, "handed out after it was used").not.toContain(one.item.id);
    expect(held.map((other) => other.item.id)).not.toContain(one.item.id);
    held.push(one);
  };
  const finish = async (): Promise<void> => {
    const one = held.shift();
    if (one === undefined) return;
    expect(await one.complete(`result of ${one.item.id}`)).toBe(!used.has(one.item.id));
    ended.push(one);
  };
  const release = async (): Promise<void> => {
    const one = held.pop();
    if (one === undefined) return;
    await one.release();
    ended.push(one);
  };
  const late = async (): Promise<void> => {
    for (const one of ended) expect(await one.complete("late")).toBe(false);
  };
  const again = async (): Promise<void> => {
    const done = new Set((await link.results()).map(({ id }) => id));
    await link.again(items.filter(({ id }) => done.has(id)));
  };
  const acts: Record<string, () => Promise<void>> = { claim, complete: finish, late, release, use, offer, again };
  await offer();
  for (const step of steps) await acts[step]!();
  // Those who hold something let go, and everything left is done.
  while (held.length > 0) await release();
  for (let i = 0; i < 2 * count; i++) {
    await claim();
    await finish();
  }
  await use();
  expect([...used].toSorted()).toEqual(items.map(({ id }) => id));
}

describe("a shared folder", () => {
  it("is read by another process's link, and files that are still being written are not", async () => {
    const folder = join(root, "shared");
    const [trainer, worker] = [folderLink(folder), folderLink(folder)];
    writeFileSync(join(folder, "rollouts/waiting/torn.tmp-1"), '{"id":"to');
    writeFileSync(join(folder, "rollouts/waiting/cut"), '{"id":"cu');
    await trainer.offer(item("a"));
    const claim = await worker.claim(ask);
    expect(claim?.item.id).toBe("a");
    writeFileSync(join(folder, "rollouts/completed/a~1~w.tmp-1"), '{"worker":"w');
    expect(await trainer.results()).toEqual([]);
    expect(await claim!.complete("done")).toBe(true);
    expect(await trainer.results()).toHaveLength(1);
    expect(readdirSync(join(folder, "beats"))).toEqual([]);
  });

  it("must be one", async () => {
    writeFileSync(join(root, "file"), "");
    await expect(openLink(`folder:${join(root, "file")}`)).rejects.toThrow(
      `${join(root, "file")}: cannot be used as a queue (ENOTDIR: not a directory, mkdir '${join(root, "file/rollouts/waiting")}'). Give a folder that all machines can write to, as folder:DIR.`,
    );
  });
});

describe.skipIf(missingForTls !== "")(`Redis with TLS${missingForTls}`, () => {
  it("is used with the authority that is given, and by nobody who does not know it", async () => {
    const { key, certificate } = selfSigned(root);
    const port = await freePort();
    const tls = ["--tls-port", port, "--tls-cert-file", certificate, "--tls-key-file", key, "--tls-ca-cert-file", certificate];
    const own = await startRedis("--tls-auth-clients", "no", "--requirepass", "secret", ...tls.map(String));
    const url = `rediss://127.0.0.1:${port}`;
    try {
      const link = await openLink(url, { password: "secret", ca: readFileSync(certificate, "utf8") });
      await link.offer(item("a"));
      expect(await (await link.claim(ask))!.complete("done")).toBe(true);
      expect(await link.results()).toEqual([{ id: "a", worker: "w1", result: "done" }]);
      await link.close();
      await expect(openLink(url, { password: "secret" })).rejects.toThrow(
        /^Redis at 127\.0\.0\.1:\d+ is not available: no connection \((DEPTH_ZERO_SELF_SIGNED_CERT|ERR_SSL[A-Z_]*)\)\./,
      );
    } finally {
      await own.end();
    }
  });
});

describe("bad addresses", () => {
  it("are told before any work starts", async () => {
    await expect(openLink("http://host")).rejects.toThrow('--queue must be redis://HOST:PORT, rediss://HOST:PORT or folder:DIR, got "http://host"');
    await expect(redisLink({ url: "redis:secret" })).rejects.toThrow('url must be a URL such as redis://localhost:6379, got "redis:secret"');
    await expect(inProcessLink().offer(item("../a"))).rejects.toThrow(
      'id must be at most 200 letters, digits, dots and hyphens, with a letter or digit first, got "../a"',
    );
  });

  it("no Redis", async () => {
    await expect(openLink("redis://127.0.0.1:1")).rejects.toThrow(
      "Redis at 127.0.0.1:1 is not available: no connection (ECONNREFUSED). Start Redis there, or use a shared folder: --queue folder:DIR.",
    );
  });
});

describe.skipIf(!hasRedis)(`a Redis that cannot be used${hasRedis ? "" : " (SKIPPED: there is no redis-server)"}`, () => {
  it("has another project's data, another version's queue, or another password", async () => {
    const own = await startRedis("--requirepass", "secret");
    const host = new URL(own.url).host;
    try {
      const wayOut = "Give it as the environment variable REDIS_PASSWORD, or in the URL.";
      await expect(openLink(own.url)).rejects.toThrow(`Redis at ${host} is not available: it wants a password. ${wayOut}`);
      await expect(openLink(own.url, { password: "wrong" })).rejects.toThrow(`Redis at ${host} is not available: it refuses the password. ${wayOut}`);
      const { Redis } = await import("ioredis");
      const other = new Redis(own.url, { password: "secret" });
      await other.set("users", "1");
      await expect(openLink(own.url, { password: "secret" })).rejects.toThrow(
        `The queue on Redis at ${host} is not available: the database holds data of another project. Give an empty one by its number: redis://HOST:PORT/1.`,
      );
      await other.set("diffucoder:format", "0");
      await expect(openLink(own.url, { password: "secret" })).rejects.toThrow(
        `The queue on Redis at ${host} is not available: its format is 0, this version reads 1. Use the same version everywhere, or an empty database: redis://HOST:PORT/1.`,
      );
      other.disconnect();
      await (await openLink(`${own.url}/1`, { password: "secret" })).close();
    } finally {
      await own.end();
    }
  });

  it("is not another project's, when all its keys are those of workers that were still connected", async () => {
    const { Redis } = await import("ioredis");
    const own = new Redis(`${redis!.url}/3`);
    await own.set("diffucoder:rollouts:stalled-check", "1");
    await (await openLink(`${redis!.url}/3`)).close();
    await own.set("diffucoders", "1");
    await own.del("diffucoder:format");
    await expect(openLink(`${redis!.url}/3`)).rejects.toThrow("the database holds data of another project");
    own.disconnect();
  });

  it("comes back empty: what is offered again is done", async () => {
    const link = await redisLink({ url: redis!.url, leaseMs: LEASE });
    await link.clear();
    await link.offer(item("a"));
    const claim = await link.claim(ask);
    await redis!.kill();
    await redis!.start();
    expect(await claim!.complete("from before")).toBe(false);
    await link.offer(item("a"));
    expect(await (await claimSoon(link)).complete("done")).toBe(true);
    expect(await link.results()).toEqual([{ id: "a", worker: "w1", result: "done" }]);
    await link.close();
  });
});
