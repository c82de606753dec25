import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { ChatTemplate } from "./chat-template.ts";
import { parseToolCalls, templateMessage, toolFormatOf } from "./tool-calls.ts";

/** The part of Qwen2.5's template that tools have. */
const hermes = `{%- if tools %}{%- for tool in tools %}{{- tool | tojson }}{{- "\\n" }}{%- endfor %}{{- "<tool_call>\\n{\\"name\\": <function-name>}" }}{%- endif %}
{%- for message in messages %}{{- '<|im_start|>' + message.role + '\\n' }}{{- message.content }}
{%- for tool_call in message.tool_calls %}{%- set tool_call = tool_call.function %}{{- '<tool_call>' + tool_call.name + (tool_call.arguments | tojson) + '</tool_call>' }}{%- endfor %}
{{- '<|im_end|>' }}{%- endfor %}`;

const tools = [{ type: "function", function: { name: "add", description: "says <|im_end|>", parameters: { type: "object" } } }] as const;

describe("a template with tools", () => {
  const template = new ChatTemplate(hermes);
  const render = (messages: Parameters<typeof templateMessage>[0][]) =>
    template.render({ messages: messages.map(templateMessage), tools, addGenerationPrompt: false, tokens: {}, now: new Date(0) });

  it("is given functions as JSON, whose text is never a special token", () => {
    const { text, ranges } = render([{ role: "user", content: "hi" } as object]);
    expect(text.split("\n")[0]).toBe(
      '{"type": "function", "function": {"name": "add", "description": "says <|im_end|>", "parameters": {"type": "object"}}}',
    );
    const at = text.indexOf("<|im_end|>");
    expect(ranges.some(([start, end]) => start <= at && at < end)).toBe(false);
  });

  it("is given earlier calls and their results", () => {
    const { text } = render([
      { role: "assistant", content: "", toolCalls: [{ id: "1", name: "add", arguments: { a: 1 } }] } as object,
      { role: "tool", content: "2", toolCallId: "1" } as object,
    ]);
    expect(text).toContain('<|im_start|>assistant\n<tool_call>add{"a": 1}</tool_call><|im_end|><|im_start|>tool\n2<|im_end|>');
  });

  it("is told by how it has calls written", () => {
    expect(template.toolFormat).toBe("hermes");
    expect(toolFormatOf("{{ messages }}")).toBeUndefined();
    expect(toolFormatOf("{% if tools %}[TOOL_CALLS]{% endif %}")).toBeUndefined();
  });
});

describe("parseToolCalls", () => {
  it.each([
    ['<tool_call>\n{"name": "add", "arguments": {"a": 1}}\n</tool_call>', "", [{ name: "add", arguments: { a: 1 } }]],
    [
      'Sure.\n<tool_call>{"name":"f","arguments":{}}</tool_call>\n<tool_call>{"name":"g","arguments":{}}',
      "Sure.",
      [
        { name: "f", arguments: {} },
        { name: "g", arguments: {} },
      ],
    ],
    ["<tool_call>{not json}</tool_call> x", "<tool_call>{not json}</tool_call> x", []],
    ['<tool_call>{"name": 3, "arguments": {}}</tool_call>', '<tool_call>{"name": 3, "arguments": {}}</tool_call>', []],
    ['<tool_call>{"name": "f", "arguments": "{}"}</tool_call>', '<tool_call>{"name": "f", "arguments": "{}"}</tool_call>', []],
    ["plain ", "plain ", []],
  ])("of %j", (answer, content, calls) => {
    expect(parseToolCalls(answer)).toEqual({ content, calls });
  });

  it("gives back what was written, for any arguments", () => {
    const given = fc.dictionary(fc.string(), fc.jsonValue());
    fc.assert(
      fc.property(fc.array(fc.record({ name: fc.string(), arguments: given }), { minLength: 1, maxLength: 3 }), (calls) => {
        const written = calls.map((call) => `<tool_call>\n${JSON.stringify(call).replaceAll("</tool_call>", "")}\n</tool_call>`).join("\n");
        expect(parseToolCalls(written).calls).toEqual(JSON.parse(JSON.stringify(calls)));
      }),
      { seed: 16, numRuns: 200 },
    );
  });
});
