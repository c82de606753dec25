import { ConfigError, InvalidArgumentError } from "@diffucoder/core";
import { describe, expect, it } from "vitest";
import { createFakeEngine } from "./fake-engine.fixture.ts";
import { rawSend, serve } from "./served.fixture.ts";

describe("bad requests", () => {
  const chat = (fields: object) => ({ messages: [{ role: "user", content: "p" }], ...fields });

  it.each<[string, string, unknown, number, object]>([
    [
      "unknown field",
      "/v1/completions",
      { prompt: "p", temprature: 1 },
      400,
      { message: 'Unrecognized key: "temprature". Did you mean temperature?', param: "temprature", code: "unknown_parameter" },
    ],
    [
      "field in camel case",
      "/v1/completions",
      { prompt: "p", maxTokens: 3 },
      400,
      { message: 'Unrecognized key: "maxTokens". Did you mean max_tokens?', param: "maxTokens", code: "unknown_parameter" },
    ],
    [
      "fields that OpenAI has and we do not",
      "/v1/chat/completions",
      chat({ logit_bias: { 3: 1 }, top_logprobs: 2 }),
      400,
      {
        message:
          'top_logprobs: must be 0, or left out: nothing else is supported, got 2; logit_bias: must be {}, or left out: nothing else is supported, got {"3":1}',
        param: "top_logprobs",
      },
    ],
    [
      "field of a cache in camel case",
      "/v1/denoise",
      { prompt: "p", cache: { kind: "dual", refreshSteps: 2 } },
      400,
      {
        message: 'cache: Unrecognized key: "refreshSteps". Did you mean cache.refresh_steps?',
        param: "cache.refreshSteps",
        code: "unknown_parameter",
      },
    ],
    [
      "more unknown fields than anyone reads, one of them long, one with control characters",
      "/v1/completions",
      { prompt: "p", ["k".repeat(50_000)]: 1, "\u001b[31m": 1, ...Object.fromEntries(Array.from({ length: 500 }, (_, i) => [`${i}`, 1])) },
      400,
      {
        message: `${Array.from({ length: 20 }, (_, i) => `Unrecognized key: "${i}"`).join("; ")}; and 482 more`,
        param: "0",
        code: "unknown_parameter",
      },
    ],
    [
      "long field",
      "/v1/completions",
      { prompt: "p", ["k".repeat(50_000)]: 1 },
      400,
      { message: `Unrecognized key: "${"k".repeat(57)}..."`, param: `${"k".repeat(57)}...`, code: "unknown_parameter" },
    ],
    [
      "field with control characters",
      "/v1/completions",
      { prompt: "p", '"\u001b[31m': 1 },
      400,
      { message: 'Unrecognized key: "\\"\\u001b[31m"', param: '"\u001b[31m', code: "unknown_parameter" },
    ],
    [
      "unknown field inside",
      "/v1/chat/completions",
      { messages: [{ role: "user", content: "p", x: 1 }] },
      400,
      { message: 'messages.0: Unrecognized key: "x"', param: "messages.0.x", code: "unknown_parameter" },
    ],
    [
      "every problem at once",
      "/v1/completions",
      { prompt: "", n: 9, temperature: "hot" },
      400,
      {
        message: 'temperature: must be a number, got "hot"; n: must be at most 8, got 9; prompt: must not be empty',
        param: "temperature",
        code: "invalid_value",
      },
    ],
    [
      "list of a text and of token ids",
      "/v1/completions",
      { prompt: ["a", [1]] },
      400,
      { message: "prompt: expected a text, a list of token ids, or a list of up to 64 of either", param: "prompt" },
    ],
    ["no messages", "/v1/chat/completions", { messages: [] }, 400, { message: "messages: must have at least 1 item, got 0", param: "messages" }],
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
      { prompt: "p", stop: ["a", ""] },
      400,
      { message: "stop.1: must have at least 1 character, got 0", param: "stop.1" },
    ],
    ["empty prompt", "/v1/completions", { prompt: "" }, 400, { message: "prompt: must not be empty", param: "prompt" }],
    ["empty prompt of the page", "/v1/denoise", { prompt: "" }, 400, { message: "prompt: must not be empty", param: "prompt" }],
    [
      "half a surrogate pair",
      "/v1/completions",
      '{"prompt":"a\\ud800","suffix":"\\udc00"}',
      400,
      {
        message: "prompt: has half of a surrogate pair, which is no character; suffix: has half of a surrogate pair, which is no character",
        param: "prompt",
      },
    ],
    [
      "half a surrogate pair in a message",
      "/v1/chat/completions",
      '{"messages":[{"role":"user","content":"\\ud83d"}]}',
      400,
      { message: "messages.0.content: has half of a surrogate pair, which is no character", param: "messages.0.content" },
    ],
    [
      "seed that is no whole number",
      "/v1/denoise",
      { prompt: "p", seed: 0.5 },
      400,
      { message: "seed: expected a whole number; -1 for a new seed", param: "seed" },
    ],
    [
      "number beyond all numbers",
      "/v1/completions",
      '{"prompt":"p","max_tokens":1e400}',
      400,
      { message: "max_tokens: must be a finite number, got Infinity", param: "max_tokens" },
    ],
    ["no object", "/v1/completions", "[]", 400, { message: "must be an object, got []" }],
    [
      "deep nesting",
      "/v1/completions",
      `{"prompt":${"[".repeat(30_000)}${"]".repeat(30_000)}}`,
      400,
      { message: "prompt: expected a text, a list of token ids, or a list of up to 64 of either", param: "prompt" },
    ],
    ["empty body", "/v1/completions", "", 400, { message: "The request body is not valid JSON.", code: "invalid_json" }],
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
      { prompt: "p".repeat(270_000) },
      413,
      { message: "The request body is larger than 262144 bytes.", code: "body_too_large" },
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
    [
      "other model with a long name",
      "/v1/completions",
      { prompt: "p", model: "x".repeat(50_000) },
      404,
      { message: `There is no model "${"x".repeat(57)}..." here, only "tiny".`, param: "model", code: "model_not_found" },
    ],
    ["no such place", "/v1/nothing", {}, 404, { message: "There is nothing at POST /v1/nothing.", code: "not_found" }],
    [
      "place without its version",
      "/chat/completions",
      {},
      404,
      { message: "There is nothing at POST /chat/completions. Did you mean /v1/chat/completions?", code: "not_found" },
    ],
    [
      "place with a slash",
      "/v1/completions/",
      {},
      404,
      { message: "There is nothing at POST /v1/completions/. Did you mean /v1/completions?", code: "not_found" },
    ],
    ["long place", `/${"a".repeat(5000)}`, {}, 404, { message: `There is nothing at POST /${"a".repeat(56)}....`, code: "not_found" }],
  ])("%s", async (_, path, body, status, error) => {
    const served = await serve(createFakeEngine());
    const response = await served.post(path, body);
    expect(response.status).toBe(status);
    expect(await response.json()).toEqual({ error: { type: "invalid_request_error", param: null, code: "invalid_value", ...error } });
    expect(served.failures).toEqual([]);
  });

  it("in what a model finds are told by the names that a request has for them", async () => {
    const engine = createFakeEngine();
    const { post } = await serve({
      ...engine,
      prepareInfill({ prefix }) {
        if (prefix === "p") throw new InvalidArgumentError({ argument: "prefix", value: "p", expected: "shorter" });
        throw new ConfigError({ source: "infill options", problems: ["masks: Too big"] });
      },
    });
    const errorOf = async (fields: object): Promise<unknown> => {
      const { error } = (await (await post("/v1/completions", { prompt: "", suffix: "s", ...fields })).json()) as { error: unknown };
      return error;
    };
    expect(await errorOf({ prompt: "p" })).toMatchObject({ message: 'prefix must be shorter, got "p".', param: "prompt" });
    expect(await errorOf({ max_tokens: 1 })).toMatchObject({ message: "max_tokens: Too big", param: "max_tokens" });
  });

  it.each([
    ["text/plain", {}, "The content type must be application/json."], // so that no plain form of another site gets through
    ["application/jsonp", {}, "The content type must be application/json."],
    ["", {}, "The content type must be application/json."],
    ["application/json; charset=utf-16", {}, "The request body must be in UTF-8, as JSON is."],
    ["application/json", { "content-encoding": "gzip" }, "The request body must not be compressed."],
  ])("are refused for their type %j and %j", async (type, more, text) => {
    const { post } = await serve(createFakeEngine());
    const body = new TextEncoder().encode('{"prompt":"p"}');
    const response = await post("/v1/completions", "", { body, headers: { "content-type": type, ...more } });
    expect([response.status, await response.json()]).toMatchObject([415, { error: { message: text, code: "unsupported_media_type" } }]);
  });

  it("take UTF-8 in any spelling, and no other bytes", async () => {
    const { post } = await serve(createFakeEngine());
    const send = (body: Uint8Array<ArrayBuffer>): Promise<Response> =>
      post("/v1/completions", "", { body, headers: { "content-type": 'Application/JSON; charset="UTF-8"', "content-encoding": "identity" } });
    expect((await send(new TextEncoder().encode('\uFEFF{"prompt":"p"}'))).status).toBe(200);
    const response = await send(Uint8Array.from(Buffer.from('{"prompt":"\u00e9"}', "latin1")));
    expect([response.status, await response.json()]).toMatchObject([400, { error: { message: "The request body is not valid UTF-8." } }]);
  });
});

