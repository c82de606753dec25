import type { Tokenizer } from "@diffucoder/tokenizer";
import { completionText } from "./tiny-code/render.ts";
import type { Example } from "./tiny-code/tasks.ts";

/** Token ids of an example: the prompt as a chat, and the solution as the answer to it. */
export function encodeExample(
  { prompt, solution }: Example,
  tokenizer: Tokenizer,
): {
  /** The request as a chat, to where the answer begins. */
  promptIds: number[];
  /** Ends with the end-of-turn token. */
  completionIds: number[];
} {
  return {
    promptIds: tokenizer.encodeChat([{ role: "user", content: prompt }]),
    completionIds: [...tokenizer.encode(completionText(solution)), tokenizer.special.imEnd],
  };
}
