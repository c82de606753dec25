// Chat templates (Jinja, as in Hugging Face's tokenizer_config.json), rendered so that nothing in a message becomes a special
// token. Where a message spells one out, or could complete one together with the template's text, a mark is put between its
// characters; the rendered text is then cut at the special tokens that are left, which are the template's own, and the marks
// are taken out of the rest.
import { Template } from "@huggingface/jinja";
import { InvalidArgumentError } from "@diffucoder/core";

export interface RenderOptions {
  messages: readonly object[];
  addGenerationPrompt: boolean;
  /** Names of special tokens that the template may use, e.g. `{ bos_token: "<s>" }`. */
  tokens: Readonly<Record<string, string>>;
}

/** Text that is plain, and the special tokens between. */
export type TemplatePart = { text: string } | { special: string };

export class ChatTemplate {
  readonly #template: Template;
  readonly #special: readonly string[];

  /**
   * @param special texts of all special tokens
   * @throws {InvalidArgumentError} if the source is not Jinja
   */
  constructor(source: string, special: readonly string[]) {
    this.#special = special;
    try {
      this.#template = new Template(source);
    } catch (cause) {
      throw new InvalidArgumentError({ argument: "chat_template", value: source, expected: `a Jinja template (${(cause as Error).message})` });
    }
  }

  /** @throws {InvalidArgumentError} if the template refuses the messages */
  render({ messages, addGenerationPrompt, tokens }: RenderOptions): TemplatePart[] {
    const mark = unusedMark(JSON.stringify(messages));
    let rendered: string;
    try {
      rendered = this.#template.render({
        messages: messages.map((message) => mapStrings(message, (text, key) => breakSpecial(text, key, this.#special, mark))),
        add_generation_prompt: addGenerationPrompt,
        ...tokens,
      });
    } catch (cause) {
      throw new InvalidArgumentError({
        argument: "messages",
        value: messages,
        expected: `such as the model's chat template takes (${(cause as Error).message})`,
      });
    }
    return cutAtSpecial(rendered, this.#special).map((part) => ("text" in part ? { text: part.text.replaceAll(mark, "") } : part));
  }
}

/** Cuts a text at special tokens, the longest that fits first, as Hugging Face's tokenizers do. */
export function cutAtSpecial(text: string, special: readonly string[]): TemplatePart[] {
  if (special.length === 0) return [{ text }];
  const longestFirst = special.toSorted((a, b) => b.length - a.length).map((token) => token.replace(/[.*+?^${}()|[\]\\/-]/g, String.raw`\$&`));
  const parts = text.split(new RegExp(`(${longestFirst.join("|")})`, "u"));
  return parts.flatMap((part, i): TemplatePart[] => (part === "" ? [] : i % 2 === 1 ? [{ special: part }] : [{ text: part }]));
}

/** A noncharacter that the messages do not hold: Unicode keeps these for the inside of programs. */
function unusedMark(text: string): string {
  for (let code = 0xfdd0; code <= 0xfdef; code++) {
    const mark = String.fromCharCode(code);
    if (!text.includes(mark)) return mark;
  }
  throw new InvalidArgumentError({ argument: "messages", value: text, expected: "text without Unicode's 32 noncharacters" });
}

function breakSpecial(text: string, key: string, special: readonly string[], mark: string): string {
  let result = text;
  for (const token of special) result = result.replaceAll(token, token[0] + mark + token.slice(1));
  // Templates compare roles: one that only looks like a part of a token ("tool" of "<tool_call>") stays as it is.
  if (key === "role") return result;
  const endsLikeOne = special.some((token) => overlaps(result, token));
  const startsLikeOne = special.some((token) => overlaps(token, result));
  return (startsLikeOne ? mark : "") + result + (endsLikeOne ? mark : "");
}

/** Whether an end of `first` is a start of `second`, or one lies within the other's middle. */
function overlaps(first: string, second: string): boolean {
  for (let length = Math.min(first.length, second.length); length > 0; length--) if (first.endsWith(second.slice(0, length))) return true;
  return first !== "" && second.includes(first);
}

function mapStrings(value: unknown, map: (text: string, key: string) => string, key = ""): unknown {
  if (typeof value === "string") return map(value, key);
  if (Array.isArray(value)) return value.map((one) => mapStrings(one, map, key));
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([name, one]) => [name, mapStrings(one, map, name)]));
}
