import { describe, expect, it } from "vitest";
import type { Engine } from "./engine.ts";
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
      "tools.0.function.strict: must be false: arguments are not held to their schema",
    ],
    [{ tool_choice: "required" }, "tool_choice", 'tool_choice: must be "none" or "auto", or left out: nothing else is supported, got "required"'],
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
