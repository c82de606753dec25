import { InvalidArgumentError } from "@diffucoder/core";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { AddedTokens } from "./added-tokens.ts";
import { ChatTemplate } from "./chat-template.ts";

const special = ["<|im_start|>", "<|im_end|>", "<|mask|>", "<tool_call>", "<|im_end|>x"];
const chatML = `{%- for message in messages %}
    {{- '<|im_start|>' + message.role + '\\n' + message.content | trim + '<|im_end|>' + '\\n' }}
{%- endfor %}
{%- if add_generation_prompt %}
    {{- '<|im_start|>assistant\\n' }}
{%- endif %}`;

type Part = { text: string } | { special: string };

const added = new AddedTokens(
  special.map((content, id) => ({ id, content })),
  (text) => text,
);

const now = new Date(2026, 2, 5, 9, 7);

/** What the template makes, with special tokens by their text. */
const render = (source: string, content: unknown, role = "user"): Part[] => {
  const options = { messages: [{ role, content }], addGenerationPrompt: false, tokens: { bos_token: "<|im_start|>" }, now };
  const { text, ranges } = new ChatTemplate(source).render(options);
  return added.cut(text, ranges).map((part) => ("id" in part ? { special: special[part.id]! } : part));
};

const written = (source: string, content: unknown = ""): string => {
  const options = { messages: [{ role: "user", content }], addGenerationPrompt: false, tokens: {}, now };
  return new ChatTemplate(source).render(options).text;
};

