// A model from a checkpoint folder into memory: as its files hold it, or quantized while it is read.
import { AbortedError, InvalidArgumentError, type OnProgress } from "@diffucoder/core";
import type { ModelParameters } from "@diffucoder/diffusion";
import { createQuantizer } from "@diffucoder/tensor";
import { modelConfigPath } from "./checkpoint-files.ts";
import { type Checkpoint, openCheckpoint } from "./checkpoint.ts";
import type { AutoregressiveConfig, ModelConfig } from "./config.ts";
import { readModelConfig, type ReadModelConfigOptions } from "./hugging-face-config.ts";
import { type ModelTraits, modelTraits } from "./model-traits.ts";
import { parameterShapes } from "./parameters.ts";
import { type ParameterSource, type Quantization, quantizeParameter } from "./quantize.ts";

/** A model in memory, and how it is asked. */
export interface LoadedModel extends ModelTraits {
  /** What config.json says; a head that the files hold in spite of `tie_word_embeddings`, and that differs from the embedding, is not tied. */
  config: ModelConfig | AutoregressiveConfig;
  /** float32 for every float type in the file, or the names and types of `quantizedParameterShapes`. */
  parameters: ModelParameters;
  /** How the matrices are kept; absent: as float32. */
  quantization?: Quantization;
  /** What a person should know about how the files were read, a sentence each without its point; absent: nothing. */
  notices?: readonly string[];
}

/** How a model is kept in memory. */
export interface LoadModelOptions extends ReadModelConfigOptions {
  /** Quantize the matrices while they are read. @default as the files hold them */
  quantize?: Quantization | undefined;
  /** Stops the work between two parameters. */
  signal?: AbortSignal | undefined;
  /** Parameters that were quantized; `phase` is `"quantize"`. */
  onProgress?: OnProgress | undefined;
}

/**
 * Reads a checkpoint folder of any family. Besides the parameters it takes less than a megabyte, and with `quantize`, which
 * works piece by piece, less than 100 MB. A checkpoint that is already quantized is read as it is.
 *
 * @throws {FileError} if a file is missing, damaged or outside of the folder, or holds numbers that are not finite
 * @throws {ConfigError} if config.json does not describe a model of a known family
 * @throws {CheckpointError} listing every parameter that is missing, unexpected or of the wrong shape
 * @throws {InvalidArgumentError} if `quantize` is not a method, or the checkpoint was quantized by another one
 * @throws {AbortedError} when `signal` fires while it quantizes
 */
export async function loadModel(directory: string, { quantize, family, signal, onProgress }: LoadModelOptions = {}): Promise<LoadedModel> {
  if (quantize !== undefined && quantize !== "int8" && quantize !== "int4")
    throw new InvalidArgumentError({ argument: "quantize", value: quantize, expected: '"int8" or "int4"' });
  const config = readModelConfig(modelConfigPath(directory), { family });
  const checkpoint = openCheckpoint(directory, config);
  try {
    const { quantization: found, config: used, notices } = checkpoint;
    if (quantize !== undefined && found !== undefined && found !== quantize)
      throw new InvalidArgumentError({
        argument: "quantize",
        value: quantize,
        expected: `"${found}" or absent, because ${directory} is already quantized`,
      });
    const isAsItIs = quantize === undefined || found === quantize;
    const parameters = isAsItIs ? readWhole(checkpoint) : await readQuantized(checkpoint, { method: quantize, signal, onProgress });
    const quantization = quantize ?? found;
    return {
      ...modelTraits(used),
      config: used,
      parameters,
      ...(quantization !== undefined && { quantization }),
      ...(notices.length > 0 && { notices }),
    };
  } finally {
    checkpoint.close();
  }
}

/** In the order of `parameterShapes`: a function compiled for new parameters serves loaded ones as well. */
function readWhole({ names, read }: Checkpoint): ModelParameters {
  return Object.fromEntries(names.map((name) => [name, read(name)]));
}

async function readQuantized(
  checkpoint: Checkpoint,
  { method, signal, onProgress }: Pick<LoadModelOptions, "signal" | "onProgress"> & { method: Quantization },
): Promise<ModelParameters> {
  const { config } = checkpoint;
  const quantizer = createQuantizer();
  try {
    const parameters: ModelParameters = {};
    const shapes = Object.entries(parameterShapes(config));
    for (const [i, [name, shape]] of shapes.entries()) {
      if (signal?.aborted === true) throw new AbortedError("Loading the model");
      const source: ParameterSource = {
        shape,
        read: () => checkpoint.read(name),
        readFloats: (first, target) => checkpoint.readFloats(name, first, target),
      };
      Object.assign(parameters, await quantizeParameter({ config, method, name, source, quantizer }));
      onProgress?.({ phase: "quantize", step: i + 1, total: shapes.length });
    }
    return parameters;
  } finally {
    quantizer.dispose();
  }
}
