// A model folder as an .onnx file with the ecosystem's names, `input_ids`, `attention_mask` and `logits`. Batch and length stay open
// unless they are given: positions and who sees whom are computed in the file from the mask, not kept as tables of one length.
import { existsSync, statSync } from "node:fs";
import { FileError, InvalidArgumentError } from "@diffucoder/core";
import { forward, loadModel, type ModelTraits, modelConfigPath, readModelConfig } from "@diffucoder/model";
import { add, cast, cumSum, div, exportOnnx, less, mul, type NdArray, reshape, sub, type Tensor, zerosArray } from "@diffucoder/tensor";
import { modelFolder } from "../hub/hub.ts";
import type { ExportConfig } from "./export-config.ts";

/** An input or output of the exported file. */
export interface ExportedValue {
  /** In the file. */
  name: string;
  /** Of its elements. */
  dtype: "int64" | "float32";
  /** Its dimensions; those that whoever runs the file chooses by their names: `"batch"`, `"length"`, `"positions"`. */
  shape: (number | string)[];
}

/** What was written. */
export interface ExportedModel {
  /** Which function of the network it is. */
  function: ExportConfig["function"];
  /** What it takes. */
  inputs: ExportedValue[];
  /** What it gives. */
  outputs: ExportedValue[];
  /** The .onnx file, and the file of its weights if they lie beside it. */
  files: {
    /** Where it lies. */
    path: string;
    /** Its size. */
    bytes: number;
  }[];
}

/** The inputs by their names in the file. */
interface Inputs<T> {
  /** `[batch, length]`. */
  input_ids: T;
  /** `[batch, length]`, 1 for a real token. Positions count real tokens, so rows may be padded on either side. */
  attention_mask: T;
  /** `[positions]`, indices into the `batch * length` tokens. */
  logit_positions?: T;
}

/**
 * Writes the network as the model's own code runs it: raw logits, of which those at position `i` predict token `i + 1` where the
 * model is shifted.
 *
 * @throws {InvalidArgumentError} if the length is beyond what the model can
 * @throws {FileError} or {CheckpointError} if the model cannot be read or the file not be written
 */
export async function exportModel(
  config: ExportConfig & {
    /** Folder, or `owner/name[@revision]` on the hub. */
    model: string;
  },
): Promise<ExportedModel> {
  const { model, out, length, weights, quantize } = config;
  if (existsSync(out) && statSync(out).isDirectory()) throw new FileError({ path: out, problem: "is a folder", wayOut: "Name a file with --out." });
  const dir = await modelFolder(model);
  const { maxPositionEmbeddings } = readModelConfig(modelConfigPath(dir));
  if (length !== undefined && length > maxPositionEmbeddings)
    throw new InvalidArgumentError({ argument: "length", value: length, expected: `at most ${maxPositionEmbeddings}, the model's longest` });

  const { config: used, parameters, attention } = await loadModel(dir, { quantize });
  const network = (p: Record<string, Tensor>, { input_ids: inputIds, attention_mask: attentionMask, logit_positions }: Inputs<Tensor>) => {
    const positionIds = sub(cumSum(attentionMask), 1);
    const seen = attentionOf(attention, attentionMask);
    return { logits: forward(used, p, { inputIds, attentionMask, positionIds, attention: seen, logitPositions: logit_positions }) };
  };
  const { shape, positions, open } = sizesOf(config);
  const { files } = await exportOnnx(
    out,
    network,
    (sizes) => {
      const rows = shape.map((size) => (typeof size === "number" ? size : sizes[size]!));
      const at = positions && { logit_positions: zerosArray([sizes["positions"]!], "int32") };
      const inputs: Inputs<NdArray> = { input_ids: zerosArray(rows, "int32"), attention_mask: zerosArray(rows, "int32"), ...at };
      return [parameters, inputs];
    },
    { frozen: [0], name: config.function, int64Inputs: true, openSizes: open, ...(weights && { weights }) },
  );
  const inputs = { input_ids: shape, attention_mask: shape, ...(positions && { logit_positions: positions }) };
  return {
    function: config.function,
    inputs: Object.entries(inputs).map(([name, dims]) => ({ name, dtype: "int64", shape: dims })),
    outputs: [{ name: "logits", dtype: "float32", shape: [...(positions ?? shape), used.vocabSize] }],
    files: files.map((path) => ({ path, bytes: statSync(path).size })),
  };
}

/** Shapes of the inputs, and which of their sizes stay open. */
function sizesOf({ batchSize, length, function: name }: ExportConfig) {
  const shape: (number | string)[] = [batchSize ?? "batch", length ?? "length"];
  const positions = name === "logitsAt" ? ["positions"] : undefined;
  return { shape, positions, open: [...shape, ...(positions ?? [])].filter((size) => typeof size === "string") };
}

/** Who sees whom as `forward` takes it, for rows of any length: a column sees what lies before the end of its block. */
function attentionOf(attention: ModelTraits["attention"], mask: Tensor): "full" | Tensor {
  if (attention === "full") return "full";
  const blockLength = attention === "causal" ? 1 : attention.blockLength;
  const [batch, length] = mask.shape as [number, number];
  const column = sub(cumSum(add(mul(mask, 0), 1)), 1); // int32 [B, L]: 0, 1, 2, ...
  const block = cast(div(cast(column, "float32"), blockLength), "int32");
  const end = mul(add(block, 1), blockLength);
  return less(reshape(column, [batch, 1, length]), reshape(end, [batch, length, 1])); // [B, L, L]
}
