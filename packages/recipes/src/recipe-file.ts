import { fileURLToPath } from "node:url";

/** A recipe that comes with this package, or the small model's `"tokenizer"`. */
export type RecipeName = "adapt" | "coupled-grpo" | "evaluate" | "midtrain" | "quickstart" | "sft" | "tinycode-base" | "tokenizer";

/** Path of a recipe that comes with this package, such as `"coupled-grpo"`, or of the small model's `"tokenizer"`. */
export function recipeFile(name: RecipeName): string {
  return fileURLToPath(new URL(`../recipes/${name}.json`, import.meta.url));
}
