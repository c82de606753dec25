import { a2dQwen2 } from "./a2d-qwen2.ts";
import { a2dQwen3 } from "./a2d-qwen3.ts";
import { coda } from "./coda.ts";
import { dream } from "./dream.ts";
import type { ModelFamily } from "./family.ts";
import { fastDllmV2 } from "./fast-dllm-v2.ts";
import { llama } from "./llama.ts";
import { openDcoder } from "./open-dcoder.ts";
import { qwen2 } from "./qwen2.ts";
import { qwen3 } from "./qwen3.ts";
import { sdar } from "./sdar.ts";
import { stableDiffcoder } from "./stable-diffcoder.ts";

/** Every family. Of those with the same `model_type`, the first is the one for classes that no family names. */
export const MODEL_FAMILIES: readonly ModelFamily[] = [
  dream,
  qwen2,
  llama,
  qwen3,
  a2dQwen2,
  a2dQwen3,
  coda,
  sdar,
  fastDllmV2,
  openDcoder,
  stableDiffcoder,
];

/** The family of a config that names none. */
export const DEFAULT_FAMILY = dream;

/** The family that a config names. */
export function familyOf({ family = DEFAULT_FAMILY.name }: { readonly family?: string | undefined }): ModelFamily {
  const found = MODEL_FAMILIES.find(({ name }) => name === family);
  if (found === undefined) throw new Error(`config.ts lets no family pass that is not here, got ${family}`);
  return found;
}

/**
 * The family of a config.json: by its class, else by its `model_type`; `undefined` if it is none of these.
 *
 * @param hasMaskToken whether the tokenizer beside it has a mask token
 */
export function familyOfFile(file: Readonly<Record<string, unknown>>, { hasMaskToken = false } = {}): ModelFamily | undefined {
  const hasMask = hasMaskToken || (file["mask_token_id"] ?? undefined) !== undefined;
  const ofType = MODEL_FAMILIES.filter(({ modelType, isToldByMask = false }) => modelType === file["model_type"] && (hasMask || !isToldByMask));
  const classes = classesOf(file);
  const named = ofType.filter(({ architecture }) => classes.includes(architecture));
  return named.find(({ isToldByMask }) => isToldByMask) ?? named[0] ?? ofType[0];
}

/** Names of the classes that a config.json gives for its model: in `architectures`, and without their files in `auto_map`. */
export function classesOf({ architectures, auto_map: code }: Readonly<Record<string, unknown>>): readonly unknown[] {
  const listed: readonly unknown[] = Array.isArray(architectures) ? architectures : [];
  const mapped = typeof code === "object" && code !== null ? Object.values(code).filter((name) => typeof name === "string") : [];
  return [...listed, ...mapped.map((name) => name.slice(name.lastIndexOf(".") + 1))];
}
