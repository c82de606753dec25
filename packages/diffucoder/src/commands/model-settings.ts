import { existsSync } from "node:fs";
import { join } from "node:path";
import { type ConfigLayer, readJsonObject } from "@diffucoder/core";
import { LoadSettingsSchema, type ModelFolder } from "@diffucoder/engine";
import { MODEL_OPTIONS } from "@diffucoder/samplers";
import { z } from "zod";

/** Settings of the commands that run a model. */
export const ModelSettingsSchema = z.strictObject({
  model: z
    .string()
    .min(1)
    .optional()
    .describe("model folder, or owner/name[@revision] on Hugging Face's hub (default: the small model that comes with the package)"),
  ...LoadSettingsSchema.shape,
  trace: z.string().min(1).optional().describe("write to this file what was revealed when, as JSON lines"),
});

export const MODEL_TEXTS = ["model", "family", "adapter", "trace"] as const;

/** A command's settings in two: those of the model, and the call's. */
export function splitSettings(data: Readonly<Record<string, unknown>>): { own: Record<string, unknown>; call: Record<string, unknown> } {
  const isOwn = ([name]: readonly [string, unknown]): boolean => Object.hasOwn(ModelSettingsSchema.shape, name);
  const entries = Object.entries(data);
  return { own: Object.fromEntries(entries.filter(isOwn)), call: Object.fromEntries(entries.filter((entry) => !isOwn(entry))) };
}

const OF_THE_MODEL = ["alg", ...MODEL_OPTIONS, "maxNewTokens"] as const;

/** Decoding settings of the model, without those that its generation_config.json leaves to the defaults. */
export function modelDefaults({ dir, defaults }: ModelFolder, names: readonly (typeof OF_THE_MODEL)[number][] = OF_THE_MODEL): ConfigLayer[] {
  const settings = names.map((name) => [name, defaults[name]] as const);
  const file = join(dir, "generation_config.json");
  const said = new Set(existsSync(file) ? Object.keys(readJsonObject(file)).map((key) => key.replaceAll("_", "").toLowerCase()) : []);
  const layer = (source: string, isSaid: boolean): ConfigLayer => ({
    source,
    data: Object.fromEntries(settings.filter(([key]) => said.has(key.toLowerCase()) === isSaid)),
  });
  return [layer("default", false), layer("generation_config.json", true)];
}
