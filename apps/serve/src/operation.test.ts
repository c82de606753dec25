// What an operator relies on: keys, hosts, limits, logs, metrics, draining.
import { connect, type Socket } from "node:net";
import { describe, expect, it, onTestFinished, vi } from "vitest";
import { parseApiKeys } from "./api-keys.ts";
import { createFakeEngine } from "./fake-engine.fixture.ts";
import { rawGet, rawSend, serve } from "./served.fixture.ts";

/** Generous, for a machine that is busy with other things. */
const eventually = (check: () => unknown) => vi.waitFor(check, { timeout: 20_000, interval: 10 });
const errorOf = async (response: Response): Promise<any> => ((await response.json()) as { error: unknown }).error;

describe("API keys", () => {
  const apiKeys = parseApiKeys("ci:secret-of-ci:1, alice:secret-of-alice");

  it("are wanted of everybody but probes and the page", async () => {
    const { url, post, failures } = await serve(createFakeEngine(), { apiKeys });
    const refused = await post("/v1/completions", { prompt: "p" });
    expect([refused.status, refused.headers.get("www-authenticate")]).toEqual([401, "Bearer"]);
    expect(await errorOf(refused)).toMatchObject({ code: "invalid_api_key", message: "This server needs an API key, as Authorization: Bearer KEY." });
    const statusOf = async (path: string, key?: string): Promise<number> =>
      (await fetch(url + path, { headers: key === undefined ? {} : { authorization: key } })).status;
    expect(await Promise.all(["/health", "/ready", "/", "/v1/models", "/metrics"].map((path) => statusOf(path)))).toEqual([200, 200, 200, 401, 401]);
    for (const key of ["Bearer secret-of-alic", "Bearer secret-of-alicee", "Bearer ", "Basic secret-of-alice", "secret-of-alice"])
      expect(await statusOf("/v1/models", key)).toBe(401);
    expect([await statusOf("/v1/models", "Bearer secret-of-alice"), await statusOf("/v1/models", "bearer secret-of-ci")]).toEqual([200, 200]);
    expect(failures).toEqual([]);
  });

  it("have limits of their own", async () => {
    const engine = createFakeEngine({ holdAt: 3 });
    const { post } = await serve(engine, { apiKeys });
    const ask = (key: string): Promise<Response> =>
      post("/v1/completions", { prompt: "p" }, { headers: { "content-type": "application/json", authorization: `Bearer ${key}` } });
    const first = ask("secret-of-ci");
    await eventually(() => expect(engine.active).toBe(1));
    const second = await ask("secret-of-ci");
    expect([second.status, second.headers.get("retry-after")]).toEqual([429, "1"]);
    expect(await errorOf(second)).toMatchObject({
      type: "rate_limit_error",
      code: "client_limit",
      message: "You have 1 request here, as many as you may. Try again in 1 second.",
    });
    const others = [ask("secret-of-alice"), ask("secret-of-alice")];
    await eventually(() => expect(engine.active).toBe(3));
    engine.resume();
    expect((await Promise.all([first, ...others])).map(({ status }) => status)).toEqual([200, 200, 200]);
  });

  it("are read from NAME:KEY:REQUESTS, and what is wrong is told without the key", () => {
    expect(parseApiKeys("")).toEqual([]);
    expect(apiKeys.map(({ name, limit }) => [name, limit])).toEqual([
      ["ci", 1],
      ["alice", undefined],
    ]);
    const wanted = "must be NAME:KEY or NAME:KEY:REQUESTS, with a key of at least 8 characters and a number of requests above 0";
    expect(() => parseApiKeys("justakeyjustakey a:short a:long-enough:0 b:long-enough:1 b:long-enough")).toThrow(
      expect.objectContaining({
        message: `Invalid DIFFUCODER_API_KEYS:\n  - entry 1 ${wanted}\n  - entry 2 ${wanted}\n  - entry 3 ${wanted}\n  - each name may stand once`,
      }),
    );
  });
});

