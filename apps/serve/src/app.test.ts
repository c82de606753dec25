import { describe, expect, it, vi } from "vitest";
import { createFakeEngine } from "./fake-engine.fixture.ts";
import { messagesOf, rawGet, serve } from "./served.fixture.ts";

const ANSWER = "def f(xs):\n    return sum(xs)\n";

/** Generous, for a machine that is busy with other things. */
const eventually = (check: () => unknown) => vi.waitFor(check, { timeout: 20_000, interval: 10 });

describe("POST /v1/completions", () => {
  it("answers in OpenAI's form", async () => {
    const { post } = await serve(createFakeEngine());
    const response = await post("/v1/completions", { prompt: "Sum xs.", model: "tiny", seed: 7, user: "me" });
    expect(response.status).toBe(200);
    expect(await response.json()).toEqual({
      id: expect.stringMatching(/^cmpl-/),
      object: "text_completion",
      created: 1_700_000_000,
      model: "tiny",
      choices: [{ index: 0, text: ANSWER, logprobs: null, finish_reason: "stop" }],
      usage: { prompt_tokens: 7, completion_tokens: 8, total_tokens: 15 },
      diffusion: { seed: 7, forward_passes: 10 },
    });
  });

  it("takes null as not given, as OpenAI's interface does", async () => {
    const engine = createFakeEngine();
    const { post } = await serve(engine);
    const names = ["model", "suffix", "max_tokens", "temperature", "top_p", "seed", "n", "stream", "stream_options", "stop", "user"];
    const nothing = Object.fromEntries(names.map((name) => [name, null]));
    expect((await post("/v1/completions", { prompt: "p", ...nothing })).status).toBe(200);
    expect(engine.calls).toHaveLength(1);
    expect(engine.calls[0]).toMatchObject({ prompt: "p", maxTokens: undefined, temperature: undefined, topP: undefined });
  });

  it("hands the sampling options to the model, a seed of its own for each choice", async () => {
    const engine = createFakeEngine();
    const { post } = await serve(engine);
    const response = await post("/v1/completions", { prompt: "p", n: 3, temperature: 0.5, top_p: 0.9, max_tokens: 4 });
    const answer: any = await response.json();
    expect(answer.choices.map((choice: any) => [choice.index, choice.text, choice.finish_reason])).toEqual(
      [0, 1, 2].map((i) => [i, "def f(xs):\n", "length"]),
    );
    expect(answer.usage).toEqual({ prompt_tokens: 7, completion_tokens: 12, total_tokens: 19 });
    expect(engine.calls.map(({ signal: _, ...options }) => options)).toEqual(
      [42, 43, 44].map((seed) => ({ prompt: "p", maxTokens: 4, temperature: 0.5, topP: 0.9, seed, earlyExit: true })),
    );
  });

  it("cuts at a stop string", async () => {
    const { post } = await serve(createFakeEngine());
    const answer: any = await (await post("/v1/completions", { prompt: "p", stop: ["sum(", "zzz"] })).json();
    expect(answer.choices[0]).toMatchObject({ text: "def f(xs):\n    return ", finish_reason: "stop" });
  });
});

describe("POST /v1/completions with a suffix", () => {
  it("fills in what stands between prompt and suffix, in as many masks as max_tokens", async () => {
    const engine = createFakeEngine();
    const { post } = await serve(engine);
    const response = await post("/v1/completions", { prompt: "def f(xs):\n", suffix: "\n", max_tokens: 6, temperature: 0.5, n: 2 });
    const answer: any = await response.json();
    expect(answer.choices.map((choice: any) => [choice.text, choice.finish_reason])).toEqual([
      ["# filled\nend", "stop"],
      ["# filled\nend", "stop"],
    ]);
    expect(answer.usage).toEqual({ prompt_tokens: 5, completion_tokens: 12, total_tokens: 17 });
    expect(engine.infillings.map(({ signal: _, ...options }) => options)).toEqual(
      [42, 43].map((seed) => ({ prefix: "def f(xs):\n", suffix: "\n", masks: 6, length: "fixed", temperature: 0.5, topP: undefined, seed })),
    );
    expect(engine.calls).toEqual([]);
  });

  it("streams it in one piece, cut at a stop string", async () => {
    const { post } = await serve(createFakeEngine());
    const response = await post("/v1/completions", { prompt: "a", suffix: "", stop: "\n", stream: true });
    const texts = (await messagesOf(response)).flatMap(({ data }) => (data === "[DONE]" ? [] : data.choices.map((choice: any) => choice.text)));
    expect(texts.join("")).toBe("# filled");
  });
});

