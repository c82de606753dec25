import { InvalidArgumentError, writeFileAtomic } from "@diffucoder/core";
import type { NdArray } from "../nd-array.ts";
import { bytesPerElement } from "./format.ts";
import { toBfloat16, toFloat16 } from "./half-precision.ts";

/** How arrays are kept in the file. */
export interface WriteSafetensorsOptions {
  /** Type of the float arrays in the file; int32, int8 and uint8 arrays keep theirs. @default "F32" */
  dtype?: "F32" | "F16" | "BF16";
  /** Text by name, kept in the header. @default none */
  metadata?: Readonly<Record<string, string>>;
}

const CACHE_LINE = 64;

const storedAs = { int32: "I32", int8: "I8", uint8: "U8" } as const;

/**
 * Writes arrays as a safetensors file, in their order. The file appears whole or not at all. Arrays are converted one
 * after another, as they are written.
 *
 * @throws {FileError} if the file cannot be written
 * @throws {InvalidArgumentError} if an array is boolean
 */
export function writeSafetensors(
  path: string,
  arrays: Readonly<Record<string, NdArray>>,
  { dtype = "F32", metadata }: WriteSafetensorsOptions = {},
): void {
  const header: [string, unknown][] = metadata === undefined ? [] : [["__metadata__", metadata]];
  let at = 0;
  for (const [name, array] of Object.entries(arrays)) {
    if (array.dtype === "bool") throw new InvalidArgumentError({ argument: name, value: "bool", expected: "of a dtype of numbers" });
    const stored = array.dtype === "float32" ? dtype : storedAs[array.dtype];
    const end = at + array.size * bytesPerElement[stored];
    header.push([name, { dtype: stored, shape: array.shape, data_offsets: [at, end] }]);
    at = end;
  }
  const text = JSON.stringify(Object.fromEntries(header));
  // Spaces let the data begin at a cache line, for readers that map the file into memory.
  const bytes = Buffer.from(text + " ".repeat((CACHE_LINE - ((8 + Buffer.byteLength(text)) % CACHE_LINE)) % CACHE_LINE));
  const prefix = Buffer.alloc(8);
  prefix.writeBigUInt64LE(BigInt(bytes.length));
  writeFileAtomic(path, fileParts([prefix, bytes], arrays, dtype));
}

function* fileParts(start: readonly Uint8Array[], arrays: Readonly<Record<string, NdArray>>, dtype: "F32" | "F16" | "BF16"): Generator<Uint8Array> {
  yield* start;
  for (const { data } of Object.values(arrays)) {
    if (!(data instanceof Float32Array) || dtype === "F32") yield new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
    else yield new Uint8Array((dtype === "BF16" ? toBfloat16 : toFloat16)(data).buffer);
  }
}
