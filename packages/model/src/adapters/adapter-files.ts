// A LoRA adapter as PEFT's folder: adapter_config.json and adapter_model.safetensors, in which the matrix A of a layer PATH is called
// `base_model.model.PATH.lora_A.weight`.
import { existsSync } from "node:fs";
import { join } from "node:path";
import { FileError, folderFile, readJsonObject, valueProblem, writeFileAtomic } from "@diffucoder/core";
import type { ModelParameters } from "@diffucoder/diffusion";
import { openSafetensors, type SafetensorsFile, writeSafetensors } from "@diffucoder/tensor";
import { z } from "zod";
import { adapterFile } from "../checkpoint-files.ts";
import type { TransformerConfig } from "../config.ts";
import { linearLayers, type LoraAdapter, type LoraSettings } from "./lora.ts";

const WEIGHTS = "adapter_model.safetensors";
const PREFIX = "base_model.model.";

/** What of adapter_config.json decides what the adapter computes. */
const AdapterFileSchema = z.looseObject({
  peft_type: z.literal("LORA"),
  r: z.int().positive(),
  lora_alpha: z.number().positive(),
  target_modules: z.union([z.string(), z.array(z.string())]).nullish(),
  use_rslora: z.boolean().nullish(),
});

/** Settings of PEFT under which an adapter computes something else than here, unless they are off. */
const UNSUPPORTED = [
  "use_bdlora",
  "use_qalora",
  "target_parameters",
  "use_dora",
  "modules_to_save",
  "alpha_pattern",
  "layer_replication",
  "trainable_token_indices",
  "lora_bias",
  "fan_in_fan_out",
];

/** Writes an adapter as PEFT's folder. @throws {FileError} if a file cannot be written */
export function saveAdapter(
  directory: string,
  {
    settings,
    parameters,
    base,
  }: LoraAdapter & {
    /** Path or repository of the base model, for people and PEFT. */
    base: string;
  },
): void {
  const named = Object.fromEntries(Object.entries(parameters).map(([name, array]) => [`${PREFIX}${name}`, array]));
  writeSafetensors(join(directory, WEIGHTS), named, { metadata: { format: "pt" } });
  const { r, loraAlpha, loraDropout, targetModules, useRslora } = settings;
  const file = {
    peft_type: "LORA",
    task_type: null,
    base_model_name_or_path: base,
    inference_mode: true,
    r,
    lora_alpha: loraAlpha,
    lora_dropout: loraDropout,
    target_modules: targetModules,
    use_rslora: useRslora,
    bias: "none",
    fan_in_fan_out: false,
    modules_to_save: null,
  };
  writeFileAtomic(join(directory, adapterFile), `${JSON.stringify(file, null, 2)}\n`);
}

/**
 * Reads an adapter from PEFT's folder and checks that it fits its base.
 *
 * @param config the base model's
 * @throws {FileError} if a file is missing or damaged, asks for what is not done here, or a matrix does not fit the base, naming it and the shapes
 */
export function loadAdapter(directory: string, config: TransformerConfig): LoraAdapter {
  const settings = readSettings(folderFile(directory, adapterFile));
  const path = folderFile(directory, WEIGHTS);
  if (!existsSync(path) && existsSync(join(directory, "adapter_model.bin")))
    throw new FileError({ path, problem: "no such file, only a pickle", wayOut: "Save the adapter again with safe_serialization=True." });
  const file = openSafetensors(path);
  try {
    return { settings, parameters: readMatrices(file, config) };
  } finally {
    file.close();
  }
}

function readSettings(path: string): LoraSettings {
  const data = readJsonObject(path);
  const parsed = AdapterFileSchema.safeParse(data, { error: valueProblem });
  if (!parsed.success) {
    const [{ path: key, message }] = parsed.error.issues as [z.core.$ZodIssue];
    throw new FileError({ path, problem: `${key.join(".")}: ${message}` });
  }
  const isOn = (value: unknown): boolean =>
    value !== undefined && value !== null && value !== false && !(typeof value === "object" && Object.keys(value).length === 0);
  const unsupported = UNSUPPORTED.find((key) => isOn(data[key]));
  if (unsupported !== undefined) throw new FileError({ path, problem: `${unsupported} is not supported` });
  if ((data["bias"] ?? "none") !== "none") throw new FileError({ path, problem: 'bias: only "none" is supported' });
  const { r, lora_alpha: loraAlpha, target_modules: targets, use_rslora: useRslora } = parsed.data;
  return { r, loraAlpha, loraDropout: 0, targetModules: Array.isArray(targets) ? targets : "all-linear", useRslora: useRslora ?? false };
}

function readMatrices(file: SafetensorsFile, config: TransformerConfig): ModelParameters {
  const refuse = (problem: string): never => {
    throw new FileError({ path: file.path, problem, wayOut: "Give the model that the adapter was trained on." });
  };
  const layers = linearLayers(config);
  const shapes = new Map(Array.from(file.entries, ([name, { shape }]) => [name, shape]));
  if (shapes.size === 0) refuse("holds no matrix");
  for (const [name, shape] of shapes) {
    const [, path, matrix] = /^base_model\.model\.(.+)\.lora_([AB])\.weight$/.exec(name) ?? [];
    if (path === undefined) return refuse(`holds ${quoted(name)}, which is not a matrix of a LoRA adapter of linear layers`);
    const layer = layers.get(path);
    if (layer === undefined) return refuse(`does not fit the model: ${quoted(name)} adapts a layer that the model does not have`);
    const rank = shapes.get(`${PREFIX}${path}.lora_A.weight`)?.[0];
    if (rank === undefined || !shapes.has(`${PREFIX}${path}.lora_B.weight`))
      return refuse(`holds ${quoted(name)} without the other matrix of its layer`);
    const expected = matrix === "A" ? [rank, layer[1]] : [layer[0], rank];
    if (shape.join() !== expected.join())
      refuse(`does not fit the model: ${quoted(name)} is [${shape.join(", ")}], expected [${expected.join(", ")}]`);
  }
  return Object.fromEntries(Array.from(shapes.keys(), (name) => [name.slice(PREFIX.length), file.read(name, { requireFinite: true })]));
}

function quoted(name: string): string {
  return JSON.stringify(name.length > 200 ? `${name.slice(0, 197)}...` : name);
}
