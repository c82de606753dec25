// LoRA (Hu et al. 2021, arXiv 2106.09685; PEFT, `tuners/lora`): a linear layer with a frozen weight W [out, in] and two trained ones,
//   y = x W^T + s (x A^T) B^T,   A [r, in],  B [out, r],   s = loraAlpha / r
// A starts uniform in +-1 / sqrt(in), B at zero, so that training starts from the base model.
// The parameters of an adapted model are those of the base and, for each adapted layer PATH, `PATH.lora_A.weight`, `PATH.lora_B.weight` and
// the number s as `PATH.lora_scaling`: `forward` adds the product wherever they are there.
// Differs from PEFT: 1. loraDropout is 0; 2. a target that matches no layer is an error even if others match.
import { InvalidArgumentError, type Random } from "@diffucoder/core";
import type { ModelParameters } from "@diffucoder/diffusion";
import { float32, type NdArray, type Shape, zerosArray } from "@diffucoder/tensor";
import { z } from "zod";
import type { TransformerConfig } from "../config.ts";
import { parameterShapes } from "../parameters.ts";

/** How large an adapter is and where it acts; PEFT's names in camelCase. */
export interface LoraSettings {
  /** Rank of the two matrices. @default 8 */
  r: number;
  /** The product is scaled by `loraAlpha / r`. @default 16 */
  loraAlpha: number;
  /** Share of the inputs that training drops: only 0 is supported. @default 0 */
  loraDropout: 0;
  /** Layers by their last name, e.g. `["q_proj", "v_proj"]`; `"all-linear"`: all but the head. @default "all-linear" */
  targetModules: "all-linear" | readonly string[];
  /** Scale by `loraAlpha / sqrt(r)` instead. @default false */
  useRslora: boolean;
}

/** `LoraSettings` as settings. */
export const LoraSettingsSchema = z.strictObject({
  r: z.int().positive().max(4096).default(8).describe("rank of the adapter's matrices"),
  loraAlpha: z.number().positive().max(1e6).default(16).describe("the adapter's product is scaled by loraAlpha / r"),
  loraDropout: z.literal(0).default(0).describe("only 0 is supported"),
  targetModules: z
    .union([z.literal("all-linear"), z.array(z.string().min(1)).min(1)])
    .default("all-linear")
    .describe("layers by their last name, e.g. [q_proj, v_proj], or all-linear: all but the head"),
  useRslora: z.boolean().default(false).describe("scale by loraAlpha / sqrt(r) instead"),
}) satisfies z.ZodType<LoraSettings>;

/** An adapter of a model. */
export interface LoraAdapter {
  /** How it was made. */
  settings: LoraSettings;
  /** A and B of each layer, by name: what is trained and saved. */
  parameters: ModelParameters;
}

/** Paths of the layers that a LoRA may adapt, with the shape of their weight, `[out, in]`. A tied head is none. */
export function linearLayers(config: TransformerConfig): Map<string, readonly [number, number]> {
  const layers = Object.entries(parameterShapes(config)).filter(([name]) => /(_proj|lm_head)\.weight$/.test(name));
  return new Map(layers.map(([name, shape]) => [name.slice(0, -".weight".length), shape as unknown as readonly [number, number]]));
}

/** Names and shapes of an adapter's matrices. @throws {InvalidArgumentError} if a target is not a linear layer of the model */
export function loraShapes(config: TransformerConfig, { r, targetModules }: Pick<LoraSettings, "r" | "targetModules">): Record<string, Shape> {
  const layers = [...linearLayers(config)];
  const isTarget = (path: string, target: string): boolean => path === target || path.endsWith(`.${target}`);
  if (typeof targetModules !== "string")
    for (const target of targetModules) {
      if (layers.some(([path]) => isTarget(path, target))) continue;
      const known = [...new Set(layers.map(([path]) => path.slice(path.lastIndexOf(".") + 1)))];
      throw new InvalidArgumentError({ argument: "targetModules", value: target, expected: `linear layers of the model: ${known.join(", ")}` });
    }
  const chosen = layers.filter(([path]) =>
    typeof targetModules === "string" ? path !== "lm_head" : targetModules.some((target) => isTarget(path, target)),
  );
  return Object.fromEntries(
    chosen.flatMap(([path, [out, width]]): [string, Shape][] => [
      [`${path}.lora_A.weight`, [r, width]],
      [`${path}.lora_B.weight`, [out, r]],
    ]),
  );
}

