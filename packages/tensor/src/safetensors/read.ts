import type { NdArray } from "../nd-array.ts";
import { openSafetensors, type OpenSafetensorsOptions } from "./open.ts";

/** What a safetensors file holds. */
export interface Safetensors {
  /** By name, in the order of the file; F32, F16 and BF16 as float32, I32, I8 and U8 as they are. */
  arrays: Record<string, NdArray>;
  /** The `__metadata__` of the file. */
  metadata: Record<string, string>;
}

/**
 * Reads a whole safetensors file.
 *
 * @throws {FileError} if the file is missing, truncated, has overlapping or unused data, a header above 100 MB, or a
 *   tensor of a dtype other than F32, F16, BF16, I32, I8 and U8
 */
export function readSafetensors(path: string, options: OpenSafetensorsOptions = {}): Safetensors {
  const file = openSafetensors(path, options);
  try {
    const arrays = Object.fromEntries(Array.from(file.entries.keys(), (name) => [name, file.read(name)]));
    return { arrays, metadata: { ...file.metadata } };
  } finally {
    file.close();
  }
}
