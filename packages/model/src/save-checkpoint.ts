import { existsSync, rmSync } from "node:fs";
import { join } from "node:path";
import { writeFileAtomic } from "@diffucoder/core";
import type { ModelParameters } from "@diffucoder/diffusion";
import { type NdArray, writeSafetensors } from "@diffucoder/tensor";
import { indexFile, singleFile } from "./checkpoint-files.ts";
import { CheckpointError, compareShapes, floatShapes } from "./checkpoint.ts";
import type { AutoregressiveConfig, ModelConfig } from "./config.ts";
import { toHuggingFaceConfig } from "./hugging-face-config.ts";
import { type Quantization, quantizedParameterShapes } from "./quantize.ts";

/** A model, and how its files keep it. What `loadModel` gives fits. */
export interface SaveModelOptions {
  /** Sizes, constants and token ids, which become config.json. */
  config: ModelConfig | AutoregressiveConfig;
  /** All parameters of the config, by name; quantized ones as `quantizedParameterShapes` names them. */
  parameters: ModelParameters;
  /** How the matrices are kept, as `loadModel` said; scales, norms and biases are then float32. @default as floats */
  quantization?: Quantization | undefined;
  /** Type of the floats in the files. @default "F32" */
  dtype?: "F32" | "F16" | "BF16";
  /** A larger model is cut into files of at most this size, bytes; a parameter is never cut. @default 5e9, as Hugging Face */
  maxShardBytes?: number;
}

/**
 * Writes a checkpoint folder that Hugging Face's loaders read. Weights that were there before are replaced.
 *
 * @throws {CheckpointError} if the parameters are not those of the config @throws {FileError} if a file cannot be written
 */
export function saveModel(
  directory: string,
  { config, parameters, quantization, dtype: floats = "F32", maxShardBytes = 5e9 }: SaveModelOptions,
): void {
  const dtype = quantization === undefined ? floats : "F32";
  const expected = quantization === undefined ? floatShapes(config) : quantizedParameterShapes(config, quantization);
  const problems = compareShapes(expected, new Map(Object.entries(parameters)));
  if (problems.length > 0) throw new CheckpointError({ path: directory, problems });
  const bytesOf = ({ size, data }: NdArray): number => size * (dtype !== "F32" && data instanceof Float32Array ? 2 : data.BYTES_PER_ELEMENT);
  const shards = intoShards(parameters, maxShardBytes, bytesOf);
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
    const totalBytes = Object.values(parameters).reduce((total, array) => total + bytesOf(array), 0);
    writeFileAtomic(index, `${JSON.stringify({ metadata: { total_size: totalBytes }, weight_map: weightMap }, null, 2)}\n`);
    // Readers look for the one file first.
    if (existsSync(single)) rmSync(single);
  }
  writeFileAtomic(
    join(directory, "config.json"),
    `${JSON.stringify({ ...toHuggingFaceConfig(config, dtype), ...(quantization && { quantization_config: { quant_method: `diffucoder-${quantization}` } }) }, null, 2)}\n`,
  );
}

function intoShards(parameters: ModelParameters, maxBytes: number, bytesOf: (array: NdArray) => number): ModelParameters[] {
  const shards: Record<string, NdArray>[] = [{}];
  let size = 0;
  for (const [name, array] of Object.entries(parameters)) {
    const bytes = bytesOf(array);
    if (size > 0 && size + bytes > maxBytes) {
      shards.push({});
      size = 0;
    }
    (shards.at(-1) as Record<string, NdArray>)[name] = array;
    size += bytes;
  }
  return shards;
}

function numbered(i: number): string {
  return String(i).padStart(5, "0");
}
