// A model's folder with its matrices in 8 or 4 bits, which loads without being quantized again. A download needs none: what it is quantized to is
// kept beside it. A folder of one's own may change, and is quantized at each start.
import { readdirSync, realpathSync } from "node:fs";
import { join } from "node:path";
import { InvalidArgumentError, type OnProgress, readBytes, writeFileAtomic } from "@diffucoder/core";
import { loadModel, modelConfigPath, type Quantization, readQuantization, saveModel } from "@diffucoder/model";
import { z } from "zod";
import type { ModelFolder } from "../folder/model-folder.ts";

/** What a model is made to be, and where it is written. */
export interface QuantizeModelOptions {
  /** Bits of a weight: 8 with a scale for each output, or 4 with a scale for each block of 32. @default "int8" */
  quantize?: Quantization | undefined;
  /** The folder that is written; weights in it are replaced. */
  output: string;
  /** Stops the work between two parameters. */
  signal?: AbortSignal | undefined;
  /** Parameters that were quantized. */
  onProgress?: OnProgress | undefined;
}

/** What `diffucoder quantize` takes besides the model. */
export const QuantizeSettingsSchema = z.strictObject({
  quantize: z.enum(["int8", "int4"]).default("int8").describe("bits of a weight: int8 or int4"),
  output: z.string({ error: "a folder to write is needed" }).min(1).describe("the folder that is written"),
}) satisfies z.ZodType<QuantizeModelOptions>;

/**
 * Writes a model's folder with quantized matrices, with its tokenizer and settings.
 *
 * @throws {InvalidArgumentError} if the model is quantized already, or the output is its own folder
 * @throws {FileError} or {CheckpointError} if the model cannot be read or a file not be written
 * @throws an AbortError when `signal` fires
 */
export async function quantizeModel(
  { dir, family }: Pick<ModelFolder, "dir" | "family">,
  { quantize = "int8", output, signal, onProgress }: QuantizeModelOptions,
): Promise<void> {
  const has = readQuantization(modelConfigPath(dir));
  if (has !== undefined) throw new InvalidArgumentError({ argument: "model", value: dir, expected: `a model that is not in ${has} already` });
  if (isSameFolder(dir, output)) throw new InvalidArgumentError({ argument: "output", value: output, expected: "another folder than the model's" });
  // The small files first: a folder that cannot be written is known before anything is quantized. config.json comes last.
  for (const name of readdirSync(dir).filter(isBeside)) writeFileAtomic(join(output, name), readBytes(join(dir, name)));
  saveModel(output, await loadModel(dir, { quantize, family, signal, onProgress }));
}

/** The tokenizer and the settings; `saveModel` has written the weights and config.json. */
function isBeside(name: string): boolean {
  return /\.(json|txt|jinja)$/.test(name) && name !== "config.json" && name !== "model.safetensors.index.json";
}

function isSameFolder(dir: string, output: string): boolean {
  try {
    return realpathSync(dir) === realpathSync(output);
  } catch {
    return false; // the output is not there yet
  }
}
