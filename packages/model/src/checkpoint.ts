// A model as a Hugging Face folder: config.json and model.safetensors, or shards with model.safetensors.index.json.
import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { DiffuCoderError, FileError, folderFile, readJsonObject } from "@diffucoder/core";
import { type NdArray, openSafetensors, type SafetensorsFile, type Shape } from "@diffucoder/tensor";
import type { TransformerConfig } from "./config.ts";
import { parameterShapes } from "./parameters.ts";
import { type Quantization, type QuantizedParameter, quantizedParameterShapes } from "./quantize.ts";

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
  /** Fills the target with elements of a float parameter from `first` on. Throws as `read` does. */
  readFloats(name: string, first: number, target: Float32Array): void;
  close(): void;
}

export const singleFile = "model.safetensors";
export const indexFile = "model.safetensors.index.json";

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
    const fileOf = (name: string): SafetensorsFile => {
      const file = home.get(name);
      if (file === undefined) throw new FileError({ path: directory, problem: `holds no parameter ${JSON.stringify(name)}` });
      return file;
    };
    return {
      names: Object.keys(expected),
      quantization,
      read: (name) => fileOf(name).read(name, { requireFinite: true }),
      readFloats: (name, first, target) => fileOf(name).readFloats(name, first, target, { requireFinite: true }),
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
