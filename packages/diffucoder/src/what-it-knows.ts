// What a user should know about the model before the first prompt.
import type { GenerationConfig } from "@diffucoder/engine";

/** A request that the bundled model was trained on. */
export const EXAMPLE_PROMPT = "Return the sum of the elements of xs that are even.";

/** The message for an answer without text. */
export function emptyAnswerNote({ generationConfig: { scope } }: { generationConfig: Readonly<GenerationConfig> }): string {
  return ["The answer is empty: the model stopped at once.", ...(scope === undefined ? [] : [scope])].join(" ");
}
