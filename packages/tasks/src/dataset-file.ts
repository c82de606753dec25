import { createHash } from "node:crypto";
import { existsSync, readFileSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { gunzipSync } from "node:zlib";
import { FileError, UnavailableError, writeFileAtomic } from "@diffucoder/core";

/** A file that tasks are read from. */
export interface DatasetFile {
  /** Path below the data folder, which is how `../shared/bench` is laid out too. */
  readonly path: string;
  /** Hash of its content, hexadecimal. A file with any other is refused, so that a score names exactly what it was measured on. */
  readonly sha256: string;
  /** Where it is downloaded from. @default nowhere: it must be put there by hand */
  readonly url?: string;
}

/** Where datasets are looked for, and where downloads and computed results are kept. */
export interface DataFolders {
  /** Read in this order. */
  search: readonly string[];
  /** Searched last, and written to. */
  cache: string;
}

/** `$DATA_DIR`, then `shared/bench` beside the repository; the cache is `$XDG_CACHE_HOME/diffucoder`, else `~/.cache/diffucoder`. */
export function defaultFolders(env: Readonly<Record<string, string | undefined>> = process.env): DataFolders {
  const beside = fileURLToPath(new URL("../../../../shared/bench", import.meta.url));
  const search = env.DATA_DIR === undefined || env.DATA_DIR === "" ? [beside] : [env.DATA_DIR, beside];
  return { search, cache: join(env.XDG_CACHE_HOME || join(homedir(), ".cache"), "diffucoder") };
}

/** Where a dataset's file may be. */
export interface ReadDatasetFileOptions {
  /** Where it is looked for, and where a download is kept. */
  folders: DataFolders;
  /** What downloads it. @default the global fetch */
  fetch?: typeof globalThis.fetch;
}

/**
 * The text of a dataset's file: from the first folder that has it, else downloaded and kept in the cache. A file without the pinned SHA-256 is
 * refused, wherever it comes from; `.gz` is unpacked.
 *
 * @throws {FileError} if a file has other content
 * @throws {UnavailableError} if it is not found and cannot be downloaded, naming the folder to put it in
 */
export async function readDatasetFile(
  file: DatasetFile,
  { folders, fetch = globalThis.fetch }: ReadDatasetFileOptions,
): Promise<{ text: string; path: string }> {
  const cached = join(folders.cache, "datasets", file.path);
  const path = [...folders.search.map((folder) => join(folder, file.path)), cached].find((candidate) => existsSync(candidate));
  if (path !== undefined) return { text: unpack(file.path, checked(readFileSync(path), file, path)), path };
  const data = checked(await download(file, fetch, cached), file, file.url as string);
  writeFileAtomic(cached, data);
  return { text: unpack(file.path, data), path: cached };
}

function unpack(path: string, data: Uint8Array): string {
  return (path.endsWith(".gz") ? gunzipSync(data) : Buffer.from(data)).toString("utf8");
}

function checked(data: Uint8Array, file: DatasetFile, source: string): Uint8Array {
  const got = createHash("sha256").update(data).digest("hex");
  if (got === file.sha256) return data;
  throw new FileError({
    path: source,
    problem: `has SHA-256 ${got.slice(0, 16)}..., expected ${file.sha256.slice(0, 16)}...`,
    wayOut: "A score must name what it was measured on: remove the file, or put the pinned version there.",
  });
}

async function download({ url, path }: DatasetFile, fetch: typeof globalThis.fetch, cached: string): Promise<Uint8Array> {
  const wayOut = `Put the file at ${cached}, or give the folder that holds ${path} in DATA_DIR.`;
  if (url === undefined) throw new UnavailableError({ what: path, problem: "it is in none of the data folders and has no download address", wayOut });
  try {
    const response = await fetch(url, { signal: AbortSignal.timeout(60_000) });
    if (!response.ok) throw new Error(`HTTP status ${response.status}`);
    return new Uint8Array(await response.arrayBuffer());
  } catch (cause) {
    const { message, cause: inner } = cause as Error;
    throw new UnavailableError({
      what: path,
      problem: `${url} could not be downloaded (${inner instanceof Error ? inner.message : message})`,
      wayOut,
      cause,
    });
  }
}
