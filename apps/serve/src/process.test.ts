// The command as its users run it: a process that is sent signals.
import { spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, readFileSync } from "node:fs";
import { createServer } from "node:net";
import { delimiter, join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, it, onTestFinished, vi } from "vitest";
import { buildServe, root, type ServeProcess, startProcess, startServe } from "./process.fixture.ts";

beforeAll(buildServe, 300_000);

const complete = (url: string, fields: object = {}): Promise<Response> =>
  fetch(`${url}/v1/chat/completions`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ messages: [{ role: "user", content: "Return the sum of xs." }], ...fields }),
  });

/** A server with one row, and more requests than it can answer at once. */
async function busy(requests: number): Promise<{ server: ServeProcess; answers: Promise<Response>[] }> {
  const server = await startServe(["--max-rows", "1"]);
  onTestFinished(() => void server.child.kill("SIGKILL"));
  const answers = Array.from({ length: requests }, (_, seed) => complete(server.url, { temperature: 1, seed }));
  await vi.waitFor(async () => expect(await (await fetch(`${server.url}/health`)).json()).toMatchObject({ running: 1, waiting: requests - 1 }), {
    timeout: 30_000,
  });
  return { server, answers };
}

it("answers what it has after SIGTERM and refuses what comes, and ends with 0", async () => {
  const { server, answers } = await busy(12);
  server.child.kill("SIGTERM");
  await vi.waitFor(async () => expect((await fetch(`${server.url}/ready`)).status).toBe(503), { timeout: 30_000 });
  const refused = await complete(server.url);
  expect([refused.status, refused.headers.get("retry-after")]).toEqual([503, "1"]);
  const texts = await Promise.all(
    answers.map(async (answer) => ((await (await answer).json()) as { choices: [{ message: { content: string } }] }).choices[0].message.content),
  );
  expect(texts.every((text) => text.includes("return"))).toBe(true);
  expect(await server.ended).toBe(0);
  expect(server.said()).toContain("more are answered");
  expect(server.said()).not.toMatch(/"level":"error"|Warning/);
});

it("cuts what it has at a second SIGTERM, and says so to its clients", async () => {
  const { server, answers } = await busy(40);
  server.child.kill("SIGTERM");
  await sleep(700); // closer together they would be one, as npm sends them
  server.child.kill("SIGTERM");
  const statuses = await Promise.all(answers.map(async (answer) => (await answer).status));
  expect(statuses).toContain(503);
  expect(new Set(statuses)).toEqual(new Set([200, 503].filter((status) => statuses.includes(status))));
  expect(await server.ended).toBe(0);
});

const lock = createHash("sha256")
  .update(readFileSync(join(root, "pnpm-lock.yaml")))
  .digest("hex");
const stamp = join(root, "node_modules/.diffucoder-install");
const isInstalled = existsSync(stamp) && readFileSync(stamp, "utf8") === lock;
it.skipIf(!isInstalled)(`ends under npm too${isInstalled ? "" : " (SKIPPED: npm test has not installed this checkout)"}`, async () => {
  const server = await startProcess("npm", ["run", "serve", "--", "--port", "0"], { npm_config_update_notifier: "false" });
  expect((await complete(server.url)).status).toBe(200);
  server.child.kill("SIGTERM");
  await server.ended;
  await vi.waitFor(() => expect(fetch(`${server.url}/health`)).rejects.toThrow("fetch failed"), { timeout: 20_000 });
});

// Three replicas behind HAProxy, as `deploy/replicas.sh` starts them: what their clients see when one is stopped, and when one dies.
const hasHaproxy = (process.env["PATH"] ?? "").split(delimiter).some((dir) => existsSync(join(dir, "haproxy")));
const asked = { messages: [{ role: "user", content: "Return the sum of xs." }], temperature: 1, alg: "threshold", threshold: 0.9 };

describe.runIf(hasHaproxy)(`three replicas behind HAProxy${hasHaproxy ? "" : " (SKIPPED: there is no haproxy)"}`, () => {
  let url: string;
  let said = "";
  let stop: () => Promise<unknown> = () => Promise.resolve();
  const replica = (i: number): number => Number(new RegExp(`replica ${i}: process (\\d+)`).exec(said)?.[1]);
  const complete = (fields: object): Promise<Response> =>
    fetch(`${url}/v1/chat/completions`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ ...asked, ...fields }),
    });

  beforeAll(async () => {
    const port = await freePort();
    url = `http://127.0.0.1:${port}`;
    const child = spawn(join(root, "apps/serve/deploy/replicas.sh"), [String(port), "--max-rows", "2"], { stdio: ["ignore", "pipe", "pipe"] });
    for (const stream of [child.stdout, child.stderr]) stream.on("data", (chunk: Buffer) => (said += chunk.toString()));
    const ended = new Promise((resolve) => child.on("close", resolve));
    stop = () => (child.kill("SIGTERM"), ended);
    const isReady = async (i: number) => {
      if ((await fetch(`http://127.0.0.1:${port + i}/ready`)).status !== 200) throw new Error(`${i} is not ready: ${said}`);
    };
    await vi.waitFor(() => Promise.all([1, 2, 3, 0].map(isReady)), { timeout: 120_000, interval: 200 });
  }, 400_000);
  afterAll(() => stop());

  it("lose nothing when one is stopped, and give equal requests equal answers", async () => {
    const answers = Array.from({ length: 24 }, (_, i) => complete({ seed: i % 4 }));
    await Promise.race(answers);
    process.kill(replica(1), "SIGTERM");
    const more = Array.from({ length: 12 }, (_, i) => complete({ seed: i % 4 }));
    const texts = new Map<number, Set<string>>([0, 1, 2, 3].map((seed) => [seed, new Set()]));
    for (const [i, answer] of [...answers, ...more].entries()) {
      const response = await answer;
      expect(response.status).toBe(200);
      const { choices } = (await response.json()) as { choices: [{ message: { content: string } }] };
      texts.get(i % 4)!.add(choices[0].message.content);
    }
    expect([...texts.values()].map((set) => set.size)).toEqual([1, 1, 1, 1]);
  });

  it("tell a client whose replica dies, and go on with the others", async () => {
    const streams = await Promise.all(
      Array.from({ length: 6 }, (_, seed) => complete({ seed, n: 8, alg: "entropy", threshold: undefined, stream: true })),
    );
    const ends = streams.map((response) =>
      response.text().then(
        (text) => (text.includes("data: [DONE]") ? "whole" : "cut without a word"),
        () => "told",
      ),
    );
    process.kill(replica(2), "SIGKILL");
    const seen = await Promise.all(ends);
    expect(seen).not.toContain("cut without a word");
    expect(seen).toContain("told");
    expect(seen).toContain("whole");
    expect((await Promise.all([1, 2, 3].map((seed) => complete({ seed })))).map(({ status }) => status)).toEqual([200, 200, 200]);
    expect(await stop()).toBe(0);
  });
});

/** Below the ports that the system gives to others. */
const [LOWEST, HIGHEST] = [20_000, 32_000];

/** A free port with three more after it that are free too. */
async function freePort(): Promise<number> {
  for (let port = LOWEST + 4 * (process.pid % 1000); port < HIGHEST; port += 4) {
    const free = await Promise.all([0, 1, 2, 3].map((i) => isFree(port + i)));
    if (!free.includes(false)) return port;
  }
  throw new Error(`no four ports in a row are free from ${LOWEST} to ${HIGHEST}`);
}

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer().once("error", () => resolve(false));
    server.listen(port, "127.0.0.1", () => server.close(() => resolve(true)));
  });
}