describe("ChatTemplate", () => {
  it.each(["startswith", "endswith", "find", "rfind", "index", "count"])("refuses %s with a place to begin at, which it would not heed", (method) => {
    expect(() => written(`{{ messages[0].content.${method}("a", 1) }}`, "aba")).toThrow(`(${method} takes one argument here)`);
  });

  it("gives the template's special tokens and the text between", () => {
    expect(render(chatML, " hi ")).toEqual([{ special: "<|im_start|>" }, { text: "user\nhi" }, { special: "<|im_end|>" }, { text: "\n" }]);
    expect(render("{{ bos_token }}{{ messages[0].content }}", "hi")).toEqual([{ special: "<|im_start|>" }, { text: "hi" }]);
  });

  it("keeps what a message says as text", () => {
    const piece = fc.constantFrom(...special, "<|", "|>", "<", ">", "im_end", "|", "mask", "tool", "call>", "a", "\n", "\uFDD0", "{{ bos_token }}");
    const text = fc.array(piece, { maxLength: 6 }).map((parts) => parts.join(""));
    fc.assert(
      fc.property(text, (content) => {
        const parts = render(chatML, content);
        expect(parts.filter((part) => "special" in part)).toEqual([{ special: "<|im_start|>" }, { special: "<|im_end|>" }]);
        expect(parts[1]).toEqual({ text: `user\n${content.trim()}` });
      }),
      { numRuns: 300 },
    );
  });

  it("keeps a message from completing a special token with the template's own text", () => {
    expect(render("<|im_end{{ messages[0].content }}", "|>")).toEqual([{ text: "<|im_end|>" }]);
    expect(render("{{ messages[0].content }}mask|>", "<|")).toEqual([{ text: "<|mask|>" }]);
    expect(render("<|m{{ messages[0].content }}k|>", "as")).toEqual([{ text: "<|mask|>" }]);
    expect(render("{{ messages[0].role }}", "", "<|mask|>")).toEqual([{ text: "<|mask|>" }]);
  });

  it("lets templates compare roles", () => {
    expect(render("{{ 'yes' if messages[0].role == 'tool' else 'no' }}", "x", "tool")).toEqual([{ text: "yes" }]);
  });

  it("names a template that is no Jinja, and messages that it refuses", () => {
    expect(() => new ChatTemplate("{% if %}")).toThrow(InvalidArgumentError);
    expect(() => new ChatTemplate("{% if %}")).toThrow(/^chat_template must be a Jinja template \(/);
    expect(() => render("{{ raise_exception('roles must alternate') }}", "x")).toThrow(
      /^messages must be such as the model's chat template takes \(roles must alternate\), got /,
    );
  });

  it("lets templates look at what a message says, where it spells out special tokens too", () => {
    const thinks = "{% if '<tool_call>' in messages[0].content %}{{ messages[0].content.split('<tool_call>')[-1] }}{% endif %}<tool_call>";
    expect(render(thinks, "a<tool_call>b<|mask|>")).toEqual([{ text: "b<|mask|>" }, { special: "<tool_call>" }]);
    expect(written("{{ messages[0].content.startswith('<|im_end|>') }} {{ messages[0].content | length }}", "<|im_end|>a")).toBe("True 11");
  });

  it("keeps text a message's through every change that a template makes of it", () => {
    const content = "<|MASK|> <|ma sk|>";
    for (const change of [
      "C | lower",
      "C | lower | trim",
      "(C | lower)[0:8]",
      "C[::-1][::-1] | lower",
      "C.lower().split(' ')[0]",
      "C.replace(' ', '').lower()",
      "C.lower().split(' ') | join",
      "C.lower() | list | join",
      "'' ~ C.lower()",
      "C.lower() * 2",
      "C.lower() | tojson",
      "[C.lower()]",
      "C.lower() | indent",
      "C.lower() | first + 'x'",
    ])
      expect(render(`{{ ${change.replaceAll("C", "messages[0].content")} }}`, content).filter((part) => "special" in part)).toEqual([]);
  });

  it("makes a special token of a role that is one of the usual ones", () => {
    const role = "{{ '<|im_' + messages[0].role + '|>' }}";
    expect(render(role, "", "end")).toEqual([{ text: "<|im_end|>" }]);
    const users = new AddedTokens([{ id: 0, content: "<|user|>" }], (text) => text);
    const { text, ranges } = new ChatTemplate("{{ '<|' + messages[0].role + '|>' }}").render({
      messages: [{ role: "user", content: "" }],
      addGenerationPrompt: false,
      tokens: {},
      now,
    });
    expect(users.cut(text, ranges)).toEqual([{ id: 0 }]);
  });

  it("knows the time that it is given", () => {
    expect(written("{{ strftime_now('%d %b %Y, %A %H:%M:%S %p %y-%m %B %a %I %% %q') }}")).toBe(
      "05 Mar 2026, Thursday 09:07:00 AM 26-03 March Thu 09 % %q",
    );
  });

  const forever = (problem: string): string =>
    `messages must be such as the model's chat template takes (${problem}), got [{"role":"user","content":""}].`;
  it.each([
    ["a long range", "{% for i in range(100000000000) %}a{% endfor %}"],
    ["loops within loops", "{% for i in range(9999) %}{% for j in range(9999) %}{% for k in range(9999) %}{% endfor %}{% endfor %}{% endfor %}"],
    ["doubling", "{% set ns = namespace(s='a') %}{% for i in range(99) %}{% set ns.s = ns.s ~ ns.s %}{% endfor %}{{ ns.s }}"],
    ["lists that double", "{% set ns = namespace(s=[1]) %}{% for i in range(99) %}{% set ns.s = ns.s + ns.s %}{% endfor %}"],
    ["a repeated string", "{{ 'a' * 10000000000 }}"],
    ["replace", "{% set ns = namespace(s='aa') %}{% for i in range(99) %}{% set ns.s = ns.s | replace('a', ns.s) %}{% endfor %}"],
    ["join", "{% set ns = namespace(s='aa') %}{% for i in range(99) %}{% set ns.s = ns.s | list | join(ns.s) %}{% endfor %}"],
    ["blocks", "{% set a = 'aaaaaaaa' %}".concat("{% set a %}{{ a }}{{ a }}{{ a }}{{ a }}{% endset %}".repeat(40))],
    ["lists within lists", "{% set ns = namespace(s=[]) %}{% for i in range(99) %}{% set ns.s = [ns.s, ns.s] %}{% endfor %}{{ ns.s }}"],
    [
      "equal lists",
      "{% set ns = namespace(s=[], t=[]) %}{% for i in range(99) %}{% set ns.s = [ns.s, ns.s] %}{% set ns.t = [ns.t, ns.t] %}{% endfor %}{{ ns.s == ns.t }}",
    ],
    ["JSON of lists", "{% set ns = namespace(s=[]) %}{% for i in range(99) %}{% set ns.s = [ns.s, ns.s] %}{% endfor %}{{ ns.s | tojson }}"],
  ])("stops a template that would never end: %s", (_, source) => {
    expect(() => written(source)).toThrow(forever("it takes more than 1000200 steps"));
  });

  it.each([
    ["macros without end", "{% macro f() %}{{ f() }}{% endmacro %}{{ f() }}", "its macros call each other more than 100 deep"],
    [
      "a deep list",
      "{% set ns = namespace(s=[]) %}{% for i in range(99999) %}{% set ns.s = [ns.s] %}{% endfor %}{{ ns.s }}",
      "it takes more than 1000200 steps",
    ],
    ["a long sum", `{{ ${"1+".repeat(100_000)}1 }}`, "it is nested too deeply, or too long"],
    ["an undefined value", "{{ nothing.at_all }}", "nothing is undefined"],
    ["a number for a text", "{{ messages[0].content + 1 }}", "+ does not take a string and a number"],
    ["an unknown filter", "{{ 1 | nope }}", "unknown filter nope"],
    ["an unknown test", "{{ 1 is nope }}", "unknown test nope"],
    ["a method that changes", "{{ messages.append(1) }}", "an undefined value cannot be called"],
    ["the prototype", "{{ messages.constructor('x') }}", "an undefined value cannot be called"],
  ])("names what is wrong: %s", (_, source, problem) => {
    expect(() => written(source)).toThrow(forever(problem));
  });
});
