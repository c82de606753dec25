import { writeFileSync } from "node:fs";
import { join } from "node:path";
import OpenAI from "openai";
import { afterAll, describe, expect, it } from "vitest";
import type { Engine } from "./engine.ts";
import { loadDiffuCoder } from "diffucoder";
import { makeTinyModel } from "../../../packages/engine/src/tiny-model.fixture.ts";
import { createFakeEngine } from "./fake-engine.fixture.ts";
import { messagesOf, serve } from "./served.fixture.ts";

const CALL = ["Sure.\n", "<tool", "_call>", '{"name": "add", "arguments": {"a": 1}}', "</tool_call>", ""];
const tools = [{ type: "function", function: { name: "add", parameters: { type: "object" } } }];
const messages = [{ role: "user", content: "1 + 1" }];

/** A model whose template takes tools, and that answers with these tokens from left to right. */
const calling = (tokens = CALL) => {
  const engine = createFakeEngine({ tokens, order: tokens.map((_, i) => i) });
  const tokenizer = Object.create(engine.tokenizer, { toolFormat: { value: "hermes" } }) as Engine["tokenizer"];
  return { ...engine, tokenizer };
};

describe("tools", () => {
  it("reach the model, and its calls come back in OpenAI's form", async () => {
    const engine = calling();
    const { post } = await serve(engine);
    const answer: any = await (await post("/v1/chat/completions", { messages, tools })).json();
    expect(answer.choices).toEqual([
      {
        index: 0,
        message: {
          role: "assistant",
          content: "Sure.\n",
          refusal: null,
          tool_calls: [{ id: expect.stringMatching(/^call_/), type: "function", function: { name: "add", arguments: '{"a":1}' } }],
        },
        logprobs: null,
        finish_reason: "tool_calls",
      },
    ]);
    expect(engine.calls[0]).toMatchObject({ messages, tools });
  });

  it("stream: text as it is settled, and the calls at the end", async () => {
    const { post } = await serve(calling());
    const chunks = await messagesOf(await post("/v1/chat/completions", { messages, tools, stream: true }));
    const deltas = chunks.flatMap(({ data }) => (data === "[DONE]" ? [] : data.choices.map((choice: any) => choice.delta)));
    expect(deltas.map((delta: any) => delta.content ?? "").join("")).toBe("Sure.\n");
    expect(deltas.filter((delta: any) => delta.tool_calls)).toEqual([
      { tool_calls: [{ index: 0, id: expect.any(String), type: "function", function: { name: "add", arguments: '{"a":1}' } }] },
    ]);
  });

  it("leave what is no call as text", async () => {
    const { post } = await serve(calling(["<tool_call>", "{add}", ""]));
    const answer: any = await (await post("/v1/chat/completions", { messages, tools })).json();
    expect(answer.choices[0]).toMatchObject({ message: { content: "<tool_call>{add}" }, finish_reason: "stop" });
  });

  it("take calls and results back", async () => {
    const engine = calling(["2", ""]);
    const { post } = await serve(engine);
    const call = { id: "call_1", type: "function", function: { name: "add", arguments: '{"a":1}' } };
    const history = [...messages, { role: "assistant", content: null, tool_calls: [call] }, { role: "tool", tool_call_id: "call_1", content: "2" }];
    expect((await post("/v1/chat/completions", { messages: history, tools, tool_choice: "none" })).status).toBe(200);
    expect(engine.calls[0]!.messages!.slice(1)).toEqual([
      { role: "assistant", content: "", toolCalls: [{ id: "call_1", name: "add", arguments: { a: 1 } }] },
      { role: "tool", content: "2", toolCallId: "call_1" },
    ]);
    expect(engine.calls[0]).not.toHaveProperty("tools");
  });

  it.each([
    [
      { tools },
      "tools",
      "tools: the model's chat template takes none, or has calls written in a form that this server does not read. Leave them out.",
    ],
    [
      { tools: [{ type: "function", function: { name: "f", strict: true } }] },
      "tools.0.function.strict",
      'tools.0.function.strict: must be false unless tool_choice is "required" or names a function: else nothing holds the arguments to their schema',
    ],
    [{ tool_choice: "required" }, "tool_choice", "tool_choice: there are no tools"],
    [{ tools, tool_choice: { type: "function", function: { name: "sub" } } }, "tool_choice", 'tool_choice: there is no tool with the name "sub"'],
    [{ tools, tool_choice: "any" }, "tool_choice", 'tool_choice: expected "none", "auto", "required" or a function by its name'],
    [{ tools, tool_choice: "required", regex: "a" }, "tool_choice", "tool_choice: cannot be combined with regex; an answer keeps to one of them"],
    [
      { messages: [{ role: "assistant", tool_calls: [{ id: "1", type: "function", function: { name: "f", arguments: "[" } }] }] },
      "messages.0.tool_calls.0.function.arguments",
      "messages.0.tool_calls.0.function.arguments: must be a JSON object",
    ],
  ])("are refused by name: %j", async (fields, param, message) => {
    const { post } = await serve(createFakeEngine());
    const response = await post("/v1/chat/completions", { messages, ...fields });
    expect([response.status, await response.json()]).toMatchObject([400, { error: { param, message } }]);
  });
});

