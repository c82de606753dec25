// Which files of a folder hold a model, and what to say about a folder that holds something else.
import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { FileError, folderFile, readJsonObject } from "@diffucoder/core";

export const singleFile = "model.safetensors";
export const indexFile = "model.safetensors.index.json";
export const adapterFile = "adapter_config.json";

/**
 * Path of the config.json of a model's folder.
 *
 * @throws {FileError} if it leads out of the folder or is not a regular file, or if it is missing and the folder holds a LoRA adapter
 */
export function modelConfigPath(directory: string): string {
  const path = folderFile(directory, "config.json");
  if (!existsSync(path) && existsSync(join(directory, adapterFile))) throw adapterError(directory);
  return path;
}

/**
 * Names of the safetensors files that hold the model: one file, those of an index, or all shards of one model.
 *
 * @throws {FileError} naming what is there instead
 */
export function checkpointFiles(directory: string): string[] {
  if (existsSync(join(directory, singleFile))) return [singleFile];
  if (existsSync(join(directory, indexFile))) return filesOfIndex(directory);
  const names = existsSync(directory) ? readdirSync(directory).sort() : [];
  const dangling = [singleFile, indexFile].find((name) => names.includes(name));
  if (dangling !== undefined)
    throw new FileError({ path: join(directory, dangling), problem: "is a link to a file that is not there", wayOut: "Download the model again." });
  const shards = names.filter((name) => SHARD.test(name));
  if (shards.length > 0) return wholeSet(directory, shards);
  if (names.some((name) => name === adapterFile || name.startsWith("adapter_model."))) throw adapterError(directory);
  const pickle = names.find((name) => /\.(bin|pt|pth|ckpt|pkl)$/.test(name));
  if (pickle !== undefined)
    throw new FileError({
      path: directory,
      problem: `holds no safetensors but the pickle ${pickle}`,
      wayOut: "Pickles can run code and are not read: save the model again with safe_serialization=True.",
    });
  const other = names.find((name) => /\.(safetensors|gguf|onnx|h5|msgpack)$/.test(name));
  if (other !== undefined)
    throw new FileError({
      path: directory,
      problem: `holds no ${singleFile} but ${other}`,
      wayOut: other.endsWith(".safetensors") ? `Name it ${singleFile} if it is the model.` : "Download the model's safetensors.",
    });
  return [singleFile]; // opening it reports that it is missing
}

function filesOfIndex(directory: string): string[] {
  const path = folderFile(directory, indexFile);
  const { weight_map: weightMap } = readJsonObject(path);
  const isMap =
    typeof weightMap === "object" &&
    weightMap !== null &&
    !Array.isArray(weightMap) &&
    Object.values(weightMap).every((file) => typeof file === "string");
  if (!isMap) throw new FileError({ path, problem: "weight_map must map parameter names to file names" });
  return [...new Set(Object.values(weightMap as Record<string, string>))];
}

const SHARD = /^(.+)-(\d{5})-of-(\d{5})\.safetensors$/;

/** Shards say themselves how many they are, so a whole set needs no index. */
function wholeSet(directory: string, shards: readonly string[]): string[] {
  const sets = new Set(shards.map((name) => name.replace(SHARD, "$1-?-of-$3")));
  if (sets.size > 1)
    throw new FileError({
      path: directory,
      problem: `holds shards of ${sets.size} models and no ${indexFile} that says which to read`,
      wayOut: "Download the index, or leave only one model's shards.",
    });
  const [, stem = "", , total = ""] = SHARD.exec(shards[0]!) ?? [];
  const nameOf = (i: number): string => `${stem}-${String(i).padStart(5, "0")}-of-${total}.safetensors`;
  for (let i = 1; i <= Number(total); i++) {
    if (!shards.includes(nameOf(i)))
      throw new FileError({ path: join(directory, nameOf(i)), problem: `no such file; ${shards.length} of ${Number(total)} shards are there` });
  }
  return [...shards];
}

function adapterError(directory: string): FileError {
  const path = folderFile(directory, adapterFile);
  const { base_model_name_or_path: base } = existsSync(path) ? readJsonObject(path) : {};
  const named = typeof base === "string" && /^[\w./-]{1,200}$/.test(base) ? ` for ${base}` : "";
  return new FileError({
    path: directory,
    problem: `holds a LoRA adapter${named}, not a model`,
    wayOut: "Load its model and give this folder as the adapter (--adapter).",
  });
}
