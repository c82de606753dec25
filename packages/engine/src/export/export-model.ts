// A model folder as an .onnx file. A file holds one shape, so batch size and length are the export's.
import { existsSync, statSync } from "node:fs";
import { FileError, InvalidArgumentError } from "@diffucoder/core";
import { forward, loadModel, modelConfigPath, readModelConfig, type TransformerConfig } from "@diffucoder/model";
import { type DType, exportOnnx, type NdArray, type Shape, type Tensor, zerosArray } from "@diffucoder/tensor";
import { readGenerationConfig } from "../folder/generation-config.ts";
import { modelFolder } from "../hub/hub.ts";
import type { ExportConfig } from "./export-config.ts";

/** An input or output of the exported file. */
export interface ExportedValue {
  /** In the file. */
  name: string;
  /** Of its elements. */
  dtype: DType;
  /** Its dimensions. */
  shape: Shape;
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

interface Inputs<T> {
  inputIds: T;
  attentionMask?: T;
  logitPositions?: T;
}

/**
 * Writes the network as the model's own code runs it: raw logits, of which those at position `i` predict token `i + 1`.
 *
 * @throws {InvalidArgumentError} if the length is not given and the folder names no canvas, or is beyond what the model can
 * @throws {FileError} or {CheckpointError} if the model cannot be read or the file not be written
 */
export async function exportModel(
  config: ExportConfig & {
    /** Folder, or `owner/name[@revision]` on the hub. */
    model: string;
  },
): Promise<ExportedModel> {
  const { model, out, batchSize, positions, attentionMask, weights, quantize } = config;
  if (existsSync(out) && statSync(out).isDirectory()) throw new FileError({ path: out, problem: "is a folder", wayOut: "Name a file with --out." });
  const dir = await modelFolder(model);
  const modelConfig = readModelConfig(modelConfigPath(dir));
  const length = canvasLength(config.length, dir, modelConfig);
  checkPositions(positions, batchSize * length);

  const inputs: Inputs<NdArray> = {
    inputIds: zerosArray([batchSize, length], "int32"),
    ...(attentionMask && { attentionMask: zerosArray([batchSize, length], "int32") }),
    ...(positions !== undefined && { logitPositions: zerosArray([positions], "int32") }),
  };
  const { config: used, parameters, attention } = await loadModel(dir, { quantize });
  const network = (p: Record<string, Tensor>, given: Inputs<Tensor>) => ({ logits: forward(used, p, { ...given, attention }) });
  const { files } = await exportOnnx(out, network, [parameters, inputs as Required<Inputs<NdArray>>], {
    frozen: [0],
    name: config.function,
    ...(weights && { weights }),
  });
  const rows = positions === undefined ? [batchSize, length] : [positions];
  return {
    function: config.function,
    inputs: Object.entries<NdArray>({ ...inputs }).map(([name, { dtype, shape }]) => ({ name, dtype, shape })),
    outputs: [{ name: "logits", dtype: "float32", shape: [...rows, modelConfig.vocabSize] }],
    files: files.map((path) => ({ path, bytes: statSync(path).size })),
  };
}

function canvasLength(given: number | undefined, dir: string, { maxPositionEmbeddings }: TransformerConfig): number {
  const { padPrompt, promptLength, maxNewTokens } = readGenerationConfig(dir).config;
  const length = given ?? (padPrompt === true ? promptLength + maxNewTokens : undefined);
  const expected = `a whole number of tokens up to ${maxPositionEmbeddings}`;
  if (length === undefined)
    throw new InvalidArgumentError({ argument: "length", value: length, expected, wayOut: "The model's folder names no canvas: give --length." });
  if (length > maxPositionEmbeddings) throw new InvalidArgumentError({ argument: "length", value: length, expected });
  return length;
}

function checkPositions(positions: number | undefined, tokens: number): void {
  if (positions !== undefined && positions > tokens)
    throw new InvalidArgumentError({ argument: "positions", value: positions, expected: `at most ${tokens}, batch size times length` });
}