describe("hosts", () => {
  it("are any for probes, and behind keys", async () => {
    const open = await serve(createFakeEngine());
    for (const path of ["/health", "/ready"]) expect(await rawGet(open.url + path, { host: "10.1.2.3:8000" })).toMatchObject({ status: 200 });
    expect(await rawGet(`${open.url}/v1/models`, { host: "10.1.2.3:8000" })).toMatchObject({ status: 403 });
    const locked = await serve(createFakeEngine(), { apiKeys: parseApiKeys("a:long-enough") });
    const get = (headers: Record<string, string>) => rawGet(`${locked.url}/v1/models`, { host: "coder.example", ...headers });
    expect(await get({ authorization: "Bearer long-enough" })).toMatchObject({ status: 200 });
    expect(await get({})).toMatchObject({ status: 401 });
    expect(await get({ authorization: "Bearer long-enough", origin: "https://evil.example" })).toMatchObject({ status: 403 });
  });

  it("of web sites are allowed one by one", async () => {
    const { url } = await serve(createFakeEngine(), { corsOrigins: ["https://editor.example"] });
    const preflight = await fetch(`${url}/v1/completions`, {
      method: "OPTIONS",
      headers: { origin: "https://editor.example", "access-control-request-method": "POST" },
    });
    expect([preflight.status, preflight.headers.get("access-control-allow-origin")]).toEqual([204, "https://editor.example"]);
    const answer = await fetch(`${url}/v1/models`, { headers: { origin: "https://editor.example" } });
    expect([answer.status, answer.headers.get("access-control-allow-origin")]).toEqual([200, "https://editor.example"]);
    const foreign = await fetch(`${url}/v1/models`, { headers: { origin: "https://evil.example" } });
    expect([foreign.status, foreign.headers.get("access-control-allow-origin")]).toEqual([403, null]);
  });
});

describe("limits", () => {
  it("cut answers at the server's number of tokens", async () => {
    const engine = createFakeEngine();
    const { post } = await serve(engine, { maxTokens: 3 });
    for (const fields of [{}, { max_tokens: 2 }, { max_tokens: 9 }]) await post("/v1/completions", { prompt: "p", ...fields });
    await post("/v1/completions", { prompt: "p", suffix: "s" });
    expect(engine.calls.map(({ maxTokens }) => maxTokens)).toEqual([3, 2, 3]);
    expect(engine.infillings.map(({ masks }) => masks)).toEqual([undefined]);
  });

  it("answer a body of 10 MB with a 413 that can be read", async () => {
    const { post, url } = await serve(createFakeEngine());
    for (let i = 0; i < 3; i++) {
      const response = await post("/v1/completions", { prompt: "p".repeat(10_000_000) });
      expect(response.status).toBe(413);
      expect(await errorOf(response)).toMatchObject({ code: "body_too_large", message: "The request body is larger than 262144 bytes." });
    }
    expect((await fetch(`${url}/health`)).status).toBe(200);
  });

  it("cut a body that does not come", async () => {
    const { url, failures } = await serve(createFakeEngine(), { bodyTimeoutMs: 100 });
    const head = "POST /v1/completions HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 99\r\n\r\n{";
    const started = performance.now();
    expect(await rawSend(url, head)).toContain("HTTP/1.1 408 Request Timeout");
    expect(performance.now() - started).toBeLessThan(15_000);
    expect(await rawSend(url, "GET /health HTTP/1.1\r\nHost")).toContain("HTTP/1.1 408 Request Timeout");
    expect(failures).toEqual([]);
  });

  it("let 2,000 idle connections be", async () => {
    const { url } = await serve(createFakeEngine());
    const sockets: Socket[] = [];
    onTestFinished(() => sockets.forEach((socket) => socket.destroy()));
    for (let i = 0; i < 2000; i += 100) await Promise.all(Array.from({ length: 100 }, () => opened(url, sockets)));
    expect(sockets).toHaveLength(2000);
    expect((await fetch(`${url}/health`)).status).toBe(200);
  });
});

function opened(url: string, sockets: Socket[]): Promise<void> {
  return new Promise((resolve, reject) => {
    const socket = connect(Number(new URL(url).port), "127.0.0.1", resolve).on("error", reject);
    sockets.push(socket);
  });
}

