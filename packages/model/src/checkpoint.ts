// A model as a Hugging Face folder: config.json and model.safetensors, or shards with model.safetensors.index.json.
import { existsSync } from "node:fs";
import { join } from "node:path";
import { DiffuCoderError, FileError, readJsonObject, writeFileAtomic } from "@diffucoder/core";
import { readSafetensors, type Shape, writeSafetensors } from "@diffucoder/tensor";
import { type ModelConfig, readModelConfig, toHuggingFaceConfig } from "./config.ts";
import { type ModelParameters, parameterShapes } from "./parameters.ts";

export interface LoadedModel {
  config: ModelConfig;
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

const singleFile = "model.safetensors";
const indexFile = "model.safetensors.index.json";

/**
 * Reads a checkpoint folder.
 *
 * @throws {FileError} if a file is missing or damaged
 * @throws {ConfigError} if config.json does not describe a Dream model
 * @throws {CheckpointError} listing every parameter that is missing, unexpected or of the wrong shape
 */
export function loadModel(directory: string): LoadedModel {
  const config = readModelConfig(join(directory, "config.json"));
  const parameters = readParameters(directory);
  const expected = parameterShapes(config);
  const problems = compareShapes(expected, parameters);
  if (problems.length > 0) throw new CheckpointError({ path: directory, problems });
  // In the order of `parameterShapes`: a function compiled for new parameters serves loaded ones as well.
  return { config, parameters: Object.fromEntries(Object.keys(expected).map((name) => [name, parameters[name] as ModelParameters[string]])) };
}

/** Writes a checkpoint folder that Hugging Face's loaders read. @throws {FileError} */
export function saveModel(
  directory: string,
  { config, parameters, dtype = "F32" }: LoadedModel & { /** @default "F32" */ dtype?: "F32" | "BF16" },
): void {
  const problems = compareShapes(parameterShapes(config), parameters);
  if (problems.length > 0) throw new CheckpointError({ path: directory, problems });
  writeSafetensors(join(directory, singleFile), parameters, { dtype, metadata: { format: "pt" } });
  writeFileAtomic(join(directory, "config.json"), `${JSON.stringify(toHuggingFaceConfig(config, dtype), null, 2)}\n`);
}

function readParameters(directory: string): ModelParameters {
  const single = join(directory, singleFile);
  const index = join(directory, indexFile);
  if (existsSync(single) || !existsSync(index)) return readSafetensors(single).arrays;

  const { weight_map: weightMap } = readJsonObject(index);
  const isMap =
    typeof weightMap === "object" &&
    weightMap !== null &&
    !Array.isArray(weightMap) &&
    Object.values(weightMap).every((file) => typeof file === "string");
  if (!isMap) throw new FileError({ path: index, problem: "weight_map must map parameter names to file names" });
  const parameters: ModelParameters = {};
  for (const file of new Set(Object.values(weightMap as Record<string, string>))) {
    // The index comes with the download: it must not point out of its own folder.
    if (file.includes("/") || file.includes("\\"))
      throw new FileError({ path: index, problem: `names the file ${JSON.stringify(file)}, expected one in the same folder` });
    const shard = join(directory, file);
    for (const [name, array] of Object.entries(readSafetensors(shard).arrays)) {
      if (name in parameters) throw new FileError({ path: shard, problem: `holds ${name}, which another shard holds as well` });
      parameters[name] = array;
    }
  }
  return parameters;
}

function compareShapes(expected: Readonly<Record<string, Shape>>, parameters: ModelParameters): string[] {
  const problems: string[] = [];
  for (const [name, shape] of Object.entries(expected)) {
    const array = Object.hasOwn(parameters, name) ? parameters[name] : undefined;
    if (array === undefined) problems.push(`${name}: missing`);
    else if (array.dtype !== "float32") problems.push(`${name}: of dtype ${array.dtype}, expected floats`);
    else if (array.shape.join() !== shape.join()) problems.push(`${name}: shape [${array.shape.join(", ")}], expected [${shape.join(", ")}]`);
  }
  for (const name of Object.keys(parameters)) if (!Object.hasOwn(expected, name)) problems.push(`${name}: unexpected`);
  return problems;
}
