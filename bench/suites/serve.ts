// What HTTP and the server's queue cost around the model, beside the same requests in one process: ratios of one run.
import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { setTimeout as later } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { UnavailableError } from "@diffucoder/core";
import { bundledModelDir, type DiffuCoder, type GenerateOptions, loadDiffuCoder } from "diffucoder";
import { extent, inTurns, measured, median, type Result, timed } from "../measurement.ts";
import type { SuiteOptions } from "./suite.ts";

const MAIN = fileURLToPath(new URL("../../apps/serve/dist/main.js", import.meta.url));
const PROMPT = "Return the sum of the elements of xs that are even.";
const CLIENTS = 16;

interface Setting {
  name: string;
  /** As the server is asked. */
  fields: object;
  /** As the engine is. */
  options: Omit<GenerateOptions, "prompt">;
  /** Answers a second of 16 clients beside those of one, at least. */
  gain: number;
}

const cache = { kind: "dual" } as const;
const settings: readonly Setting[] = [
  { name: "exact", fields: {}, options: {}, gain: 1.2 },
  { name: "dual cache", fields: { cache }, options: { cache }, gain: 1.5 },
];

interface Server {
  url: string;
  stop(): Promise<void>;
}

export async function serveSuite({ quick, say }: SuiteOptions): Promise<Result[]> {
  const server = await startServer();
  const coder = await loadDiffuCoder(bundledModelDir());
  try {
    const results: Result[] = [];
    for (const setting of settings) {
      say(`serve, ${setting.name} ...`);
      results.push(...(await loads(server, coder, setting, quick ? 1 : 7)));
    }
    return [...results, await firstToken(server, quick ? 1 : 15), await leaving(server)];
  } finally {
    await Promise.all([coder.close(), server.stop()]);
  }
}

const result = (name: string, ours: number, unit: string, more: Partial<Result> = {}): Result => ({
  ...measured({ suite: "serve", name, ours, unit }),
  ...more,
});

/** One client and 16 at once, over HTTP and in this process, in turns. */
async function loads({ url }: Server, coder: DiffuCoder, { name, fields, options, gain }: Setting, rounds: number): Promise<Result[]> {
  const seconds: number[] = [];
  const ask = (seed: number): Promise<number> => timed(() => complete(url, { ...fields, seed }));
  const own = (seed: number): GenerateOptions => ({ ...options, prompt: PROMPT, temperature: 1, seed, earlyExit: true });
  const seeds = Array.from({ length: CLIENTS }, (_, seed) => seed);
  const times = await inTurns(
    {
      one: () => ask(1),
      ownOne: () => timed(() => coder.generate(own(1))),
      many: () => timed(async () => void seconds.push(...spreadOf(await Promise.all(seeds.map(ask))))),
      ownMany: () => timed(() => coder.generate(seeds.map(own))),
    },
    rounds,
  );
  const compared = (what: string, ours: readonly number[], peer: readonly number[], atMost: number): Result => ({
    ...measured({
      suite: "serve",
      name: what,
      ours: median(ours),
      peer: median(peer),
      peerName: "in one process",
      unit: "ms",
      target: { of: "ratio", atMost },
    }),
    spread: extent(ours),
    peerSpread: extent(peer),
  });
  const perRequest = median(times.many) / CLIENTS;
  return [
    compared(`${name}: one request`, times.one, times.ownOne, 1.05),
    compared(`${name}: ${CLIENTS} clients at once`, times.many, times.ownMany, 1.053),
    result(`${name}: answers a second of ${CLIENTS} clients, times those of one`, median(times.one) / perRequest, "x", {
      target: { of: "ours", atLeast: gain },
    }),
    result(`${name}: slowest of ${CLIENTS} equal requests by the median`, median(seconds.slice(1)), "x", { target: { of: "ours", atMost: 1.5 } }),
  ];
}

/** The slowest by the median. */
function spreadOf(times: readonly number[]): [number] {
  return [Math.max(...times) / median(times)];
}

async function firstToken({ url }: Server, rounds: number): Promise<Result> {
  const times: number[] = [];
  for (let seed = 0; seed <= rounds; seed++) {
    const time = await timed(async () => {
      const reader = await streamed(url, seed, new AbortController().signal);
      while (!/"content":"[^"]/.test((await reader.read()).value!)) continue;
      await reader.cancel();
    });
    if (seed > 0) times.push(time);
    await later(100);
  }
  return { ...result("first text that stays, of a stream", median(times), "ms"), spread: extent(times) };
}

/** Forward passes after the server could know that its only client had gone. */
async function leaving({ url }: Server): Promise<Result> {
  const passes: number[] = [];
  for (let seed = 0; seed < 5; seed++) {
    const client = new AbortController();
    await (await streamed(url, seed, client.signal)).read();
    client.abort();
    const before = await passesOf(url);
    await later(500);
    passes.push((await passesOf(url)) - before);
  }
  return result("passes after a client has gone, at most", Math.max(...passes), "passes", { target: { of: "ours", atMost: 1 } });
}

async function passesOf(url: string): Promise<number> {
  const text = await (await fetch(`${url}/metrics`)).text();
  return Number(/^diffucoder_forward_passes_total (\d+)$/m.exec(text)![1]);
}

function post(url: string, fields: object, signal?: AbortSignal): Promise<Response> {
  const body = JSON.stringify({ messages: [{ role: "user", content: PROMPT }], temperature: 1, ...fields });
  return fetch(`${url}/v1/chat/completions`, { method: "POST", headers: { "content-type": "application/json" }, body, signal: signal ?? null });
}

async function complete(url: string, fields: object): Promise<void> {
  const response = await post(url, fields);
  const answer = await response.text();
  if (response.status !== 200) throw new UnavailableError({ what: "The server", problem: answer });
}

async function streamed(url: string, seed: number, signal: AbortSignal): Promise<ReadableStreamDefaultReader<string>> {
  return (await post(url, { seed, stream: true }, signal)).body!.pipeThrough(new TextDecoderStream()).getReader();
}

async function startServer(): Promise<Server> {
  if (!existsSync(MAIN))
    throw new UnavailableError({ what: MAIN, problem: "it is not built", wayOut: "Run npx turbo run build --filter=@diffucoder/app-serve." });
  const child = spawn(process.execPath, [MAIN, "--port", "0"], { stdio: ["ignore", "pipe", "ignore"] });
  const ended = new Promise<void>((resolve) => child.on("close", () => resolve()));
  const url = await new Promise<string>((resolve, reject) => {
    let said = "";
    child.stdout.on("data", (chunk: Buffer) => {
      said += chunk.toString();
      const found = /answers at (\S+)\/v1/.exec(said)?.[1];
      if (found !== undefined) resolve(found);
    });
    void ended.then(() => reject(new UnavailableError({ what: "The server", problem: `it ended: ${said}` })));
  });
  return { url, stop: () => (child.kill("SIGTERM"), ended) };
}