describe("POST /v1/chat/completions", () => {
  it("answers in OpenAI's form", async () => {
    const engine = createFakeEngine();
    const { post } = await serve(engine);
    const messages = [
      { role: "system", content: "Be brief." },
      {
        role: "user",
        content: [
          { type: "text", text: "Sum " },
          { type: "text", text: "xs." },
        ],
      },
    ];
    const answer: any = await (await post("/v1/chat/completions", { messages })).json();
    expect(answer).toMatchObject({ object: "chat.completion", id: expect.stringMatching(/^chatcmpl-/) });
    expect(answer.choices).toEqual([
      { index: 0, message: { role: "assistant", content: ANSWER, refusal: null }, logprobs: null, finish_reason: "stop" },
    ]);
    expect(engine.calls[0]?.messages).toEqual([messages[0], { role: "user", content: "Sum xs." }]);
  });

  it("streams text as its prefix is committed, then usage and [DONE]", async () => {
    const { post } = await serve(createFakeEngine());
    const response = await post("/v1/chat/completions", {
      messages: [{ role: "user", content: "p" }],
      stream: true,
      stream_options: { include_usage: true },
    });
    expect(response.headers.get("content-type")).toBe("text/event-stream; charset=utf-8");
    const messages = (await messagesOf(response)).map((message) => message.data);
    expect(messages.pop()).toBe("[DONE]");
    expect(messages.pop()).toMatchObject({ choices: [], usage: { prompt_tokens: 7, completion_tokens: 8, total_tokens: 15 } });
    expect(messages.map((chunk) => chunk.object)).toEqual(messages.map(() => "chat.completion.chunk"));
    // Order 9 0 2 1 3 5 4 6 8 7: "xs" and " sum" wait for what stands before them.
    expect(messages.map((chunk) => chunk.choices[0].delta)).toEqual([
      { role: "assistant", content: "" },
      { content: "def" },
      { content: " f(xs" },
      { content: "):\n" },
      { content: "    return sum" },
      { content: "(xs" },
      { content: ")\n" },
      {},
    ]);
    expect(messages.map((chunk) => chunk.choices[0].finish_reason)).toEqual([null, null, null, null, null, null, null, "stop"]);
  });
});

