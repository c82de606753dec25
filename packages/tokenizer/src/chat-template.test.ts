import { InvalidArgumentError } from "@diffucoder/core";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { ChatTemplate, cutAtSpecial, type TemplatePart } from "./chat-template.ts";

const special = ["<|im_start|>", "<|im_end|>", "<|mask|>", "<tool_call>", "<|im_end|>x"];
const chatML = `{%- for message in messages %}
    {{- '<|im_start|>' + message.role + '\\n' + message.content | trim + '<|im_end|>' + '\\n' }}
{%- endfor %}
{%- if add_generation_prompt %}
    {{- '<|im_start|>assistant\\n' }}
{%- endif %}`;

const render = (source: string, content: string, role = "user"): TemplatePart[] =>
  new ChatTemplate(source, special).render({ messages: [{ role, content }], addGenerationPrompt: false, tokens: { bos_token: "<|im_start|>" } });

describe("ChatTemplate", () => {
  it("gives the template's special tokens and the text between", () => {
    expect(render(chatML, " hi ")).toEqual([{ special: "<|im_start|>" }, { text: "user\nhi" }, { special: "<|im_end|>" }, { text: "\n" }]);
    expect(render("{{ bos_token }}{{ messages[0].content }}", "hi")).toEqual([{ special: "<|im_start|>" }, { text: "hi" }]);
  });

  it("keeps what a message says as text, whatever it says", () => {
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
    expect(() => new ChatTemplate("{% if %}", special)).toThrow(InvalidArgumentError);
    expect(() => new ChatTemplate("{% if %}", special)).toThrow(/^chat_template must be a Jinja template \(/);
    expect(() => render("{{ raise_exception('roles must alternate') }}", "x")).toThrow(
      /^messages must be such as the model's chat template takes \(roles must alternate\), got /,
    );
  });
});

describe("cutAtSpecial", () => {
  it("takes the longest token that fits", () => {
    expect(cutAtSpecial("a<|im_end|>xy<|im_end|>", special)).toEqual([
      { text: "a" },
      { special: "<|im_end|>x" },
      { text: "y" },
      { special: "<|im_end|>" },
    ]);
    expect(cutAtSpecial("a", [])).toEqual([{ text: "a" }]);
  });
});
