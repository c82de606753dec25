import { InvalidArgumentError } from "@diffucoder/core";
import { describe, expect, it } from "vitest";
import { reader } from "./reader.fixture.ts";
import { toolCallTexts } from "./tool-calls.ts";

const argument = "constraint.tools";
const tools = [
  { name: "add", parameters: { type: "object", properties: { a: { $ref: "#/$defs/n" } }, required: ["a"], $defs: { n: { type: "integer" } } } },
  { name: 'say "hi"' },
];
const call = (name: string, given: string): string => `<tool_call>\n{"name": ${JSON.stringify(name)}, "arguments": ${given}}\n</tool_call>`;

describe("the texts of calls", () => {
  it("are of the functions there are, with arguments that fit", () => {
    const has = reader(toolCallTexts(tools, { argument }));
    const texts = [call("add", '{"a": 1}'), call('say "hi"', "{}"), `${call("add", '{"a":-2}')}\n${call('say "hi"', '{"x": [1]}')}`];
    const others = [
      "",
      call("other", "{}"),
      call("add", "{}"),
      call("add", '{"a": "1"}'),
      call('say "hi"', "[]"),
      `Sure. ${texts[0]}`,
      texts[0]!.slice(0, -1),
    ];
    expect(texts.filter((text) => !has(text))).toEqual([]);
    expect(others.filter((text) => has(text))).toEqual([]);
  });

  it("are as few as asked", () => {
    const has = reader(toolCallTexts(tools, { argument, maxCalls: 1 }));
    expect(has(call('say "hi"', "{}"))).toBe(true);
    expect(has(`${call('say "hi"', "{}")}\n${call('say "hi"', "{}")}`)).toBe(false);
  });

  it.each<[Parameters<typeof toolCallTexts>[0], string]>([
    [[], "constraint.tools must be at least one function, got []."],
    [[{ name: "f", parameters: { type: "string" } }], 'constraint.tools: the arguments of f must be an object, got a schema of type "string".'],
    [
      [{ name: "f", parameters: { properties: { a: { type: "string", format: "email" } } } }],
      'constraint.tools: f.properties.a.format: it is not supported, got "email".',
    ],
  ])("of %j are refused", (given, message) => {
    expect(() => toolCallTexts(given, { argument })).toThrow(InvalidArgumentError);
    expect(() => toolCallTexts(given, { argument })).toThrow(expect.objectContaining({ message }));
  });
});
