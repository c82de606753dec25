// A model from a checkpoint folder into memory: as its files hold it, or quantized while it is read.
import { InvalidArgumentError } from "@diffucoder/core";
import type { ModelParameters } from "@diffucoder/diffusion";
import { createQuantizer } from "@diffucoder/tensor";
import { modelConfigPath } from "./checkpoint-files.ts";
import { type Checkpoint, openCheckpoint } from "./checkpoint.ts";
import type { AutoregressiveConfig, ModelConfig, TransformerConfig } from "./config.ts";
import { readAutoregressiveConfig, readModelConfig } from "./hugging-face-config.ts";
import { parameterShapes } from "./parameters.ts";
import { type ParameterSource, type Quantization, quantizeParameter } from "./quantize.ts";

/** A model in memory. */
export interface LoadedModel<Config extends TransformerConfig = ModelConfig> {
  /** What config.json says; a head that the files hold in spite of `tie_word_embeddings`, and that differs from the embedding, is not tied. */
  config: Config;
  /** float32, whatever the type in the file, or the names and types of `quantizedParameterShapes`. */
  parameters: ModelParameters;
  /** How the matrices are kept; absent: as float32. */
  quantization?: Quantization;
  /** What a person should know of how the files were read, a sentence each without its point; absent: nothing. */
  notices?: readonly string[];
}

/**
 * Reads a checkpoint folder of a masked diffusion model, as its files hold it. Beside the parameters themselves it takes less
 * than a megabyte.
 *
 * @throws {FileError} if a file is missing, damaged or outside of the folder, or holds numbers that are not finite
 * @throws {ConfigError} if config.json does not describe a Dream model
 * @throws {CheckpointError} listing every parameter that is missing, unexpected or of the wrong shape
 */
export function loadModel(directory: string): LoadedModel {
  return load(directory, readModelConfig(modelConfigPath(directory)));
}

/** Reads a checkpoint folder of a Qwen2 or Llama model. Throws as `loadModel` does. */
export function loadAutoregressiveModel(directory: string): LoadedModel<AutoregressiveConfig> {
  return load(directory, readAutoregressiveConfig(modelConfigPath(directory)));
}

/**
 * Reads a checkpoint folder of a masked diffusion model and quantizes it meanwhile, piece by piece: beside the quantized
 * parameters it takes less than 100 MB. A checkpoint that is quantized already is read as it is. Throws as `loadModel` does.
 *
 * @throws {InvalidArgumentError} if the method is neither `"int8"` nor `"int4"`, or the checkpoint was quantized by the other
 */
export async function loadQuantizedModel(directory: string, method: Quantization): Promise<LoadedModel> {
  return loadQuantized(directory, readModelConfig(modelConfigPath(directory)), method);
}

/** Reads a checkpoint folder of a Qwen2 or Llama model and quantizes it meanwhile. Throws as `loadQuantizedModel` does. */
export async function loadQuantizedAutoregressiveModel(directory: string, method: Quantization): Promise<LoadedModel<AutoregressiveConfig>> {
  return loadQuantized(directory, readAutoregressiveConfig(modelConfigPath(directory)), method);
}

function load<Config extends TransformerConfig>(directory: string, config: Config): LoadedModel<Config> {
  const checkpoint = openCheckpoint(directory, config);
  try {
    return readWhole(checkpoint);
  } finally {
    checkpoint.close();
  }
}

async function loadQuantized<Config extends TransformerConfig>(
  directory: string,
  config: Config,
  method: Quantization,
): Promise<LoadedModel<Config>> {
  if (method !== "int8" && method !== "int4") throw new InvalidArgumentError({ argument: "quantize", value: method, expected: '"int8" or "int4"' });
  const checkpoint = openCheckpoint(directory, config);
  const quantizer = createQuantizer();
  try {
    const found = checkpoint.quantization;
    if (found === method) return readWhole(checkpoint);
    if (found !== undefined)
      throw new InvalidArgumentError({
        argument: "quantize",
        value: method,
        expected: `"${found}" or absent, for ${directory} is quantized already`,
      });
    const parameters: ModelParameters = {};
    for (const [name, shape] of Object.entries(parameterShapes(checkpoint.config))) {
      const source: ParameterSource = {
        shape,
        read: () => checkpoint.read(name),
        readFloats: (first, target) => checkpoint.readFloats(name, first, target),
      };
      Object.assign(parameters, await quantizeParameter({ config: checkpoint.config, method, name, source, quantizer }));
    }
    return loadedModel(checkpoint, parameters, method);
  } finally {
    quantizer.dispose();
    checkpoint.close();
  }
}

/** In the order of `parameterShapes`: a function compiled for new parameters serves loaded ones as well. */
function readWhole<Config extends TransformerConfig>(checkpoint: Checkpoint<Config>): LoadedModel<Config> {
  const { names, read, quantization } = checkpoint;
  return loadedModel(checkpoint, Object.fromEntries(names.map((name) => [name, read(name)])), quantization);
}

function loadedModel<Config extends TransformerConfig>(
  { config, notices }: Checkpoint<Config>,
  parameters: ModelParameters,
  quantization: Quantization | undefined,
): LoadedModel<Config> {
  return { config, parameters, ...(quantization !== undefined && { quantization }), ...(notices.length > 0 && { notices }) };
}