describe("bad requests", () => {
  const chat = (fields: object) => ({ messages: [{ role: "user", content: "p" }], ...fields });

  it.each<[string, string, unknown, number, object]>([
    [
      "unknown field",
      "/v1/completions",
      { prompt: "p", temprature: 1 },
      400,
      { message: "Unrecognized or unsupported parameter: temprature", param: "temprature", code: "unknown_parameter" },
    ],
    [
      "unknown field inside",
      "/v1/chat/completions",
      { messages: [{ role: "user", content: "p", x: 1 }] },
      400,
      { message: "Unrecognized or unsupported parameter: messages.0.x", param: "messages.0.x", code: "unknown_parameter" },
    ],
    [
      "every problem at once",
      "/v1/completions",
      { prompt: "", n: 9, temperature: "hot" },
      400,
      {
        message:
          "prompt: Too small: expected string to have >=1 characters; temperature: Invalid input: expected number, received string; n: Too big: expected number to be <=8",
        param: "prompt",
        code: "invalid_value",
      },
    ],
    [
      "list of prompts",
      "/v1/completions",
      { prompt: ["a", "b"] },
      400,
      { message: "prompt: expected one string (lists and token ids are not supported)", param: "prompt" },
    ],
    [
      "no messages",
      "/v1/chat/completions",
      { messages: [] },
      400,
      { message: "messages: Too small: expected array to have >=1 items", param: "messages" },
    ],
    [
      "both limits",
      "/v1/chat/completions",
      chat({ max_tokens: 1, max_completion_tokens: 2 }),
      400,
      { message: "max_tokens: give this or max_completion_tokens, not both", param: "max_tokens" },
    ],
    [
      "bad stop",
      "/v1/completions",
      { prompt: "p", stop: ["a", "b", "c", "d", "e"] },
      400,
      { message: "stop: expected a string or up to four strings, none of them empty", param: "stop" },
    ],
    ["not JSON", "/v1/completions", "{", 400, { message: "The request body is not valid JSON.", code: "invalid_json" }],
    [
      "other model",
      "/v1/completions",
      { prompt: "p", model: "gpt-4" },
      404,
      { message: 'There is no model "gpt-4" here, only "tiny".', param: "model", code: "model_not_found" },
    ],
    [
      "too large",
      "/v1/completions",
      { prompt: "p".repeat(70_000) },
      413,
      { message: "The request body is larger than 65536 bytes.", code: "body_too_large" },
    ],
    [
      "what the model refuses",
      "/v1/completions",
      { prompt: "p".repeat(2000), stream: true },
      400,
      { message: "prompt must be at most 48 tokens, got 251.", param: "prompt", code: "invalid_value" },
    ],
    [
      "what the model refuses on the page",
      "/v1/denoise",
      { prompt: "p".repeat(2000) },
      400,
      { message: "prompt must be at most 48 tokens, got 251.", param: "prompt" },
    ],
    ["no such place", "/v1/nothing", {}, 404, { message: "There is nothing at POST /v1/nothing.", code: "not_found" }],
  ])("%s", async (_, path, body, status, error) => {
    const served = await serve(createFakeEngine());
    const response = await served.post(path, body);
    expect(response.status).toBe(status);
    expect(await response.json()).toEqual({ error: { type: "invalid_request_error", param: null, code: "invalid_value", ...error } });
    expect(served.failures).toEqual([]);
  });

  it("wants JSON, so that no plain form of another site gets through", async () => {
    const { post } = await serve(createFakeEngine());
    const response = await post("/v1/completions", '{"prompt":"p"}', { headers: { "content-type": "text/plain" } });
    expect(response.status).toBe(415);
  });
});

describe("methods and models", () => {
  it.each([
    ["GET", "/v1/completions", "POST"],
    ["PUT", "/v1/chat/completions", "POST"],
    ["GET", "/v1/denoise", "POST"],
    ["POST", "/v1/models", "GET, HEAD"],
    ["DELETE", "/v1/models/tiny", "GET, HEAD"],
    ["POST", "/", "GET, HEAD"],
  ])("answers %s %s with 405 and what is allowed", async (method, path, allow) => {
    const { url, failures } = await serve(createFakeEngine());
    const response = await fetch(`${url}${path}`, { method });
    expect([response.status, response.headers.get("allow")]).toEqual([405, allow]);
    expect(await response.json()).toEqual({
      error: {
        message: `${path} takes ${allow.split(",")[0]}, not ${method}.`,
        type: "invalid_request_error",
        param: null,
        code: "method_not_allowed",
      },
    });
    expect(failures).toEqual([]);
  });

  it("describes its one model by name", async () => {
    const { url } = await serve(createFakeEngine());
    const { data }: any = await (await fetch(`${url}/v1/models`)).json();
    expect(await (await fetch(`${url}/v1/models/tiny`)).json()).toEqual(data[0]);
    const other = await fetch(`${url}/v1/models/gpt-4`);
    expect(other.status).toBe(404);
    expect(await other.json()).toMatchObject({ error: { message: 'There is no model "gpt-4" here, only "tiny".', code: "model_not_found" } });
  });

  it("draws a seed where -1 asks for one", async () => {
    const engine = createFakeEngine();
    const { post } = await serve(engine);
    expect((await post("/v1/completions", { prompt: "p", seed: -1 })).status).toBe(200);
    expect((await post("/v1/denoise", { prompt: "p", seed: -1, alg: "threshold", threshold: 0.8 })).status).toBe(200);
    expect(engine.calls.map(({ seed }) => seed)).toEqual([42, 42]);
    expect(engine.calls[1]).toMatchObject({ alg: "threshold", threshold: 0.8 });
    expect((await post("/v1/completions", { prompt: "p", seed: -2 })).status).toBe(400);
  });
});

