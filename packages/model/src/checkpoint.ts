// A model as a Hugging Face folder: config.json and model.safetensors, or shards with model.safetensors.index.json.
import { existsSync } from "node:fs";
import { join } from "node:path";
import { DiffuCoderError, FileError, folderFile } from "@diffucoder/core";
import { type NdArray, openSafetensors, type SafetensorsFile, type Shape, sizeOf } from "@diffucoder/tensor";
import { adapterFile, checkpointFiles } from "./checkpoint-files.ts";
import type { TransformerConfig } from "./config.ts";
import { readQuantization } from "./hugging-face-config.ts";
import { commonPrefix, plainName, renamingNotice } from "./parameter-names.ts";
import { parameterShapes } from "./parameters.ts";
import { type Quantization, type QuantizedParameter, quantizedParameterShapes } from "./quantize.ts";

/** The parameters of a checkpoint do not match its config. `code` is `"CHECKPOINT"`. */
export class CheckpointError extends DiffuCoderError {
  /** The folder. */
  readonly path: string;
  /** All of them, a line for each parameter; the message has the first 50. */
  readonly problems: readonly string[];

  constructor({
    path,
    problems,
  }: {
    /** The folder. */
    path: string;
    /** What is missing, too many or of another shape, a line for each parameter. */
    problems: readonly string[];
  }) {
    super("CHECKPOINT", `${path} does not hold the parameters that its config.json describes:\n${inLines(problems)}`);
    this.path = path;
    this.problems = problems;
  }
}

/** More would only push the first ones off the screen. */
const SHOWN = 50;

function inLines(problems: readonly string[]): string {
  const lines = problems.slice(0, SHOWN).map((problem) => `  - ${problem}`);
  if (problems.length > SHOWN) lines.push(`  - and ${problems.length - SHOWN} more`);
  return lines.join("\n");
}

/** An open checkpoint, whose names and shapes are those of its config; parameters are read one by one. */
export interface Checkpoint<Config extends TransformerConfig = TransformerConfig> {
  /** The given config, without `tieWordEmbeddings` if the files hold a separate head. */
  readonly config: Config;
  /** Names of all parameters, in the order of `parameterShapes`, or of `quantizedParameterShapes`. */
  readonly names: readonly string[];
  /** How the files keep the matrices: quantized, or as floats. */
  readonly quantization: Quantization | undefined;
  /** What a person should know about how the files were read, a sentence each without its point; mostly empty. */
  readonly notices: readonly string[];
  /** A new array; floats of every type become float32. @throws {FileError} if a number is not finite, or the file ends early */
  read(name: string): NdArray;
  /** Fills the target with elements of a float parameter from `first` on. Throws as `read` does. */
  readFloats(name: string, first: number, target: Float32Array): void;
  /** Closes the files. */
  close(): void;
}

/** Where a parameter lies: its file, and its name there. */
interface Home {
  file: SafetensorsFile;
  name: string;
}

/**
 * Opens the safetensors files of a folder and checks their headers against the config. No parameter is read yet, except a head
 * that should be tied and is in the files all the same: it is compared with the embedding, and kept if it differs.
 *
 * @throws {FileError} if a file is missing, damaged or outside of the folder, or the folder holds something else than a model
 * @throws {CheckpointError} listing every parameter that is missing, unexpected or of the wrong shape
 */