describe("tools of /v1/responses", () => {
  const flat = [{ type: "function", name: "add", parameters: { type: "object" } }];

  it("reach the model, and its calls are items", async () => {
    const engine = calling();
    const { post } = await serve(engine);
    const answer: any = await (await post("/v1/responses", { input: "1 + 1", tools: flat })).json();
    expect(answer).toMatchObject({ status: "completed", tools: [{ ...flat[0], strict: false }], tool_choice: "auto" });
    expect(answer.output).toEqual([
      expect.objectContaining({ type: "message", content: [{ type: "output_text", text: "Sure.\n", annotations: [], logprobs: [] }] }),
      {
        id: expect.stringMatching(/^fc_/),
        type: "function_call",
        status: "completed",
        call_id: expect.stringMatching(/^call_/),
        name: "add",
        arguments: '{"a":1}',
      },
    ]);
    expect(engine.calls[0]).toMatchObject({ messages, tools });
  });

  it("stream: an item each, calls at the end", async () => {
    const { post } = await serve(calling(CALL.slice(1)));
    const told = await messagesOf(await post("/v1/responses", { input: "1 + 1", tools: flat, stream: true }));
    const item = { type: "function_call", name: "add" };
    expect(told.slice(2)).toMatchObject([
      { event: "response.output_item.added", data: { output_index: 0, item: { ...item, status: "in_progress", arguments: "" } } },
      { event: "response.function_call_arguments.delta", data: { output_index: 0, delta: '{"a":1}' } },
      { event: "response.function_call_arguments.done", data: { output_index: 0, name: "add", arguments: '{"a":1}' } },
      { event: "response.output_item.done", data: { output_index: 0, item: { ...item, status: "completed", arguments: '{"a":1}' } } },
      { event: "response.completed", data: { response: { output: [item] } } },
    ]);
  });

  it("take calls and results back", async () => {
    const engine = calling(["2", ""]);
    const { post } = await serve(engine);
    const input = [
      { role: "user", content: "1 + 1" },
      { type: "message", role: "assistant", content: "Sure." },
      { type: "function_call", call_id: "call_1", name: "add", arguments: '{"a":1}', id: "fc_1", status: "completed" },
      { type: "function_call_output", call_id: "call_1", output: "2" },
    ];
    expect((await post("/v1/responses", { input, tools: flat, tool_choice: "none" })).status).toBe(200);
    expect(engine.calls[0]!.messages).toEqual([
      ...messages,
      { role: "assistant", content: "Sure.", toolCalls: [{ id: "call_1", name: "add", arguments: { a: 1 } }] },
      { role: "tool", content: "2", toolCallId: "call_1" },
    ]);
  });

  it.each([
    [
      { tools: [{ type: "web_search" }] },
      "tools.0.type",
      "tools.0.type: must be function: there are no tools of the server's own; tools.0.name: is missing; it must be a string",
    ],
    [
      { input: [{ type: "function_call", call_id: "1", name: "f", arguments: "[" }] },
      "input.0.arguments",
      "input.0.arguments: must be a JSON object",
    ],
    [{ input: [{ role: "x", content: "" }] }, "input.0.role", expect.stringContaining("input.0.role: ")],
    [{ input: 3 }, "input", "input: expected a text or a list of messages"],
  ])("are refused by name: %j", async (fields, param, message) => {
    const { post } = await serve(createFakeEngine());
    const response = await post("/v1/responses", { input: "x", ...fields });
    expect([response.status, await response.json()]).toMatchObject([400, { error: { param, message } }]);
  });
});

describe("a choice of tools, with a model that knows nothing", async () => {
  const { dir, remove } = makeTinyModel({
    generationConfig: { promptLength: 512, maxNewTokens: 112, steps: 16 },
    model: { maxPositionEmbeddings: 640 },
  });
  const template = `{%- for tool in tools or [] %}{{- tool | tojson }}{%- endfor %}{%- if tools %}{{- "<tool_call>\\n{}" }}{%- endif %}
{%- for message in messages %}{{- '<|im_start|>' + message.role + '\\n' + message.content + '<|im_end|>' }}{%- endfor %}{{- '<|im_start|>assistant\\n' }}`;
  writeFileSync(join(dir, "chat_template.jinja"), template);
  const coder = await loadDiffuCoder(dir);
  afterAll(async () => {
    await coder.close();
    remove();
  });
  const parameters = { type: "object", properties: { a: { type: "integer" } }, required: ["a"], additionalProperties: false };
  const tools = ["add", "sub"].map((name) => ({ type: "function" as const, function: { name, parameters, strict: true } }));

  it("holds the answer to calls that fit", async () => {
    const client = new OpenAI({ baseURL: `${(await serve(coder)).url}/v1`, apiKey: "none", maxRetries: 0 });
    for (const [choice, names] of [
      ["required", /^(add|sub)$/],
      [{ type: "function", function: { name: "sub" } }, /^sub$/],
    ] as const) {
      const asked = { model: "tiny", messages: [{ role: "user" as const, content: "x" }], tools, tool_choice: choice, temperature: 1, seed: 3 };
      const { choices } = await client.chat.completions.create(asked);
      expect(choices[0]).toMatchObject({ finish_reason: "tool_calls", message: { content: null } });
      const calls = choices[0]!.message.tool_calls!.map((call) => (call as { function: { name: string; arguments: string } }).function);
      expect(calls.length).toBeGreaterThan(0);
      for (const call of calls) {
        expect(call.name).toMatch(names);
        expect(JSON.parse(call.arguments)).toEqual({ a: expect.any(Number) });
      }
    }
    const { output } = await client.responses.create({
      model: "tiny",
      input: "x",
      tools: tools.map(({ type, function: own }) => ({ type, ...own })),
      tool_choice: { type: "function", name: "add" },
    });
    expect(output).toMatchObject([{ type: "function_call", name: "add", arguments: expect.stringMatching(/^\{"a":-?\d+\}$/) }]);
  });
});