describe("what is no request", () => {
  const NO_HTTP = "The request is not valid HTTP.";
  const NO_ADDRESS = "The request's path or Host header is not valid.";
  it.each([
    ["no HTTP", "hello\r\n\r\n", 400, NO_HTTP],
    ["an unknown method", "FOO / HTTP/1.1\r\nHost: localhost\r\n\r\n", 400, NO_HTTP],
    ["a bad length", "POST /v1/completions HTTP/1.1\r\nHost: localhost\r\nContent-Length: -1\r\n\r\n", 400, NO_HTTP],
    ["no host", "GET / HTTP/1.1\r\nConnection: close\r\n\r\n", 400, NO_ADDRESS],
    ["an odd host", "GET / HTTP/1.1\r\nHost: a b\r\nConnection: close\r\n\r\n", 400, NO_ADDRESS],
    ["an odd port", "GET / HTTP/1.1\r\nHost: localhost:99999\r\nConnection: close\r\n\r\n", 400, NO_ADDRESS],
    ["an odd path", "OPTIONS * HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n", 400, NO_ADDRESS],
    ["large headers", `GET / HTTP/1.1\r\nHost: localhost\r\nX: ${"x".repeat(40_000)}\r\n\r\n`, 431, "The request's headers are too large."],
  ])("gets an error in OpenAI's form: %s", async (_, bytes, status, text) => {
    const { url, failures } = await serve(createFakeEngine());
    const answer = await rawSend(url, bytes);
    expect(answer).toMatch(new RegExp(`^HTTP/1.1 ${status} `));
    expect(answer).toContain(JSON.stringify({ error: { message: text, type: "invalid_request_error", param: null, code: "bad_request" } }));
    expect(failures).toEqual([]);
  });

  it("is no failure of the server when a client leaves in the middle of its body", async () => {
    const served = await serve(createFakeEngine());
    const head = "POST /v1/completions HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json";
    await rawSend(served.url, `${head}\r\nContent-Length: 100\r\n\r\n{`, { leave: true });
    await rawSend(served.url, `${head}\r\nTransfer-Encoding: chunked\r\n\r\n1\r\n{\r\n`, { leave: true });
    expect((await served.post("/v1/completions", { prompt: "p" })).status).toBe(200);
    expect(served.failures).toEqual([]);
  });
});