export function openCheckpoint<Config extends TransformerConfig>(directory: string, config: Config): Checkpoint<Config> {
  const files = openFiles(directory);
  const close = (): void => files.forEach((file) => file.close());
  try {
    const homes = homesOf(files);
    const quantization = quantizationOf(directory, homes);
    checkParameters({ directory, config, quantization, homes });
    const homeOf = (name: string): Home => {
      const home = homes.get(name);
      if (home === undefined) throw new FileError({ path: directory, problem: `holds no parameter ${JSON.stringify(name)}` });
      return home;
    };
    const readFloats = (name: string, first: number, target: Float32Array): void => {
      const home = homeOf(name);
      home.file.readFloats(home.name, first, target, { requireFinite: true });
    };
    const hasOwnHead = config.tieWordEmbeddings && homes.has(HEAD) && !isSame(readFloats, parameterShapes(config)[EMBEDDING] as Shape);
    const used: Config = hasOwnHead ? Object.freeze({ ...config, tieWordEmbeddings: false }) : config;
    return {
      config: used,
      names: Object.keys(expectedShapes(used, quantization)),
      quantization,
      notices: noticesOf(directory, { hasOwnHead, homes }),
      read: (name) => {
        const home = homeOf(name);
        return home.file.read(home.name, { requireFinite: true });
      },
      readFloats,
      close,
    };
  } catch (error) {
    close();
    throw error;
  }
}

const EMBEDDING = "model.embed_tokens.weight";
const HEAD = "lm_head.weight";

function homesOf(files: readonly SafetensorsFile[]): Map<string, Home> {
  const homes = new Map<string, Home>();
  for (const file of files) {
    for (const name of file.entries.keys()) {
      const plain = plainName(name);
      const other = homes.get(plain);
      if (other !== undefined && other.file !== file)
        throw new FileError({ path: file.path, problem: `holds ${short(name)}, which another shard holds as well` });
      if (other !== undefined)
        throw new FileError({ path: file.path, problem: `holds ${short(name)} and ${short(other.name)}, which are one parameter` });
      homes.set(plain, { file, name });
    }
  }
  return homes;
}

function checkParameters({
  directory,
  config,
  quantization,
  homes,
}: {
  directory: string;
  config: TransformerConfig;
  quantization: Quantization | undefined;
  homes: ReadonlyMap<string, Home>;
}): void {
  const adapter = Array.from(homes.values()).find(({ name }) => /\.lora_[AB]\./.test(name));
  if (adapter !== undefined)
    throw new FileError({
      path: adapter.file.path,
      problem: `holds LoRA weights that were not merged into the layers, ${short(adapter.name)} among them`,
      wayOut: "Merge them with PEFT's merge_and_unload() and save the model again.",
    });
  const expected = expectedShapes(config, quantization);
  const hasExtraHead = config.tieWordEmbeddings && quantization === undefined && homes.has(HEAD);
  if (hasExtraHead) expected[HEAD] = { shape: [config.vocabSize, config.hiddenSize], dtype: "float32" };
  const found = new Map(Array.from(homes, ([name, home]) => [name, home.file.entries.get(home.name) as { shape: Shape; dtype: string }]));
  const problems = compareShapes(expected, found, (name) => name.endsWith(".rotary_emb.inv_freq")); // tables that old versions saved
  if (problems.length > 0) throw new CheckpointError({ path: directory, problems });
}

/** Whether head and embedding are the same numbers, compared a piece at a time. */
function isSame(readFloats: Checkpoint["readFloats"], shape: Shape): boolean {
  const total = sizeOf(shape);
  const [left, right] = [new Float32Array(Math.min(total, 1 << 16)), new Float32Array(Math.min(total, 1 << 16))];
  for (let first = 0; first < total; first += left.length) {
    const length = Math.min(left.length, total - first);
    readFloats(EMBEDDING, first, left.subarray(0, length));
    readFloats(HEAD, first, right.subarray(0, length));
    for (let i = 0; i < length; i++) if (left[i] !== right[i]) return false;
  }
  return true;
}

