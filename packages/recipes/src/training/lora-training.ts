// Training of a LoRA adapter: the base's weights are inputs that no step changes, so checkpoints hold A, B and their moments alone.
import { InvalidArgumentError, type Random } from "@diffucoder/core";
import type { ModelParameters } from "@diffucoder/diffusion";
import {
  type AutoregressiveConfig,
  frozenParameters,
  initLora,
  loadAdapter,
  type LoraAdapter,
  type LoraSettings,
  LoraSettingsSchema,
  mergeAdapter,
  type ModelConfig,
  saveAdapter,
} from "@diffucoder/model";
import { z } from "zod";

/** A recipe's LoRA. */
export interface LoraRecipe extends LoraSettings {
  /** Write the whole model, with the adapter merged into its weights, instead of the adapter. @default false, but true of `train adapt`, which changes the model besides */
  merge?: boolean | undefined;
}

/** `LoraRecipe` as settings. */
export const LoraRecipeSchema = LoraSettingsSchema.extend({
  merge: z.boolean().optional().describe("write the whole model instead of the adapter (default: false; train adapt: true)"),
}) satisfies z.ZodType<LoraRecipe>;

/** What of a model is trained. */
export interface Trainable {
  /** Weights that the training may take over: all, or those of the adapter. */
  parameters: ModelParameters;
  /** Weights that it leaves as they are. */
  frozen: ModelParameters | undefined;
  /** Writes the adapter; `undefined` if the result is the whole model. */
  writeAdapter: ((directory: string, trained: ModelParameters) => void) | undefined;
  /** Trained weights as those of the whole model. */
  merged: (trained: ModelParameters) => ModelParameters;
}

/** A model, and what is asked of its adapter. */
export interface TrainableOptions {
  /** The model's. */
  config: ModelConfig | AutoregressiveConfig;
  /** Its weights, which the training may take over if there is no adapter. */
  parameters: ModelParameters;
  /** The recipe's. @default all weights are trained */
  lora: LoraRecipe | undefined;
  /** Folder of an adapter to go on from. @default a new one */
  adapter: string | undefined;
  /** Whether the model is not the one of its folder any more. */
  isConverted?: boolean | undefined;
  /** Path or repository of the model, for the adapter's file. */
  base: string | undefined;
  /** Stream of a new adapter. */
  random: Random;
}

/**
 * Chooses what is trained.
 *
 * @throws {InvalidArgumentError} if a target is not a layer, or the recipe's adapter is not the one that it goes on from
 * @throws {FileError} if the adapter does not fit the model
 */
export function trainable({ config, parameters, lora, adapter, isConverted = false, base, random }: TrainableOptions): Trainable {
  if (lora === undefined && adapter === undefined) return { parameters, frozen: undefined, writeAdapter: undefined, merged: (trained) => trained };
  const start = adapter === undefined ? initLora({ config, settings: lora!, random }) : goingOn(loadAdapter(adapter, config), lora);
  const { settings } = start;
  const isMerged = lora?.merge ?? (isConverted || base === undefined);
  return {
    parameters: start.parameters,
    frozen: frozenParameters(parameters, start),
    writeAdapter: isMerged ? undefined : (directory, trained) => saveAdapter(directory, { settings, parameters: trained, base: base! }),
    merged: (trained) => mergeAdapter(parameters, { settings, parameters: trained }),
  };
}

function goingOn(adapter: LoraAdapter, lora: LoraRecipe | undefined): LoraAdapter {
  for (const key of ["r", "loraAlpha", "useRslora"] as const)
    if (lora !== undefined && lora[key] !== adapter.settings[key])
      throw new InvalidArgumentError({
        argument: `lora.${key}`,
        value: lora[key],
        expected: `${adapter.settings[key]}, as of the adapter that it goes on from`,
      });
  return adapter;
}
