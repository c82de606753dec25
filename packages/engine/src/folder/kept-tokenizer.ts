// What takes long to read of a downloaded model's tokenizer, kept beside the download:
//   CACHE/models--ORG--NAME/diffucoder/COMMIT-tokenizer.safetensors
// The file appears whole or not at all and is mapped into memory. It belongs to the contents of the tokenizer's files, by their hash.
import { existsSync } from "node:fs";
import { FileError } from "@diffucoder/core";
import { NdArray, readSafetensors, writeSafetensors } from "@diffucoder/tensor";
import { type KeptTokens, Tokenizer, type TokenStore } from "@diffucoder/tokenizer";
import { besideSnapshot, type SnapshotFile } from "../hub/beside-snapshot.ts";

/** Changes with the meaning of what is kept. */
const VERSION = 1;

/** What is not an array. */
type About = Pick<KeptTokens, "key" | "rest" | "asTiktoken" | "hidden"> & { version: number };

/** A folder's tokenizer. @throws {FileError} naming the file that is missing or wrong */
export function readTokenizer(dir: string): Tokenizer {
  const place = besideSnapshot(dir, "tokenizer.safetensors");
  return Tokenizer.fromFolder(dir, { store: place && storeAt(place) });
}

function storeAt({ path }: SnapshotFile): TokenStore {
  return { read: () => read(path), write: (tokens) => write(path, tokens) };
}

function read(path: string): KeptTokens | undefined {
  if (!existsSync(path)) return undefined;
  try {
    const { arrays, metadata } = readSafetensors(path, { map: true });
    const { version, ...about } = JSON.parse(metadata["diffucoder"] ?? "{}") as About;
    const [bytes, ends, merges] = [arrays["bytes"]?.data, arrays["ends"]?.data, arrays["merges"]?.data];
    if (version !== VERSION || !(bytes instanceof Uint8Array && ends instanceof Int32Array && merges instanceof Int32Array)) return undefined;
    return { ...about, bytes, ends, merges };
  } catch (error) {
    if (error instanceof FileError || error instanceof SyntaxError) return undefined; // it is made again
    throw error;
  }
}

/** A cache that this user may only read, or a full disk, costs the next start what this one took. */
function write(path: string, { bytes, ends, merges, ...rest }: KeptTokens): void {
  const about: About = { version: VERSION, ...rest };
  const arrays = {
    bytes: new NdArray(bytes, [bytes.length], "uint8"),
    ends: new NdArray(ends, [ends.length]),
    merges: new NdArray(merges, [merges.length]),
  };
  try {
    writeSafetensors(path, arrays, { metadata: { diffucoder: JSON.stringify(about) } });
  } catch (error) {
    if (!(error instanceof FileError) && (error as NodeJS.ErrnoException).syscall === undefined) throw error;
  }
}
