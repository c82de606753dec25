// How published models of each family are decoded unless they or a call say otherwise: the defaults of their own samplers and
// evaluations (see docs/small-coders.md). Other families have those of DiffuCoder's paper.
import { basename, dirname } from "node:path";
import type { GenerationConfig } from "./generation-config.ts";

/** How models of a family are decoded where nothing else says so. */
export interface FamilyDefaults {
  /** By this package's names. */
  settings: Partial<GenerationConfig>;
  /** Keys of generation_config.json that the family's own code does not know. @default none */
  foreignKeys?: readonly string[];
}

const dllm: FamilyDefaults["settings"] = { alg: "mdlm", maxNewTokens: 256, steps: 256, temperature: 0, topP: 1 };

const families: Readonly<Record<string, FamilyDefaults>> = {
  "a2d-qwen2": { settings: dllm },
  "a2d-qwen3": { settings: dllm },
  // Its class draws positions at random, `origin`; the file that is published with it names algorithms and keys that it does not have.
  CoDA: {
    settings: { alg: "origin", maxNewTokens: 256, steps: 512, temperature: 0, topP: 1 },
    foreignKeys: ["alg", "alg_temp", "eps", "steps", "diffusion_steps", "max_tokens", "temperature", "top_p", "top_k"],
  },
  sdar: { settings: { alg: "sdar_dynamic", maxNewTokens: 256, temperature: 1, topP: 1, threshold: 0.85 } },
  Fast_dLLM_Qwen: { settings: { alg: "fast_dllm_v2", maxNewTokens: 256, temperature: 0, topP: 0.95, threshold: 0.9 } },
  "open-dcoder": { settings: { alg: "p2", maxNewTokens: 128, steps: 128, temperature: 0.5, topP: 1, topK: 200 } },
  "stable-diffcoder": { settings: { alg: "stable_diffcoder", maxNewTokens: 128, temperature: 0, topP: 1, threshold: 0.95 } },
};

/** @param dir the model's folder: of the a2d families, its name alone tells whether a checkpoint was trained with blocks */
export function familyDefaults(family: string, dir: string): FamilyDefaults {
  const defaults = families[family] ?? { settings: {} };
  if (!family.startsWith("a2d-") || !/bd3lm/i.test(modelName(dir))) return defaults;
  return { settings: { ...defaults.settings, alg: "bd3lm", blockLength: 32 } };
}

/** The folder's name, or in a cache of the hub that of the repository. */
function modelName(dir: string): string {
  const isSnapshot = basename(dirname(dir)) === "snapshots";
  return basename(isSnapshot ? dirname(dirname(dir)) : dir);
}
