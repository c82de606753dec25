import { fileURLToPath } from "node:url";

/** A recipe that comes with this package, or the small model's `"tokenizer"`. */
export type RecipeName = "adapt" | "coupled-grpo" | "evaluate" | "midtrain" | "quickstart" | "sft" | "tinycode-base" | "tokenizer";

/** Path of the paper's recipe of a stage if it is asked for by the name of its model, `"diffucoder-7b"`; `undefined` for another name, or a command that it has none of. */
export function paperRecipe(model: string, command: RecipeName): string | undefined {
  const hasOne = ["adapt", "midtrain", "sft", "coupled-grpo"].includes(command);
  return model === "diffucoder-7b" && hasOne ? fileURLToPath(new URL(`../recipes/${model}/${command}.json`, import.meta.url)) : undefined;
}

/** Path of a recipe that comes with this package, such as `"coupled-grpo"`, or of the small model's `"tokenizer"`. */
export function recipeFile(name: RecipeName): string {
  return fileURLToPath(new URL(`../recipes/${name}.json`, import.meta.url));
}
