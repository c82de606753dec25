// A model as a Hugging Face folder: config.json and model.safetensors, or shards with model.safetensors.index.json.
import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { DiffuCoderError, FileError, folderFile, readJsonObject } from "@diffucoder/core";
import { type NdArray, openSafetensors, type SafetensorsFile, type Shape } from "@diffucoder/tensor";
import type { AutoregressiveConfig, ModelConfig, TransformerConfig } from "./config.ts";
import { readAutoregressiveConfig, readModelConfig } from "./hugging-face-config.ts";
import { type ModelParameters, parameterShapes } from "./parameters.ts";

export interface LoadedModel<Config extends TransformerConfig = ModelConfig> {
  config: Config;
  /** float32, whatever the type in the file. */
  parameters: ModelParameters;
}

/** The parameters of a checkpoint are not those of its config. `code` is `"CHECKPOINT"`. */
export class CheckpointError extends DiffuCoderError {
  readonly path: string;
  readonly problems: readonly string[];

  constructor({ path, problems }: { path: string; problems: readonly string[] }) {
    super(
      "CHECKPOINT",
      `${path} does not hold the parameters that its config.json describes:\n${problems.map((problem) => `  - ${problem}`).join("\n")}`,
    );
    this.path = path;
    this.problems = problems;
  }
}

/** An open checkpoint, whose names and shapes are those of its config; parameters are read one by one. */
export interface Checkpoint {
  /** Names of all parameters, in the order of `parameterShapes`. */
  readonly names: readonly string[];
  /** float32, in memory of its own. @throws {FileError} if a number is not finite, or the file ends early */
  read(name: string): NdArray;
  close(): void;
}

export const singleFile = "model.safetensors";
export const indexFile = "model.safetensors.index.json";

/**
 * Reads a checkpoint folder of a masked diffusion model. Beside the parameters themselves it takes less than a megabyte.
 *
 * @throws {FileError} if a file is missing, damaged or outside of the folder, or holds numbers that are not finite
 * @throws {ConfigError} if config.json does not describe a Dream model
 * @throws {CheckpointError} listing every parameter that is missing, unexpected or of the wrong shape
 */
export function loadModel(directory: string): LoadedModel {
  return loadWith(directory, readModelConfig(folderFile(directory, "config.json")));
}

/** Reads a checkpoint folder of a Qwen2 or Llama model. Throws as `loadModel` does. */
export function loadAutoregressiveModel(directory: string): LoadedModel<AutoregressiveConfig> {
  return loadWith(directory, readAutoregressiveConfig(folderFile(directory, "config.json")));
}

function loadWith<Config extends TransformerConfig>(directory: string, config: Config): LoadedModel<Config> {
  const checkpoint = openCheckpoint(directory, config);
  try {
    // In the order of `parameterShapes`: a function compiled for new parameters serves loaded ones as well.
    return { config, parameters: Object.fromEntries(checkpoint.names.map((name) => [name, checkpoint.read(name)])) };
  } finally {
    checkpoint.close();
  }
}

/**
 * Opens the safetensors files of a folder and holds their headers to the config; no parameter is read yet.
 *
 * @throws {FileError} if a file is missing, damaged or outside of the folder
 * @throws {CheckpointError} listing every parameter that is missing, unexpected or of the wrong shape
 */
export function openCheckpoint(directory: string, config: TransformerConfig): Checkpoint {
  const files = openFiles(directory);
  const close = (): void => files.forEach((file) => file.close());
  try {
    const home = new Map<string, SafetensorsFile>();
    for (const file of files) {
      for (const name of file.entries.keys()) {
        if (home.has(name)) throw new FileError({ path: file.path, problem: `holds ${name}, which another shard holds as well` });
        home.set(name, file);
      }
    }
    const expected = parameterShapes(config);
    const found = new Map(Array.from(home, ([name, file]) => [name, file.entries.get(name) as { shape: Shape; dtype: string }]));
    const problems = compareShapes(expected, found, (name) => isKnownExtra(name, config));
    if (problems.length > 0) throw new CheckpointError({ path: directory, problems });
    return {
      names: Object.keys(expected),
      read: (name) => {
        const file = home.get(name);
        if (file === undefined) throw new FileError({ path: directory, problem: `holds no parameter ${JSON.stringify(name)}` });
        return file.read(name, { requireFinite: true });
      },
      close,
    };
  } catch (error) {
    close();
    throw error;
  }
}

function openFiles(directory: string): SafetensorsFile[] {
  const files: SafetensorsFile[] = [];
  try {
    for (const name of fileNames(directory)) files.push(openSafetensors(folderFile(directory, name)));
    return files;
  } catch (error) {
    for (const file of files) file.close();
    throw error;
  }
}

function fileNames(directory: string): string[] {
  if (existsSync(join(directory, singleFile))) return [singleFile];
  if (!existsSync(join(directory, indexFile))) {
    const pickle = existsSync(directory) ? readdirSync(directory).find((name) => /\.(bin|pt|pth|ckpt|pkl)$/.test(name)) : undefined;
    if (pickle === undefined) return [singleFile]; // opening it says that it is not there
    throw new FileError({
      path: directory,
      problem: `holds no safetensors but the pickle ${pickle}`,
      wayOut: "Pickles can run code and are not read: save the model again with safe_serialization=True.",
    });
  }
  const path = folderFile(directory, indexFile);
  const { weight_map: weightMap } = readJsonObject(path);
  const isMap =
    typeof weightMap === "object" &&
    weightMap !== null &&
    !Array.isArray(weightMap) &&
    Object.values(weightMap).every((file) => typeof file === "string");
  if (!isMap) throw new FileError({ path, problem: "weight_map must map parameter names to file names" });
  return [...new Set(Object.values(weightMap as Record<string, string>))];
}

/** What files may hold beside the parameters: a copy of the tied head, and rotary tables that old versions saved. */
function isKnownExtra(name: string, { tieWordEmbeddings }: TransformerConfig): boolean {
  return (tieWordEmbeddings && name === "lm_head.weight") || name.endsWith(".self_attn.rotary_emb.inv_freq");
}

/** Problems of a set of arrays, by name, against the parameters of a config. */
export function compareShapes(
  expected: Readonly<Record<string, Shape>>,
  found: ReadonlyMap<string, { shape: Shape; dtype: string }>,
  isExtra: (name: string) => boolean = () => false,
): string[] {
  const problems: string[] = [];
  for (const [name, shape] of Object.entries(expected)) {
    const array = found.get(name);
    if (array === undefined) problems.push(`${name}: missing`);
    else if (!["float32", "F32", "F16", "BF16"].includes(array.dtype)) problems.push(`${name}: of dtype ${array.dtype}, expected floats`);
    else if (array.shape.join() !== shape.join()) problems.push(`${name}: shape [${array.shape.join(", ")}], expected [${shape.join(", ")}]`);
  }
  for (const name of found.keys()) if (!Object.hasOwn(expected, name) && !isExtra(name)) problems.push(`${name}: unexpected`);
  return problems;
}