function noticesOf(directory: string, { hasOwnHead, homes }: { hasOwnHead: boolean; homes: ReadonlyMap<string, Home> }): string[] {
  const notices: string[] = [];
  if (hasOwnHead)
    notices.push(
      `config.json ties the head to the embedding, but ${HEAD} holds other numbers: the head of the file is used, and the two are not tied`,
    );
  const floats = new Set(Array.from(homes.values(), ({ file, name }) => file.entries.get(name)!.dtype).filter((dtype) => FLOATS.includes(dtype)));
  const isQuantized = [...homes.keys()].some((name) => name.endsWith(".codes"));
  if (floats.size > 1 && !isQuantized) notices.push(`the files mix ${[...floats].sort().join(" and ")}: all are computed with as float32`);
  const renaming = renamingNotice(Array.from(homes.values(), ({ name }) => name));
  if (renaming !== undefined) notices.push(renaming);
  if (existsSync(join(directory, adapterFile))) notices.push(`${adapterFile} is next to the model: the adapter is not applied`);
  return notices;
}

function openFiles(directory: string): SafetensorsFile[] {
  const files: SafetensorsFile[] = [];
  try {
    for (const name of checkpointFiles(directory)) files.push(openSafetensors(folderFile(directory, name, { maxBytes: Infinity })));
    return files;
  } catch (error) {
    for (const file of files) file.close();
    throw error;
  }
}

/** What config.json says; without it, quantized files have codes in the place of weights: bytes without a sign hold two of four bits. */
function quantizationOf(directory: string, homes: ReadonlyMap<string, Home>): Quantization | undefined {
  const path = folderFile(directory, "config.json");
  const said = existsSync(path) ? readQuantization(path) : undefined;
  if (said !== undefined) return said;
  const types = Array.from(homes, ([plain, { file, name }]) => (plain.endsWith(".codes") ? file.entries.get(name)?.dtype : undefined));
  if (types.includes("U8")) return "int4";
  return types.includes("I8") ? "int8" : undefined;
}

function expectedShapes(config: TransformerConfig, quantization: Quantization | undefined): Record<string, QuantizedParameter> {
  return quantization === undefined ? floatShapes(config) : quantizedParameterShapes(config, quantization);
}

export function floatShapes(config: TransformerConfig): Record<string, QuantizedParameter> {
  return Object.fromEntries(Object.entries(parameterShapes(config)).map(([name, shape]) => [name, { shape, dtype: "float32" as const }]));
}

const FLOATS: readonly string[] = ["F32", "F16", "BF16"];

/** What each dtype may be called in memory and in files. */
const sameType: Readonly<Record<string, readonly string[]>> = {
  float32: ["float32", ...FLOATS],
  int8: ["int8", "I8"],
  uint8: ["uint8", "U8"],
};

/** Problems of a set of arrays, by name, against the parameters that are expected. */
export function compareShapes(
  expected: Readonly<Record<string, QuantizedParameter>>,
  found: ReadonlyMap<string, { shape: Shape; dtype: string }>,
  isExtra: (name: string) => boolean = () => false,
): string[] {
  const missing = Object.keys(expected).filter((name) => !found.has(name));
  const unexpected = Array.from(found.keys()).filter((name) => !Object.hasOwn(expected, name) && !isExtra(name));
  const prefix = commonPrefix(missing, unexpected);
  if (prefix !== undefined)
    return [`every name begins with ${short(prefix)}: save the model again without what put it there, or rename the parameters`];
  const problems: string[] = [];
  for (const [name, { shape, dtype }] of Object.entries(expected)) {
    const array = found.get(name);
    if (array === undefined) problems.push(`${name}: missing`);
    else if (sameType[dtype]?.includes(array.dtype) !== true)
      problems.push(`${name}: of dtype ${array.dtype}, expected ${dtype === "float32" ? "floats" : dtype}`);
    else if (array.shape.join() !== shape.join()) problems.push(`${name}: shape [${short(array.shape.join(", "))}], expected [${shape.join(", ")}]`);
  }
  return [...problems, ...unexpected.map((name) => `${short(name)}: unexpected`)];
}

/** A stranger's text in a message. */
function short(text: string): string {
  return text.length > 100 ? `${text.slice(0, 97)}...` : text;
}
