// What a run's results depend on: its recipe, and the content of the files that it reads, wherever they lie.
import { createHash } from "node:crypto";
import { closeSync, openSync, readdirSync, readSync } from "node:fs";
import { join } from "node:path";
import { FileError } from "../errors.ts";
import { readError } from "../read-file.ts";
import { requireRegularFile } from "../regular-file.ts";

/** Settings and hashes by name, plain JSON. */
export type RunFingerprint = Readonly<Record<string, unknown>>;

/** Files that a tokenizer may have in a model's folder. */
export const TOKENIZER_FILES: readonly string[] = [
  "tokenizer.json",
  "vocab.json",
  "merges.txt",
  "added_tokens.json",
  "tokenizer_config.json",
  "special_tokens_map.json",
  "chat_template.jinja",
];

/** Files of a model's folder that are read when it is loaded, besides its weights. */
const SMALL_FILES = new Set(["config.json", "generation_config.json", ...TOKENIZER_FILES]);

/** Settings that change no result: how often and how much is saved and evaluated. */
const NO_RESULT = new Set(["saveSteps", "saveTotalLimit", "evalSteps", "metricForBestModel", "loadBestModelAtEnd"]);

/**
 * The recipe without the settings that change no result, and hashes of the model's files. For a `file`, or a `dataset` that is a
 * file, the hash of the content replaces the path.
 *
 * @throws {FileError} if a file is missing or cannot be read, or the model's folder holds no weights
 */
export function runFingerprint({
  recipe,
  modelDir,
  flag = "--model",
}: {
  /** Settings, plain JSON. */
  recipe: object;
  /** The model from which the run starts. @default none */
  modelDir?: string | undefined;
  /** How a person names the model. @default "--model" */
  flag?: string | undefined;
}): RunFingerprint {
  return { ...withContents(recipe), ...(modelDir !== undefined && modelContents(modelDir, flag)) };
}

function withContents(settings: object): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(settings).flatMap(([key, value]: [string, unknown]): [string, unknown][] => {
      if (NO_RESULT.has(key)) return [];
      if (typeof value === "string" && key === "adapter") return Object.entries(folderContents(value, isOfAdapter, `--${key}`));
      if (typeof value === "string" && isFile(key, value)) return [[`${key} (its content)`, contentHash(value)]];
      return [[key, valueWithContents(value)]];
    }),
  );
}

/** A `file` is a file, and so is a `dataset` that does not name a source. */
function isFile(key: string, value: string): boolean {
  return key === "file" || (key === "dataset" && /[/\\]|\.jsonl?$/.test(value));
}

function valueWithContents(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(valueWithContents);
  return typeof value === "object" && value !== null ? withContents(value) : value;
}

/** Files that make an adapter. */
const isOfAdapter = (name: string): boolean => name === "adapter_config.json" || name === "adapter_model.safetensors";

function modelContents(modelDir: string, flag: string): Record<string, string> {
  const isRead = (name: string): boolean => SMALL_FILES.has(name) || name.endsWith(".safetensors");
  const names = namesIn(modelDir).filter(isRead);
  if (!names.some((name) => name.endsWith(".safetensors"))) {
    const path = join(modelDir, "model.safetensors");
    throw new FileError({ path, problem: "no such file", wayOut: `Give the folder of a model with ${flag}.` });
  }
  return folderContents(modelDir, isRead, flag);
}

function folderContents(folder: string, isRead: (name: string) => boolean, flag: string): Record<string, string> {
  const names = namesIn(folder).filter(isRead);
  return Object.fromEntries(names.map((name) => [`${name} of ${flag}`, contentHash(join(folder, name))]));
}

function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder).toSorted();
  } catch {
    return []; // missing, or not a folder
  }
}

/** A fingerprint of a file's content: the first 64 bits of its SHA-256. @throws {FileError} */
export function contentHash(path: string): string {
  requireRegularFile(path, { maxBytes: Infinity });
  const hash = createHash("sha256");
  const chunk = Buffer.alloc(2 ** 20);
  try {
    const file = openSync(path, "r");
    try {
      for (let size = readSync(file, chunk); size > 0; size = readSync(file, chunk)) hash.update(chunk.subarray(0, size));
    } finally {
      closeSync(file);
    }
  } catch (cause) {
    throw readError(path, cause);
  }
  return `sha256 ${hash.digest("hex").slice(0, 16)}`;
}
