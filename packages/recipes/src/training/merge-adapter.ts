// `train merge`: a model and its LoRA adapter as one model.
import { copyFileSync, existsSync } from "node:fs";
import { join } from "node:path";
import { FileError } from "@diffucoder/core";
import { modelFolder } from "@diffucoder/engine";
import { loadAdapter, loadModel, mergeAdapter, saveModel } from "@diffucoder/model";
import { copyTokenizer } from "./tokenizer-files.ts";

/** A model, its adapter, and where they go. */
export interface MergeOptions {
  /** The model that the adapter was trained on: a folder, or `owner/name` on the hub. */
  model: string;
  /** Folder of the adapter, in PEFT's form. */
  adapter: string;
  /** Folder of the merged model. */
  output: string;
  /** How its weights are written: `"F32"` loses nothing. */
  dtype: "F32" | "BF16";
  /** Stops a download. */
  signal?: AbortSignal | undefined;
}

/**
 * Writes the model with the adapter's products added to its weights, `W + s B A`, with its tokenizer and its generation_config.json.
 *
 * @returns `output`
 * @throws {FileError} if `output` holds a model already, or the adapter does not fit the model
 */
export async function mergeIntoModel({ model, adapter, output, dtype, signal }: MergeOptions): Promise<string> {
  if (existsSync(join(output, "config.json")))
    throw new FileError({ path: output, problem: "holds a model already", wayOut: "Give another folder with --output." });
  const dir = await modelFolder(model, { signal });
  const { config, parameters } = await loadModel(dir);
  const merged = mergeAdapter(parameters, loadAdapter(adapter, config));
  saveModel(output, { config, parameters: merged, dtype });
  copyTokenizer(dir, output);
  const decoding = "generation_config.json";
  if (existsSync(join(dir, decoding))) copyFileSync(join(dir, decoding), join(output, decoding));
  return output;
}
