// A model as a Hugging Face folder: config.json and model.safetensors, or shards with model.safetensors.index.json.
import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { DiffuCoderError, FileError, folderFile, InvalidArgumentError, readJsonObject } from "@diffucoder/core";
import { type NdArray, openSafetensors, type SafetensorsFile, type Shape } from "@diffucoder/tensor";
import type { AutoregressiveConfig, ModelConfig, TransformerConfig } from "./config.ts";
import { readAutoregressiveConfig, readModelConfig } from "./hugging-face-config.ts";
import { type ModelParameters, parameterShapes } from "./parameters.ts";
import { type Quantization, type QuantizedParameter, quantizedParameterShapes, quantizeParameter } from "./quantize.ts";

export interface LoadedModel<Config extends TransformerConfig = ModelConfig> {
  config: Config;
  /** float32, whatever the type in the file, or the names and types of `quantizedParameterShapes`. */
  parameters: ModelParameters;
  /** How the matrices are kept; absent: as float32. */
  quantization?: Quantization;
}

export interface LoadModelOptions {
  /** Quantize parameter by parameter while reading. A checkpoint that is quantized already is read as it is. @default not at all */
  quantize?: Quantization | undefined;
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
  /** Names of all parameters, in the order of `parameterShapes`, or of `quantizedParameterShapes`. */
  readonly names: readonly string[];
  /** What the files hold: quantized matrices, or floats. */
  readonly quantization: Quantization | undefined;
  /** In memory of its own; floats of all types as float32. @throws {FileError} if a number is not finite, or the file ends early */
  read(name: string): NdArray;
  close(): void;
}

export const singleFile = "model.safetensors";
export const indexFile = "model.safetensors.index.json";

/**
 * Reads a checkpoint folder of a masked diffusion model. Beside the parameters themselves it takes less than a megabyte;
 * with `quantize`, one parameter in float32.
 *
 * @throws {FileError} if a file is missing, damaged or outside of the folder, or holds numbers that are not finite
 * @throws {ConfigError} if config.json does not describe a Dream model
 * @throws {CheckpointError} listing every parameter that is missing, unexpected or of the wrong shape
 */
export function loadModel(directory: string, options: LoadModelOptions = {}): LoadedModel {
  return loadWith(directory, readModelConfig(folderFile(directory, "config.json")), options);
}

/** Reads a checkpoint folder of a Qwen2 or Llama model. Throws as `loadModel` does. */
export function loadAutoregressiveModel(directory: string, options: LoadModelOptions = {}): LoadedModel<AutoregressiveConfig> {
  return loadWith(directory, readAutoregressiveConfig(folderFile(directory, "config.json")), options);
}

function loadWith<Config extends TransformerConfig>(directory: string, config: Config, { quantize }: LoadModelOptions): LoadedModel<Config> {
  if (quantize !== undefined && quantize !== "int8" && quantize !== "int4")
    throw new InvalidArgumentError({ argument: "quantize", value: quantize, expected: '"int8" or "int4"' });
  const checkpoint = openCheckpoint(directory, config);
  try {
    const found = checkpoint.quantization;
    if (found !== undefined && quantize !== undefined && found !== quantize)
      throw new InvalidArgumentError({
        argument: "quantize",
        value: quantize,
        expected: `"${found}" or absent, for ${directory} is quantized already`,
      });
    // In the order of `parameterShapes`: a function compiled for new parameters serves loaded ones as well.
    const parameters: ModelParameters = {};
    for (const name of checkpoint.names) {
      const weight = checkpoint.read(name);
      if (quantize === undefined || found !== undefined) parameters[name] = weight;
      else Object.assign(parameters, quantizeParameter({ config, method: quantize, name, weight }));
    }
    const quantization = found ?? quantize;
    return { config, parameters, ...(quantization !== undefined && { quantization }) };
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
    const quantization = quantizationOf(home);
    const expected = quantization === undefined ? floatShapes(config) : quantizedParameterShapes(config, quantization);
    const found = new Map(Array.from(home, ([name, file]) => [name, file.entries.get(name) as { shape: Shape; dtype: string }]));
    const problems = compareShapes(expected, found, (name) => isKnownExtra(name, config));
    if (problems.length > 0) throw new CheckpointError({ path: directory, problems });
    return {
      names: Object.keys(expected),
      quantization,
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

/** Quantized files have codes in the place of weights: bytes without a sign hold two of four bits. */
function quantizationOf(home: ReadonlyMap<string, SafetensorsFile>): Quantization | undefined {
  const types = Array.from(home, ([name, file]) => (name.endsWith(".codes") ? file.entries.get(name)?.dtype : undefined));
  if (types.includes("U8")) return "int4";
  return types.includes("I8") ? "int8" : undefined;
}

export function floatShapes(config: TransformerConfig): Record<string, QuantizedParameter> {
  return Object.fromEntries(Object.entries(parameterShapes(config)).map(([name, shape]) => [name, { shape, dtype: "float32" as const }]));
}

/** What each dtype may be called in memory and in files. */
const sameType: Readonly<Record<string, readonly string[]>> = {
  float32: ["float32", "F32", "F16", "BF16"],
  int8: ["int8", "I8"],
  uint8: ["uint8", "U8"],
};

/** Problems of a set of arrays, by name, against the parameters that are expected. */
export function compareShapes(
  expected: Readonly<Record<string, QuantizedParameter>>,
  found: ReadonlyMap<string, { shape: Shape; dtype: string }>,
  isExtra: (name: string) => boolean = () => false,
): string[] {
  const problems: string[] = [];
  for (const [name, { shape, dtype }] of Object.entries(expected)) {
    const array = found.get(name);
    if (array === undefined) problems.push(`${name}: missing`);
    else if (sameType[dtype]?.includes(array.dtype) !== true)
      problems.push(`${name}: of dtype ${array.dtype}, expected ${dtype === "float32" ? "floats" : dtype}`);
    else if (array.shape.join() !== shape.join()) problems.push(`${name}: shape [${array.shape.join(", ")}], expected [${shape.join(", ")}]`);
  }
  for (const name of found.keys()) if (!Object.hasOwn(expected, name) && !isExtra(name)) problems.push(`${name}: unexpected`);
  return problems;
}
