// Chat templates (Jinja, as in Hugging Face's tokenizer_config.json), rendered on the real text of the messages. Each character of the result records
// whether the template or a message wrote it, and only the template's text may contain special tokens.
import { InvalidArgumentError } from "@diffucoder/core";
import type { Range } from "./added-tokens.ts";
import { Budget } from "./jinja/budget.ts";
import { renderTemplate } from "./jinja/interpreter.ts";
import { type Node, parseTemplate } from "./jinja/syntax.ts";
import { Text } from "./jinja/text.ts";
import { type ToolFormat, toolFormatOf } from "./tool-calls.ts";
import { fromData, TemplateError } from "./jinja/values.ts";

export interface RenderOptions {
  messages: readonly object[];
  /** Functions that may be called. @default none */
  tools?: readonly object[] | undefined;
  addGenerationPrompt: boolean;
  /** Names of special tokens that the template may use, e.g. `{ bos_token: "<s>" }`. */
  tokens: Readonly<Record<string, string>>;
  /** What `strftime_now` gives the template. */
  now: Date;
}

/** A rendered conversation, and the ranges of it that the template wrote. */
export interface Rendered {
  text: string;
  ranges: Range[];
}

/** The longest published templates have some 30,000 characters. */
const MAX_SOURCE = 1_000_000;

/** Roles that templates make special tokens of, as in `'<|' + message.role + '|>'`; in other strings a message is text. */
const roles: ReadonlySet<string> = new Set(["system", "developer", "user", "assistant", "tool", "function", "ipython"]);

export class ChatTemplate {
  readonly #body: readonly Node[];
  /** How it has calls written; `undefined` if it takes no tools, or in a form that is not read here. */
  readonly toolFormat: ToolFormat | undefined;

  /** @throws {InvalidArgumentError} if the source is not Jinja */
  constructor(source: string) {
    if (source.length > MAX_SOURCE)
      throw new InvalidArgumentError({ argument: "chat_template", value: source, expected: `at most ${MAX_SOURCE} characters long` });
    this.toolFormat = toolFormatOf(source);
    try {
      this.#body = parseTemplate(source);
    } catch (cause) {
      throw new InvalidArgumentError({ argument: "chat_template", value: source, expected: `a Jinja template (${problemOf(cause)})` });
    }
  }

  /** @throws {InvalidArgumentError} if the template refuses the messages, or takes too many steps */
  render({ messages, tools, addGenerationPrompt, tokens, now }: RenderOptions): Rendered {
    try {
      let length = 0;
      const given = fromData(messages, (text, key) => {
        length += text.length;
        return key === "role" && roles.has(text) ? Text.ofTemplate(text) : Text.ofMessage(text);
      });
      const functions = fromData(tools, (text) => {
        length += text.length;
        return Text.ofMessage(text);
      });
      const named = Object.fromEntries(Object.entries(tokens).map(([name, text]) => [name, Text.ofTemplate(text)]));
      const variables = { messages: given, tools: functions, add_generation_prompt: addGenerationPrompt, ...named };
      const { value, origin } = renderTemplate(this.#body, variables, { budget: new Budget(length), now });
      return { text: value, ranges: Array.from(origin.matchAll(/t+/g), ({ index, 0: run }) => [index, index + run.length]) };
    } catch (cause) {
      throw new InvalidArgumentError({
        argument: "messages",
        value: messages,
        expected: `such as the model's chat template takes (${problemOf(cause)})`,
      });
    }
  }
}

function problemOf(cause: unknown): string {
  if (cause instanceof RangeError) return "it is nested too deeply, or too long";
  if (cause instanceof TemplateError || cause instanceof SyntaxError) return cause.message;
  return (cause as Error).message;
}
