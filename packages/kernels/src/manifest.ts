// The file manifest.json that lies beside each library. Loading a library runs code of it, and loading half of one can end the
// process: so nothing is loaded whose bytes are not those that the build wrote down.
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { KERNELS_VERSION } from "./version.ts";

/** What a build says of what it made. */
export interface KernelManifest {
  target: string;
  version: number;
  file: string;
  sha256: string;
  compiler: string;
}

/** What is wrong with a library, as the end of a sentence; `undefined`: nothing, it may be loaded. */
export function problemOfLibrary(path: string, target: string): string | undefined {
  const manifest = readManifest(dirname(path));
  if (manifest === undefined) return `${path} is no library of kernels: there is no manifest.json beside it`;
  if (manifest.target !== target) return `${path} is for ${manifest.target}, and this is ${target}`;
  if (manifest.version !== KERNELS_VERSION) return `${path} has version ${manifest.version}, and this package wants ${KERNELS_VERSION}`;
  try {
    if (sha256(readFileSync(path)) === manifest.sha256) return undefined;
  } catch (error) {
    return `${path} cannot be read (${(error as NodeJS.ErrnoException).code})`;
  }
  return `${path} is damaged: its SHA-256 is not the one of its manifest`;
}

/** The manifest of a folder, or why its build made none. */
export function readManifest(folder: string): KernelManifest | undefined {
  const manifest = readJson(join(folder, "manifest.json"));
  return typeof manifest?.["sha256"] === "string" ? (manifest as unknown as KernelManifest) : undefined;
}

/** Why the build left no library in a folder, if it said so. */
export function problemOfBuild(folder: string): string | undefined {
  const problem = readJson(join(folder, "manifest.json"))?.["problem"];
  return typeof problem === "string" ? problem : undefined;
}

function readJson(path: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(readFileSync(path, "utf8"));
    return typeof value === "object" && value !== null ? (value as Record<string, unknown>) : undefined;
  } catch {
    return undefined;
  }
}

function sha256(bytes: Uint8Array): string {
  return createHash("sha256").update(bytes).digest("hex");
}
