import { dream } from "./dream.ts";
import type { ModelFamily } from "./family.ts";
import { llama } from "./llama.ts";
import { qwen2 } from "./qwen2.ts";

/** Every family. Of those with the same `model_type`, the first is the one for classes that no family names. */
export const MODEL_FAMILIES: readonly ModelFamily[] = [dream, qwen2, llama];

/** The family of a config that names none. */
export const DEFAULT_FAMILY = dream;

/** The family that a config names. */
export function familyOf({ family = DEFAULT_FAMILY.name }: { readonly family?: string | undefined }): ModelFamily {
  const found = MODEL_FAMILIES.find(({ name }) => name === family);
  if (found === undefined) throw new Error(`config.ts lets no family pass that is not here, got ${family}`);
  return found;
}

/** The family of a config.json: by its class, else by its `model_type`; `undefined` if it is none of these. */
export function familyOfFile({ model_type: type, architectures }: Readonly<Record<string, unknown>>): ModelFamily | undefined {
  const ofType = MODEL_FAMILIES.filter(({ modelType }) => modelType === type);
  const classes: readonly unknown[] = Array.isArray(architectures) ? architectures : [];
  return ofType.find(({ architecture }) => classes.includes(architecture)) ?? ofType[0];
}