describe("foreign sites", () => {
  it("refuses a foreign Host and a foreign Origin", async () => {
    const { url } = await serve(createFakeEngine());
    const own = new URL(url).host;
    expect(await rawGet(`${url}/healthz`, { host: "evil.example" })).toMatchObject({
      status: 403,
      body: expect.stringContaining("host_not_allowed"),
    });
    expect(await rawGet(`${url}/healthz`, { host: own, origin: "http://evil.example" })).toMatchObject({
      status: 403,
      body: expect.stringContaining("origin_not_allowed"),
    });
    expect(await rawGet(`${url}/healthz`, { host: own, origin: "null" })).toMatchObject({ status: 403 });
    expect(await rawGet(`${url}/healthz`, { host: own, origin: "http://localhost:1" })).toMatchObject({ status: 403 });
  });

  it("accepts its own and the allowed names", async () => {
    const { url } = await serve(createFakeEngine(), { allowedHosts: ["coder.lan"] });
    for (const host of [new URL(url).host, "localhost:8000", "[::1]:8000", "coder.lan:80"]) {
      expect(await rawGet(`${url}/healthz`, { host })).toMatchObject({ status: 200 });
    }
    expect(await rawGet(`${url}/healthz`, { host: "localhost:8000", origin: "http://localhost:8000" })).toMatchObject({ status: 200 });
  });
});

describe("load", () => {
  it("runs one generation at a time, lets some wait and refuses the rest", async () => {
    const engine = createFakeEngine({ holdAt: 3 });
    const { post, url } = await serve(engine, { maxRunning: 1, maxWaiting: 1 });
    const first = post("/v1/completions", { prompt: "1" });
    await eventually(() => expect(engine.active).toBe(1));
    const second = post("/v1/completions", { prompt: "2" });
    await eventually(async () =>
      expect(await (await fetch(`${url}/healthz`)).json()).toEqual({ status: "ok", model: "tiny", running: 1, waiting: 1 }),
    );
    const third = await post("/v1/completions", { prompt: "3" });
    expect([third.status, third.headers.get("retry-after")]).toEqual([429, "2"]); // one runs, one waits, a second each
    expect(await third.json()).toEqual({
      error: { message: "Too many requests are waiting. Try again in a moment.", type: "rate_limit_error", param: null, code: "queue_full" },
    });
    expect(engine.active).toBe(1);
    engine.resume();
    expect([(await first).status, (await second).status]).toEqual([200, 200]);
    expect(engine.calls.map((call) => call.prompt)).toEqual(["1", "2"]);
  });

  it.each([
    ["whole", false],
    ["streamed", true],
  ])("stops a %s generation whose client leaves", async (_, stream) => {
    const engine = createFakeEngine({ holdAt: 3 });
    const { post, url } = await serve(engine);
    const client = new AbortController();
    const answer = post("/v1/completions", { prompt: "p", stream }, { signal: client.signal }).then((response) => response.text());
    await eventually(() => expect(engine.active).toBe(1));
    client.abort();
    await expect(answer).rejects.toThrow("This operation was aborted");
    await eventually(async () => expect(await (await fetch(`${url}/healthz`)).json()).toMatchObject({ running: 0 }));
    expect(engine.active).toBe(0);
  });

  it("does not call it a failure when a client that waits leaves, or when the server stops", async () => {
    const engine = createFakeEngine({ holdAt: 3 });
    const stop = new AbortController();
    const { post, url, failures } = await serve(engine, { maxRunning: 1, signal: stop.signal });
    const waiting = async (count: number) =>
      eventually(async () => expect(await (await fetch(`${url}/healthz`)).json()).toMatchObject({ running: 1, waiting: count }));
    const running = post("/v1/completions", { prompt: "1" });
    await eventually(() => expect(engine.active).toBe(1));
    const client = new AbortController();
    const leaving = post("/v1/completions", { prompt: "2" }, { signal: client.signal });
    await waiting(1);
    client.abort();
    await expect(leaving).rejects.toThrow("This operation was aborted");
    await waiting(0);
    const kept = post("/v1/completions", { prompt: "3" });
    await waiting(1);
    stop.abort();
    for (const response of await Promise.all([running, kept])) {
      expect(response.status).toBe(503);
      expect(await response.json()).toMatchObject({ error: { message: "The generation was stopped.", code: "aborted" } });
    }
    expect(failures).toEqual([]);
  });

  it("does not let a client that reads nothing hold up the others", async () => {
    const engine = createFakeEngine();
    const { post } = await serve(engine);
    const unread = await post("/v1/denoise", { prompt: "p" });
    expect((await post("/v1/completions", { prompt: "p" })).status).toBe(200);
    await unread.body?.cancel();
  });

  it("stops what takes too long", async () => {
    const { post, failures } = await serve(createFakeEngine({ holdAt: 3 }), { timeLimitMs: 50 });
    const response = await post("/v1/completions", { prompt: "p" });
    expect(response.status).toBe(503);
    expect(await response.json()).toMatchObject({ error: { message: "The generation took too long and was stopped.", code: "timeout" } });
    const streamed = await messagesOf(await post("/v1/completions", { prompt: "p", stream: true }));
    expect(streamed.at(-1)?.data).toMatchObject({ error: { code: "timeout" } });
    expect(failures).toEqual([]);
  });

  it("says nothing of the inside when it fails", async () => {
    const engine = {
      ...createFakeEngine(),
      submit: () => {
        throw new Error("secret path /home/me");
      },
    };
    const { post, failures } = await serve(engine);
    const response = await post("/v1/completions", { prompt: "p" });
    expect(response.status).toBe(500);
    expect(await response.json()).toEqual({
      error: { message: "The server failed; its log says why.", type: "server_error", param: null, code: "internal_error" },
    });
    expect(failures).toHaveLength(1);
    expect((await post("/v1/completions", { prompt: "p" })).status).toBe(500); // and goes on answering
  });
});

