// What a person should know of the model before the first prompt. The small model that comes with the package knows one kind of
// request; of others the package knows nothing.
import { resolve } from "node:path";
import { bundledModelDir } from "./bundled-model.ts";

/** A request that the bundled model was trained on. */
export const EXAMPLE_PROMPT = "Return the sum of the elements of xs that are even.";

/** What a model can do, a sentence or two; empty for models that did not come with the package. */
export function whatItKnows(model: { dir: string }): string {
  if (resolve(model.dir) !== resolve(bundledModelDir())) return "";
  return `The small model that comes with the package knows only short requests for a Python function over a list of integers xs, such as "${EXAMPLE_PROMPT}"`;
}

/** What to say of an answer without text. */
export function emptyAnswerNote(model: { dir: string }): string {
  return ["The answer is empty: the model ended it at once.", whatItKnows(model)].filter((part) => part !== "").join(" ");
}
