// Chat templates against Jinja itself in transformers' environment: golden/make-jinja.py writes what it makes of them.
import { readFileSync } from "node:fs";
import { InvalidArgumentError } from "@diffucoder/core";
import { expect, it } from "vitest";
import { ChatTemplate } from "./chat-template.ts";

const cases: { template: string; messages: { role: string; content: string }[]; result: string | null }[] = JSON.parse(
  readFileSync(new URL("../golden/jinja.json", import.meta.url), "utf8"),
);

const templates = [...new Set(cases.map(({ template }) => template))];

it.each(templates)("renders %s as Jinja does", (template) => {
  for (const { messages, result } of cases.filter((one) => one.template === template)) {
    const options = { messages, addGenerationPrompt: true, tokens: { bos_token: "<s>", eos_token: "</s>" }, now: new Date(0) };
    const render = (): string => new ChatTemplate(template).render(options).text;
    if (result === null) expect(render).toThrow(InvalidArgumentError);
    else expect(render(), JSON.stringify(messages)).toBe(result);
  }
});
