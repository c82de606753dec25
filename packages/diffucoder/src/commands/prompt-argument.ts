import { decodeText, InvalidArgumentError } from "@diffucoder/core";
import type { CommandContext } from "../command-context.ts";
import { EXAMPLE_PROMPT } from "../what-it-knows.ts";
import type { Flags } from "./setting-flags.ts";

/** The prompt, from the command line or standard input. */
export async function positionalPrompt(
  command: string,
  words: readonly string[],
  { flags, input }: { flags: Flags } & Pick<CommandContext, "input">,
): Promise<{ prompt?: string }> {
  if (words.length === 0) return {};
  if (words.length > 1) {
    throw new InvalidArgumentError({
      argument: "prompt",
      value: words,
      expected: "one argument",
      wayOut: `Put it in quotes: ${command} "${words.join(" ")}".`,
    });
  }
  if (flags["prompt"] !== undefined) {
    throw new InvalidArgumentError({ argument: "prompt", value: words[0], expected: "given once, as an argument or with --prompt" });
  }
  if (words[0] !== "-") return { prompt: words[0]! };
  return { prompt: decodeText(await input(), "standard input").replace(/\r?\n$/, "") };
}

/** Whether there is no prompt, or an empty one, as from a shell variable without a value. */
export function isMissing(prompt: string | undefined): boolean {
  return prompt === undefined || prompt === "";
}

/** The error for a missing prompt. */
export function noPrompt(command: string): InvalidArgumentError {
  const message = `Give a prompt: ${command} "${EXAMPLE_PROMPT}", or - to read it from standard input.`;
  return new InvalidArgumentError({ argument: "prompt", value: undefined, expected: "given", message });
}
