import { request } from "node:http";
import { connect } from "node:net";
import { onTestFinished } from "vitest";
import { Admission } from "./admission.ts";
import { type AppOptions, createApp } from "./app.ts";
import type { Engine } from "./engine.ts";
import { identify } from "./identity.ts";
import { createMetrics } from "./metrics.ts";
import { pageOf } from "./page.ts";
import { listen } from "./server.ts";

/** A server for one test, on a free port. */
export interface Served {
  url: string;
  /** What the server reported as its own failures. */
  failures: unknown[];
  post(path: string, body: unknown, init?: RequestInit): Promise<Response>;
}

interface Limits {
  /** Rows that are decoded together. @default the engine's */
  maxRows?: number;
  maxWaiting?: number;
  bodyTimeoutMs?: number;
}

export async function serve(engine: Engine, options: Partial<AppOptions> & Limits = {}): Promise<Served> {
  const served = await serveUntilClosed(engine, options);
  onTestFinished(() => served.close());
  return served;
}

/** A server for several tests. */
export async function serveUntilClosed(
  engine: Engine,
  { maxRows = engine.limits.rows, maxWaiting = 16, bodyTimeoutMs, ...options }: Partial<AppOptions> & Limits = {},
): Promise<Served & { close(): Promise<void> }> {
  const failures: unknown[] = [];
  const admission = new Admission({ limits: { ...engine.limits, rows: maxRows }, maxWaiting, clock: () => performance.now() / 1000 });
  const identification = identify(engine);
  await identification.done;
  const app = createApp({
    engine,
    admission,
    metrics: createMetrics({ admission: () => admission.stats(), engine: () => engine.stats() }),
    modelId: "tiny",
    identity: identification.known,
    page: pageOf("<!doctype html><title>A page</title>"),
    now: () => 1_700_000_000,
    randomSeed: () => 42,
    onError: (error) => failures.push(error),
    ...options,
  });
  const server = await listen({ app, host: "127.0.0.1", port: 0, bodyTimeoutMs });
  return {
    url: server.url,
    failures,
    close: () => server.close({ graceMs: 0 }),
    post: (path, body, init = {}) =>
      fetch(server.url + path, {
        method: "POST",
        headers: { "content-type": "application/json" },
        body: typeof body === "string" ? body : JSON.stringify(body),
        ...init,
      }),
  };
}

/** Sends what `fetch` would not: any Host and Origin header. */
export function rawGet(url: string, headers: Record<string, string>): Promise<{ status: number; body: string }> {
  return new Promise((resolve, reject) => {
    request(url, { headers }, (response) => {
      let body = "";
      response.on("data", (chunk: Buffer) => (body += chunk.toString()));
      response.on("end", () => resolve({ status: response.statusCode ?? 0, body }));
    })
      .on("error", reject)
      .end();
  });
}

/**
 * Sends bytes over a connection of its own.
 *
 * @param leave goes away once they are sent, without waiting for an answer
 * @returns what the server sent until it closed the connection
 */
export function rawSend(url: string, bytes: string, { leave = false }: { leave?: boolean } = {}): Promise<string> {
  return new Promise((resolve, reject) => {
    let answer = "";
    const socket = connect(Number(new URL(url).port), "127.0.0.1", () => {
      socket.write(bytes, () => {
        if (leave) setTimeout(() => socket.destroy(), 20);
      });
    });
    socket
      .on("data", (chunk: Buffer) => (answer += chunk.toString()))
      .on("error", reject)
      .on("close", () => resolve(answer));
  });
}

/** The messages of an event stream: `event` (if any) and the data, parsed unless it is `[DONE]`. */
export async function messagesOf(response: Response): Promise<{ event?: string; data: any }[]> {
  const text = await response.text();
  return text
    .split("\n\n")
    .filter((part) => part !== "" && !part.startsWith(":"))
    .map((part) => {
      const event = /^event: (.*)$/m.exec(part)?.[1];
      const data = /^data: (.*)$/m.exec(part)?.[1] as string;
      return { ...(event === undefined ? {} : { event }), data: data === "[DONE]" ? data : JSON.parse(data) };
    });
}
