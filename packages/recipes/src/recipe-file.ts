import { fileURLToPath } from "node:url";

/** Path of a recipe that comes with this package, such as `"coupled-grpo"`, or of the small model's `"tokenizer"`. */
export function recipeFile(name: "coupled-grpo" | "evaluate" | "quickstart" | "tinycode-base" | "tokenizer"): string {
  return fileURLToPath(new URL(`../recipes/${name}.json`, import.meta.url));
}
