import { existsSync, rmSync } from "node:fs";
import { join } from "node:path";
import { writeFileAtomic } from "@diffucoder/core";
import { type NdArray, writeSafetensors } from "@diffucoder/tensor";
import { CheckpointError, compareShapes, indexFile, singleFile } from "./checkpoint.ts";
import type { AutoregressiveConfig, ModelConfig } from "./config.ts";
import { toHuggingFaceConfig } from "./hugging-face-config.ts";
import { type ModelParameters, parameterShapes } from "./parameters.ts";

export interface SaveModelOptions {
  config: ModelConfig | AutoregressiveConfig;
  parameters: ModelParameters;
  /** Type of the numbers in the files. @default "F32" */
  dtype?: "F32" | "F16" | "BF16";
  /** A larger model is cut into files of at most this size, bytes; a parameter is never cut. @default 5e9, as Hugging Face */
  maxShardBytes?: number;
}

/**
 * Writes a checkpoint folder that Hugging Face's loaders read. Weights that were there before are replaced.
 *
 * @throws {CheckpointError} if the parameters are not those of the config @throws {FileError} if a file cannot be written
 */
export function saveModel(directory: string, { config, parameters, dtype = "F32", maxShardBytes = 5e9 }: SaveModelOptions): void {
  const problems = compareShapes(parameterShapes(config), new Map(Object.entries(parameters)));
  if (problems.length > 0) throw new CheckpointError({ path: directory, problems });
  const elementBytes = dtype === "F32" ? 4 : 2;
  const shards = intoShards(parameters, maxShardBytes / elementBytes);
  const write = (file: string, part: ModelParameters): void => writeSafetensors(join(directory, file), part, { dtype, metadata: { format: "pt" } });
  const [single, index] = [join(directory, singleFile), join(directory, indexFile)];
  if (shards.length === 1) {
    write(singleFile, parameters);
    rmSync(index, { force: true });
  } else {
    const weightMap: Record<string, string> = {};
    shards.forEach((part, i) => {
      const file = `model-${numbered(i + 1)}-of-${numbered(shards.length)}.safetensors`;
      write(file, part);
      for (const name of Object.keys(part)) weightMap[name] = file;
    });
    const elements = Object.values(parameters).reduce((total, { size }) => total + size, 0);
    writeFileAtomic(index, `${JSON.stringify({ metadata: { total_size: elements * elementBytes }, weight_map: weightMap }, null, 2)}\n`);
    // Readers look for the one file first.
    if (existsSync(single)) rmSync(single);
  }
  writeFileAtomic(join(directory, "config.json"), `${JSON.stringify(toHuggingFaceConfig(config, dtype), null, 2)}\n`);
}

function intoShards(parameters: ModelParameters, maxElements: number): ModelParameters[] {
  const shards: Record<string, NdArray>[] = [{}];
  let size = 0;
  for (const [name, array] of Object.entries(parameters)) {
    if (size > 0 && size + array.size > maxElements) {
      shards.push({});
      size = 0;
    }
    (shards.at(-1) as Record<string, NdArray>)[name] = array;
    size += array.size;
  }
  return shards;
}

function numbered(i: number): string {
  return String(i).padStart(5, "0");
}