describe("the log", () => {
  it("has a line for each request, without what was asked", async () => {
    const lines: Record<string, unknown>[] = [];
    const { post, url } = await serve(createFakeEngine(), { log: (entry) => lines.push({ ...entry }) });
    const answer = await post(
      "/v1/completions",
      { prompt: "a secret", stream: true },
      { headers: { "content-type": "application/json", "x-request-id": "mine.1" } },
    );
    expect(answer.headers.get("x-request-id")).toBe("mine.1");
    await answer.text();
    expect((await fetch(`${url}/nowhere`, { headers: { "x-request-id": "not an id\u00e9" } })).headers.get("x-request-id")).toMatch(/^[\da-f-]{36}$/);
    await eventually(() => expect(lines).toHaveLength(2));
    expect(lines[0]).toEqual({
      level: "info",
      message: "request",
      id: "mine.1",
      client: "127.0.0.1",
      method: "POST",
      path: "/v1/completions",
      status: 200,
      seconds: expect.any(Number),
      waited: expect.any(Number),
      promptTokens: 7,
      completionTokens: 8,
      forwardPasses: expect.any(Number),
    });
    expect(lines[1]).toMatchObject({ status: 404, path: "/nowhere" });
    expect(JSON.stringify(lines)).not.toContain("secret");
  });

  it("has what was asked where it was wanted, why a request was refused, and who left", async () => {
    const lines: Record<string, unknown>[] = [];
    const engine = createFakeEngine({ holdAt: 3 });
    const { post, failures } = await serve(engine, { log: (entry) => lines.push({ ...entry }), logPrompts: true });
    await post("/v1/completions", { prompt: "p", n: 99 });
    const client = new AbortController();
    const leaving = post("/v1/completions", { prompt: "asked" }, { signal: client.signal });
    await eventually(() => expect(engine.active).toBe(1));
    client.abort();
    await expect(leaving).rejects.toThrow("This operation was aborted");
    await eventually(() => expect(lines).toHaveLength(2));
    expect(lines[0]).toMatchObject({ level: "info", status: 400, error: "invalid_value" });
    expect(lines[1]).toMatchObject({ level: "info", clientLeft: true, prompt: [{ prompt: "asked" }] });
    expect(failures).toEqual([]);
  });
});

it("tells Prometheus about requests, queue, batch and engine", async () => {
  const engine = createFakeEngine({ holdAt: 3 });
  const { post, url } = await serve(engine, { maxRows: 1 });
  const asked = [post("/v1/completions", { prompt: "p", stream: true }), post("/v1/completions", { prompt: "p" })];
  await eventually(async () => expect(await (await fetch(`${url}/health`)).json()).toMatchObject({ running: 1, waiting: 1 }));
  const figures = async (): Promise<string> => (await fetch(`${url}/metrics`)).text();
  const during = await figures();
  const expected = { requests_running: 1, requests_waiting: 1, batch_rows: 1, batch_columns: 58, cache_bytes: 0, forward_passes_total: 5, plans: 0 };
  for (const [name, value] of Object.entries(expected)) expect(during).toContain(`\ndiffucoder_${name} ${value}\n`);
  engine.resume();
  for (const response of await Promise.all(asked)) await response.text();
  await post("/v1/nothing", {});
  await eventually(async () => expect(await figures()).toContain('diffucoder_requests_total{route="none",status="404"} 1'));
  const after = await figures();
  for (const line of [
    'requests_total{route="/v1/completions",status="200"} 2',
    'request_seconds_count{route="/v1/completions"} 2',
    "first_token_seconds_count 2",
    "forward_passes_total 5",
  ])
    expect(after).toContain(`\ndiffucoder_${line}\n`);
});

describe("draining", () => {
  it("answers what it has, refuses what comes, and says first that it is not ready", async () => {
    const engine = createFakeEngine({ holdAt: 3 });
    const drain = new AbortController();
    const { post, url } = await serve(engine, { maxRows: 1, drain: drain.signal });
    const kept = [post("/v1/completions", { prompt: "1" }), post("/v1/completions", { prompt: "2" })];
    await eventually(async () => expect(await (await fetch(`${url}/health`)).json()).toMatchObject({ running: 1, waiting: 1 }));
    expect((await fetch(`${url}/ready`)).status).toBe(200);
    drain.abort();
    const probe = await fetch(`${url}/ready`);
    const refused = await post("/v1/completions", { prompt: "3" });
    for (const response of [probe, refused]) {
      expect([response.status, response.headers.get("retry-after")]).toEqual([503, "1"]);
      expect(await errorOf(response)).toMatchObject({
        code: "stopping",
        message: "This server is stopping and takes no more requests. Try again in 1 second.",
      });
    }
    expect((await fetch(`${url}/health`)).status).toBe(200);
    engine.resume();
    expect((await Promise.all(kept)).map(({ status }) => status)).toEqual([200, 200]);
  });
});

it("warns of nothing with 40 requests at once", async () => {
  const warnings: Error[] = [];
  const onWarning = (warning: Error): void => void warnings.push(warning);
  process.on("warning", onWarning);
  onTestFinished(() => void process.off("warning", onWarning));
  const [drain, cut] = [new AbortController(), new AbortController()];
  const { post } = await serve(createFakeEngine(), { maxRows: 4, maxWaiting: 40, drain: drain.signal, cut: cut.signal });
  const answers = await Promise.all(Array.from({ length: 40 }, () => post("/v1/completions", { prompt: "p", n: 8 }).then(({ status }) => status)));
  expect(new Set(answers)).toEqual(new Set([200]));
  expect(warnings).toEqual([]);
});
