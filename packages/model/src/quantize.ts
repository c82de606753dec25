// A model with quantized weights, in memory and in files. In the place of a matrix NAME, e.g.
// "model.layers.0.mlp.up_proj.weight", stand two parameters:
//   int8    NAME.codes  int8 [in, out], turned (see @diffucoder/tensor)    NAME.scales  float32 [out]
//   int4    NAME.codes  uint8 [out, in / 32, 16], two codes a byte         NAME.scales  float32 [out, in / 32]
//   table   NAME.codes  int8 [V, D]                                        NAME.scales  float32 [V]
// The embedding is a table with both methods. A matrix whose width is no multiple of 32 is int8 with both. A tied model
// keeps its embedding in float32, and its head is quantized as "lm_head.weight". Norms and biases stay float32.
import { type DType, type NdArray, quantizeInt4, quantizeInt8, type QuantizedWeight, type Shape, zerosArray } from "@diffucoder/tensor";
import type { TransformerConfig } from "./config.ts";
import { type ModelParameters, parameterShapes } from "./parameters.ts";

/** How the matrices of a model are kept. */
export type Quantization = "int8" | "int4";

export interface QuantizedParameter {
  shape: Shape;
  dtype: DType;
}

const EMBEDDING = "model.embed_tokens.weight";
const HEAD = "lm_head.weight";
const INT4_BLOCK = 32;

/** How one parameter is kept. */
type Kind = "float32" | "table" | Quantization;

function kindOf(config: TransformerConfig, name: string, shape: Shape, method: Quantization): Kind {
  if (shape.length !== 2) return "float32";
  if (name === EMBEDDING) return config.tieWordEmbeddings ? "float32" : "table";
  return method === "int4" && (shape[1] as number) % INT4_BLOCK === 0 ? "int4" : "int8";
}

/** Name, shape and dtype of every parameter of a quantized model, in order. */
export function quantizedParameterShapes(config: TransformerConfig, method: Quantization): Record<string, QuantizedParameter> {
  const result: Record<string, QuantizedParameter> = {};
  const shapes = Object.entries(parameterShapes(config));
  if (config.tieWordEmbeddings) shapes.push([HEAD, [config.vocabSize, config.hiddenSize]]);
  for (const [name, shape] of shapes) {
    const kind = kindOf(config, name, shape, method);
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

export interface QuantizeParameterOptions {
  config: TransformerConfig;
  method: Quantization;
  name: string;
  /** float32, of the shape that `parameterShapes` gives. */
  weight: NdArray;
}

/** What takes the place of one parameter, so that a model can be quantized while it is read. */
export function quantizeParameter({ config, method, name, weight }: QuantizeParameterOptions): ModelParameters {
  const kind = kindOf(config, name, weight.shape, method);
  if (kind === "table") return named(name, quantizeTable(weight));
  if (kind !== "float32") return named(name, kind === "int8" ? quantizeInt8(weight) : quantizeInt4(weight, { blockSize: INT4_BLOCK }));
  if (name === EMBEDDING && config.tieWordEmbeddings) return { [name]: weight, ...quantizeParameter({ config, method, name: HEAD, weight }) };
  return { [name]: weight };
}

/** All parameters of a model, quantized. */
export function quantizeParameters({
  config,
  method,
  parameters,
}: {
  config: TransformerConfig;
  method: Quantization;
  parameters: ModelParameters;
}): ModelParameters {
  return Object.assign({}, ...Object.entries(parameters).map(([name, weight]) => quantizeParameter({ config, method, name, weight })));
}

function named(name: string, { codes, scales }: QuantizedWeight<NdArray>): ModelParameters {
  return { [`${name}.codes`]: codes, [`${name}.scales`]: scales };
}

/** Rows in 8 bits with a scale each, not turned: they are read, not multiplied. */
function quantizeTable(table: NdArray): QuantizedWeight<NdArray> {
  const [rows, width] = table.shape as [number, number];
  const codes = zerosArray(table.shape, "int8");
  const scales = zerosArray([rows]);
  for (let row = 0; row < rows; row++) {
    const values = table.data.subarray(row * width, (row + 1) * width);
    let largest = 0;
    for (const value of values) largest = Math.max(largest, Math.abs(value));
    scales.data[row] = largest / 127;
    const factor = largest === 0 ? 0 : 127 / largest;
    for (let i = 0; i < width; i++) codes.data[row * width + i] = Math.round((values[i] as number) * factor);
  }
  return { codes, scales };
}
