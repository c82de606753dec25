import { describe, expect, it } from "vitest";
import { createFakeEngine } from "./fake-engine.fixture.ts";
import { messagesOf, serve } from "./served.fixture.ts";

const ANSWER = "def f(xs):\n    return sum(xs)\n";

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
      system_fingerprint: expect.stringMatching(/^fp_[0-9a-f]{12}$/),
      choices: [{ index: 0, text: ANSWER, logprobs: null, finish_reason: "stop" }],
      usage: { prompt_tokens: 7, completion_tokens: 8, total_tokens: 15, forward_passes: 10 },
      diffusion: {
        seed: 7,
        forward_passes: 10,
        model_hash: expect.stringMatching(/^[0-9a-f]{16}$/),
        build: expect.stringContaining(process.platform),
        processor: expect.any(String),
        settings: {},
      },
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
    expect(answer.usage).toEqual({ prompt_tokens: 7, completion_tokens: 12, total_tokens: 19, forward_passes: expect.any(Number) });
    expect(engine.calls.map(({ signal: _, ...options }) => options)).toEqual(
      [42, 43, 44].map((seed) => ({ prompt: "p", chatTemplate: false, maxTokens: 4, temperature: 0.5, topP: 0.9, seed, earlyExit: true })),
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
      ["# filled\nend", "length"],
      ["# filled\nend", "length"],
    ]);
    expect(answer.usage).toEqual({ prompt_tokens: 5, completion_tokens: 12, total_tokens: 17, forward_passes: 12 });
    expect(engine.infillings.map(({ signal: _, ...options }) => options)).toEqual(
      [42, 43].map((seed) => ({ prefix: "def f(xs):\n", suffix: "\n", masks: 6, length: "fixed", temperature: 0.5, topP: undefined, seed })),
    );
    expect(engine.calls).toEqual([]);
  });

  it("streams it in one piece, cut at a stop string", async () => {
    const { post } = await serve(createFakeEngine());
    const response = await post("/v1/completions", { prompt: "a", suffix: "b", stop: "\n", stream: true });
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
    expect((await post("/v1/completions", { prompt: "p", seed: -2 })).status).toBe(200);
    expect((await post("/v1/completions", { prompt: "p", seed: 2 ** 52 + 1 })).status).toBe(200);
    expect(engine.calls.slice(2).map(({ seed }) => seed)).toEqual([2 ** 52 - 2, 1]);
  });
});

describe("the playground's endpoints", () => {
  it("streams the order in which tokens are revealed", async () => {
    const { post } = await serve(createFakeEngine());
    const messages = await messagesOf(await post("/v1/denoise", { prompt: "p", steps: 10, alg: "entropy", temperature: 0.3, seed: 5 }));
    expect(messages.map((message) => message.event)).toEqual(["layout", ...Array.from({ length: 10 }, () => "reveal"), "done"]);
    const cells = Array.from({ length: 10 }, () => null);
    const settings = { steps: 10, alg: "entropy", temperature: 0.3, top_p: 1, seed: 5 };
    expect(messages[0]?.data).toEqual({ prompt_tokens: 7, cells, completion_length: 10, ...settings });
    const changes = { positions: [9], texts: [""], confidence: [0], entropy: [0], edited: [], filled: [], remasked: [] };
    expect(messages[1]?.data).toEqual({ step: 0, ...changes, forward_passes: 1 });
    const { ar_ness: arNess, ...result } = messages.at(-1)!.data;
    expect(result).toEqual({ text: ANSWER, finish_reason: "stop", completion_tokens: 8, forward_passes: 10, seconds: 0.5 });
    // order 9, 0, 2, 1, 3, 5, 4, 6, 8, 7: 0, 1, 3, 4, 6 and 7 are the leftmost mask when they are revealed
    expect(arNess.map(({ k, global }: { k: number; global: number }) => [k, global])).toEqual([
      [1, 0.6],
      [2, 0.9],
      [4, 0.9],
    ]);
    expect(arNess[0]).toMatchObject({ random: expect.closeTo(0.292897, 6) });
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
});
