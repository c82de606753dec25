// A model with quantized weights, in memory and in files. In the place of a matrix NAME, e.g.
// "model.layers.0.mlp.up_proj.weight", stand two parameters:
//   int8    NAME.codes  int8 [in, out], turned (see @diffucoder/tensor)    NAME.scales  float32 [out]
//   int4    NAME.codes  uint8 [out, in / 32, 16], two codes a byte         NAME.scales  float32 [out, in / 32]
//   table   NAME.codes  int8 [V, D]                                        NAME.scales  float32 [V]
// The embedding is a table with both methods. A matrix whose width is not a multiple of 32 is int8 with both. The head of a tied
// model is quantized from the embedding, as "lm_head.weight". Norms and biases stay float32.
// In memory only, matrices may lie in panels instead, for the kernels that run the model (layOutParameters).
import type { ModelParameters } from "@diffucoder/diffusion";
import {
  createQuantizer,
  type DType,
  type Executor,
  type NdArray,
  type QuantizedFormat,
  type Quantizer,
  type Shape,
  weightLayout,
} from "@diffucoder/tensor";
import type { TransformerConfig } from "./config.ts";
import { parameterShapes } from "./parameters.ts";

/** How the matrices of a model are kept. */
export type Quantization = "int8" | "int4";

/** Shape and dtype of a parameter in memory. */
export interface QuantizedParameter {
  /** Its axes. */
  shape: Shape;
  /** float32, or the type of codes. */
  dtype: DType;
}

const EMBEDDING = "model.embed_tokens.weight";
const HEAD = "lm_head.weight";
const INT4_BLOCK = 32;
const CODES = ".codes";

/** How one parameter is kept. */
type Kind = "float32" | QuantizedFormat;

function kindOf(name: string, shape: Shape, method: Quantization): Kind {
  if (shape.length !== 2) return "float32";
  if (name === EMBEDDING) return "table";
  return method === "int4" && shape[1]! % INT4_BLOCK === 0 ? "int4" : "int8";
}

/** Name, shape and dtype of every parameter of a quantized model, in order. */
export function quantizedParameterShapes(config: TransformerConfig, method: Quantization): Record<string, QuantizedParameter> {
  const result: Record<string, QuantizedParameter> = {};
  const shapes = Object.entries(parameterShapes(config));
  if (config.tieWordEmbeddings) shapes.push([HEAD, [config.vocabSize, config.hiddenSize]]);
  for (const [name, shape] of shapes) {
    const kind = kindOf(name, shape, method);
    if (kind === "float32") {
      result[name] = { shape, dtype: "float32" };
      continue;
    }
    const [out, inner] = shape as [number, number];
    result[`${name}.codes`] = {
      int8: { shape: [inner, out], dtype: "int8" as const },
      int4: { shape: [out, inner / INT4_BLOCK, INT4_BLOCK / 2], dtype: "uint8" as const },
      table: { shape: [out, inner], dtype: "int8" as const },
    }[kind];
    result[`${name}.scales`] = { shape: kind === "int4" ? [out, inner / INT4_BLOCK] : [out], dtype: "float32" };
  }
  return result;
}

/** A parameter that is read whole, or a piece at a time. */
export interface ParameterSource {
  shape: Shape;
  read: () => NdArray;
  /** Fills the target with elements from `first` on. */
  readFloats: (first: number, target: Float32Array) => void;
}

export interface QuantizeParameterOptions {
  config: TransformerConfig;
  method: Quantization;
  name: string;
  source: ParameterSource;
  quantizer: Quantizer;
}

/** What takes the place of one parameter, so that a model can be quantized while it is read. */
export async function quantizeParameter({ config, method, name, source, quantizer }: QuantizeParameterOptions): Promise<ModelParameters> {
  const { shape } = source;
  const quantized = async (format: QuantizedFormat, as: string): Promise<ModelParameters> => {
    const { codes, scales } = await quantizer.quantize(format, { shape: shape as readonly [number, number], read: source.readFloats });
    return { [`${as}.codes`]: codes, [`${as}.scales`]: scales };
  };
  const kind = kindOf(name, shape, method);
  if (kind === "float32") return { [name]: source.read() };
  const own = await quantized(kind, name);
  if (name !== EMBEDDING || !config.tieWordEmbeddings) return own;
  return { ...own, ...(await quantized(kindOf(HEAD, shape, method) as QuantizedFormat, HEAD)) };
}

/** All parameters of a model, quantized. */
export async function quantizeParameters({
  config,
  method,
  parameters,
}: {
  /** Sizes of the model. */
  config: TransformerConfig;
  /** Which matrices become codes and scales, and of how many bits. */
  method: Quantization;
  /** float32, by name; they stay as they are. */
  parameters: ModelParameters;
}): Promise<ModelParameters> {
  const quantizer = createQuantizer();
  try {
    const result: ModelParameters = {};
    for (const [name, array] of Object.entries(parameters)) {
      const data = array.data as Float32Array;
      const readFloats = (first: number, target: Float32Array): void => target.set(data.subarray(first, first + target.length));
      const source = { shape: array.shape, read: () => array, readFloats };
      Object.assign(result, await quantizeParameter({ config, method, name, source, quantizer }));
    }
    return result;
  } finally {
    quantizer.dispose();
  }
}

/**
 * Brings the quantized matrices of a model into the order that an executor's kernels read fastest, in place, one after the other;
 * without such kernels they stay as they are. Laid out they serve every plan, but cannot be saved.
 */
export async function layOutParameters(parameters: Record<string, NdArray>, executor: Executor): Promise<void> {
  const layout = weightLayout(executor);
  if (layout === undefined) return;
  try {
    for (const name of Object.keys(parameters)) {
      const matrix = name.endsWith(CODES) ? name.slice(0, -CODES.length) : EMBEDDING;
      if (matrix === EMBEDDING) continue;
      const weight = await layout.layOut({ codes: parameters[name]!, scales: parameters[`${matrix}.scales`]! });
      parameters[name] = weight.codes;
      parameters[`${matrix}.scales`] = weight.scales;
    }
  } finally {
    layout.dispose();
  }
}