describe("the playground's endpoints", () => {
  it("streams the order in which tokens are revealed", async () => {
    const { post } = await serve(createFakeEngine());
    const messages = await messagesOf(await post("/v1/denoise", { prompt: "p", steps: 10, alg: "entropy", temperature: 0.3, seed: 5 }));
    expect(messages.map((message) => message.event)).toEqual(["layout", ...Array.from({ length: 10 }, () => "reveal"), "done"]);
    expect(messages[0]?.data).toEqual({ prompt_tokens: 7, completion_length: 10, steps: 10, alg: "entropy", temperature: 0.3, top_p: 1, seed: 5 });
    expect(messages[1]?.data).toEqual({ step: 0, positions: [9], texts: [""], confidence: [0], filled: [], remasked: [], forward_passes: 1 });
    expect(messages.at(-1)?.data).toEqual({ text: ANSWER, finish_reason: "stop", completion_tokens: 8, forward_passes: 10, seconds: 0.5 });
  });

  it("lists the model with its defaults", async () => {
    const { url } = await serve(createFakeEngine());
    const { data }: any = await (await fetch(`${url}/v1/models`)).json();
    expect(data).toEqual([
      {
        id: "tiny",
        object: "model",
        created: 1_700_000_000,
        owned_by: "diffucoder",
        diffusion: { promptLength: 48, maxNewTokens: 10, steps: 10, alg: "entropy", temperature: 0, topP: 1 },
      },
    ]);
  });

  it("sends one page that loads nothing else and runs no other script", async () => {
    const { url } = await serve(createFakeEngine());
    const response = await fetch(url);
    const html = await response.text();
    expect(response.headers.get("content-security-policy")).toMatch(
      /^default-src 'none'; script-src 'sha256-[\w+/]+='; style-src 'sha256-[\w+/]+=';/,
    );
    expect(html).toMatch(/^<!doctype html>/);
    expect(html).not.toMatch(/(src|href)="(?!data:)/);
    expect(html).not.toMatch(/innerHTML|outerHTML|insertAdjacentHTML|document\.write/);
  });
});
