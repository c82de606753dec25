import { setTimeout as sleep } from "node:timers/promises";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { expect, it } from "vitest";
import { requestSignal } from "./request-signal.ts";

setFlagsFromString("--expose-gc");
const collectGarbage = runInNewContext("gc") as () => void;

const start = (options: { shutdown?: AbortSignal; timeLimitMs?: number; client?: AbortSignal } = {}) => {
  const { client, ...rest } = options;
  return requestSignal({ request: new Request("http://localhost/", { signal: client ?? null }), timeLimitMs: 60_000, ...rest });
};

it("fires when the time is up, however often garbage is collected meanwhile", async () => {
  const { signal } = start({ timeLimitMs: 30 });
  const ended = new Promise<void>((resolve) => signal.addEventListener("abort", () => resolve(), { once: true }));
  for (let i = 0; i < 5 && !signal.aborted; i++) {
    collectGarbage();
    await sleep(10);
  }
  await ended;
  expect((signal.reason as DOMException).name).toBe("TimeoutError");
});

it("fires when the client leaves, after a garbage collection too", async () => {
  const client = new AbortController();
  const { signal, end } = start({ client: client.signal });
  await sleep(0);
  collectGarbage();
  client.abort();
  expect(signal.aborted).toBe(true);
  end();
});

it("fires with the server's reason, also when the server stopped before", () => {
  const server = new AbortController();
  const before = start({ shutdown: server.signal });
  server.abort("shutdown");
  const after = start({ shutdown: server.signal });
  expect([before.signal.reason, after.signal.reason]).toEqual(["shutdown", "shutdown"]);
  before.end();
  after.end();
});

it("lets go when the request is over", async () => {
  const server = new AbortController();
  const { signal, end } = start({ shutdown: server.signal, timeLimitMs: 10 });
  end();
  server.abort();
  await sleep(20);
  expect(signal.aborted).toBe(false);
});
