import { InvalidArgumentError, writeFileAtomic } from "@diffucoder/core";
import type { NdArray } from "../nd-array.ts";
import { bytesPerElement, type SafetensorsDType } from "./format.ts";
import { toBfloat16 } from "./half-precision.ts";

export interface WriteSafetensorsOptions {
  /** Type of the float arrays in the file; int32 arrays are always I32. @default "F32" */
  dtype?: "F32" | "BF16";
  /** Text by name, kept in the header. @default none */
  metadata?: Readonly<Record<string, string>>;
}

/**
 * Writes arrays as a safetensors file, in their order. The file appears whole or not at all.
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
  const parts: Uint8Array[] = [];
  let at = 0;
  for (const [name, array] of Object.entries(arrays)) {
    if (array.dtype !== "float32" && array.dtype !== "int32")
      throw new InvalidArgumentError({ argument: name, value: array.dtype, expected: "of dtype float32 or int32" });
    const stored: SafetensorsDType = array.dtype === "int32" ? "I32" : dtype;
    const data = stored === "BF16" ? toBfloat16(array.data as Float32Array) : array.data;
    parts.push(new Uint8Array(data.buffer, data.byteOffset, data.byteLength));
    const end = at + array.size * bytesPerElement[stored];
    header.push([name, { dtype: stored, shape: array.shape, data_offsets: [at, end] }]);
    at = end;
  }
  const text = JSON.stringify(Object.fromEntries(header));
  // Spaces up to a multiple of 8 keep the data aligned for readers that map the file into memory.
  const bytes = Buffer.from(text + " ".repeat((8 - (Buffer.byteLength(text) % 8)) % 8));
  const prefix = Buffer.alloc(8);
  prefix.writeBigUInt64LE(BigInt(bytes.length));
  writeFileAtomic(path, [prefix, bytes, ...parts]);
}
