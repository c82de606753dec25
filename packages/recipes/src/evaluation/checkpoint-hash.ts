import { createHash } from "node:crypto";
import { createReadStream, readdirSync } from "node:fs";
import { FileError, folderFile } from "@diffucoder/core";

/**
 * SHA-256 of a model folder's weights: of all its safetensors files, by name.
 *
 * @throws {FileError} if the folder has none, or one is not a file or lies elsewhere
 */
export async function checkpointHash(dir: string): Promise<string> {
  const hash = createHash("sha256");
  const names = weightFiles(dir);
  for (const name of names) for await (const chunk of createReadStream(folderFile(dir, name, { maxBytes: Infinity }))) hash.update(chunk as Buffer);
  return hash.digest("hex");
}

function weightFiles(dir: string): string[] {
  let names: string[] = [];
  try {
    names = readdirSync(dir)
      .filter((name) => name.endsWith(".safetensors"))
      .sort();
  } catch (cause) {
    throw new FileError({
      path: dir,
      problem: `cannot be read (${(cause as Error).message})`,
      wayOut: "Give the folder of a model with --model.",
      cause,
    });
  }
  if (names.length > 0) return names;
  throw new FileError({ path: dir, problem: "has no .safetensors file", wayOut: "Give the folder of a model with --model." });
}
