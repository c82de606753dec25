// The rotary frequencies in a config.json, read and written: `rope_theta` with `rope_scaling`, or `rope_parameters`, which holds
// both since Transformers 5.
import { show as quote } from "@diffucoder/core";
import type { RopeScaling } from "./rope-frequencies.ts";

type JsonObject = Record<string, unknown>;

/** What the fields of a scaling are called in the file. */
export const ropeScalingNames = {
  factor: "factor",
  originalMaxPositionEmbeddings: "original_max_position_embeddings",
  lowFreqFactor: "low_freq_factor",
  highFreqFactor: "high_freq_factor",
  betaFast: "beta_fast",
  betaSlow: "beta_slow",
  attentionFactor: "attention_factor",
} as const;

/** What the file says about the frequencies; what is wrong goes into `problems`. */
export function readRope(file: JsonObject, problems: string[]): { theta: unknown; scaling: unknown } {
  const { rope_parameters: parameters, rope_scaling: old, rope_theta: own } = file;
  for (const key of contradictions(parameters, old)) problems.push(`rope_scaling.${key}: must say what rope_parameters says`);
  const given = parameters ?? old ?? {};
  if (typeof given !== "object" || Array.isArray(given)) {
    problems.push(`rope_scaling: must be an object, got ${quote(given)}`);
    return { theta: own, scaling: undefined };
  }
  const { rope_type, type = rope_type, rope_theta: theta = own ?? undefined, partial_rotary_factor: part = 1, ...rest } = given as JsonObject;
  if (part !== 1 && part !== null) problems.push(`rope_scaling.partial_rotary_factor: only 1 is supported, got ${quote(part)}`);
  if (theta !== (own ?? theta)) problems.push(`rope_theta: must be the ${quote(theta)} of rope_parameters, got ${quote(own)}`);
  if (type !== (rope_type ?? type)) problems.push(`rope_scaling.type: must be the ${quote(rope_type)} of rope_type, got ${quote(type)}`);
  const fields = Object.entries(rest).filter(([, value]) => value !== null);
  if (type === undefined || type === null || type === "default") {
    const kept = fields.filter(([name, value]) => name !== "factor" || value !== 1);
    if (kept.length > 0 && type !== "default") problems.push(`rope_scaling: must name its type, got ${quote(given)}`);
    else for (const [name] of kept) problems.push(`rope_scaling.${name}: is not of the type "default"`);
    return { theta, scaling: undefined };
  }
  if (!["linear", "llama3", "yarn"].includes(type as string)) {
    problems.push(`rope_scaling: only the types "linear", "llama3" and "yarn" are supported, got ${quote(type)}`);
    return { theta, scaling: undefined };
  }
  const byName = new Map<string, string>(Object.entries(ropeScalingNames).map(([key, name]) => [name, key]));
  return { theta, scaling: { type, ...Object.fromEntries(fields.map(([name, value]) => [byName.get(name) ?? name, value])) } };
}

/** Keys of which two objects hold different values. */
function contradictions(one: unknown, other: unknown): string[] {
  const isObject = (value: unknown): value is JsonObject => typeof value === "object" && value !== null && !Array.isArray(value);
  if (!isObject(one) || !isObject(other)) return [];
  return Object.keys(one).filter((key) => Object.hasOwn(other, key) && quote(one[key]) !== quote(other[key]));
}

/** A scaling as the file has it. */
export function ropeScalingInFile({ type, ...rest }: RopeScaling): JsonObject {
  const fields = Object.entries(rest).filter(([, value]) => value !== undefined);
  return {
    rope_type: type,
    type, // older versions of Transformers
    ...Object.fromEntries(fields.map(([key, value]) => [ropeScalingNames[key as keyof typeof ropeScalingNames], value])),
  };
}