/** A new adapter, under which the model is the base model. @throws {InvalidArgumentError} if a target is not a linear layer of the model */
export function initLora({
  config,
  settings,
  random,
}: {
  /** The base model's. */
  config: TransformerConfig;
  /** Rank, scale and layers. */
  settings: LoraSettings;
  /** Stream of the A matrices, which is split by parameter name. */
  random: Random;
}): LoraAdapter {
  const parameters = Object.fromEntries(
    Object.entries(loraShapes(config, settings)).map(([name, shape]): [string, NdArray] => {
      const array = zerosArray(shape);
      if (name.endsWith(".lora_B.weight")) return [name, array];
      const bound = 1 / Math.sqrt(shape[1]!); // PEFT's kaiming_uniform_ with a = sqrt(5)
      const stream = random.split(name);
      for (let i = 0; i < array.size; i++) array.data[i] = bound * (2 * stream.uniform() - 1);
      return [name, array];
    }),
  );
  return { settings, parameters };
}

/** The frozen parameters of a model with an adapter: the base's, and the scale of each adapted layer. With the adapter's own they are all. */
export function frozenParameters(base: Readonly<ModelParameters>, { settings, parameters }: LoraAdapter): ModelParameters {
  const scales = adaptedLayers(parameters).map((path): [string, NdArray] => {
    const rank = parameters[`${path}.lora_A.weight`]!.shape[0]!;
    return [`${path}.lora_scaling`, float32([scaleOf(settings, rank)], [])];
  });
  return { ...base, ...Object.fromEntries(scales) };
}

/** The parameters of a model with its adapter, as `forward` takes them. */
export function withAdapter(base: Readonly<ModelParameters>, adapter: LoraAdapter): ModelParameters {
  return { ...frozenParameters(base, adapter), ...adapter.parameters };
}

/** The base's weights with the adapter's products added, `W + s B A`: the same model without an adapter. Other arrays are shared. */
export function mergeAdapter(base: Readonly<ModelParameters>, { settings, parameters }: LoraAdapter): ModelParameters {
  const merged = adaptedLayers(parameters).map((path): [string, NdArray] => {
    const [a, b] = [parameters[`${path}.lora_A.weight`]!, parameters[`${path}.lora_B.weight`]!];
    return [`${path}.weight`, plusProduct(base[`${path}.weight`]!, { a, b, scale: scaleOf(settings, a.shape[0]!) })];
  });
  return { ...base, ...Object.fromEntries(merged) };
}

/** Paths of the layers that an adapter acts on. */
export function adaptedLayers(parameters: Readonly<ModelParameters>): string[] {
  return Object.keys(parameters).flatMap((name) => (name.endsWith(".lora_A.weight") ? [name.slice(0, -".lora_A.weight".length)] : []));
}

function scaleOf({ loraAlpha, useRslora }: LoraSettings, rank: number): number {
  return loraAlpha / (useRslora ? Math.sqrt(rank) : rank);
}

/** Sums are float64: each weight is rounded once. */
function plusProduct(weight: NdArray, { a, b, scale }: { a: NdArray; b: NdArray; scale: number }): NdArray {
  const [out, width] = weight.shape as [number, number];
  const rank = a.shape[0]!;
  const data = new Float32Array(weight.size);
  const row = new Float64Array(width);
  for (let o = 0; o < out; o++) {
    row.fill(0);
    for (let k = 0; k < rank; k++) {
      const factor = scale * b.data[o * rank + k]!;
      if (factor !== 0) for (let i = 0; i < width; i++) row[i]! += factor * a.data[k * width + i]!;
    }
    for (let i = 0; i < width; i++) data[o * width + i] = weight.data[o * width + i]! + row[i]!;
  }
  return float32(data, weight.shape);
}
