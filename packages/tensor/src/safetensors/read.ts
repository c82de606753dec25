import { closeSync, fstatSync, openSync, readSync } from "node:fs";
import { FileError } from "@diffucoder/core";
import { allocate } from "../dtype.ts";
import { NdArray } from "../nd-array.ts";
import { sizeOf } from "../shape.ts";
import { maximumHeaderBytes, parseHeader, type SafetensorsEntry } from "./format.ts";
import { fromBfloat16, fromFloat16 } from "./half-precision.ts";

export interface Safetensors {
  /** By name, in the order of the file; F32, F16 and BF16 as float32, I32 as int32. */
  arrays: Record<string, NdArray>;
  /** The `__metadata__` of the file. */
  metadata: Record<string, string>;
}

/**
 * Reads a safetensors file.
 *
 * @throws {FileError} if the file is missing, truncated, has overlapping or unused data, a header above 100 MB, or a
 *   tensor of a dtype other than F32, F16, BF16 and I32
 */
export function readSafetensors(path: string): Safetensors {
  let file: number;
  try {
    file = openSync(path, "r");
  } catch (cause) {
    throw new FileError({ path, problem: (cause as NodeJS.ErrnoException).code === "ENOENT" ? "no such file" : (cause as Error).message, cause });
  }
  try {
    const status = fstatSync(file);
    if (!status.isFile()) throw new FileError({ path, problem: "not a file" });
    const { size } = status;
    if (size < 8) throw new FileError({ path, problem: `not a safetensors file, it holds ${size} bytes` });
    const prefix = new DataView(new ArrayBuffer(8));
    readExactly(path, file, new Uint8Array(prefix.buffer), 0);
    const headerBytes = Number(prefix.getBigUint64(0, true));
    if (headerBytes > maximumHeaderBytes)
      throw new FileError({ path, problem: `not a safetensors file, its header would take ${headerBytes} bytes` });
    if (8 + headerBytes > size) throw new FileError({ path, problem: `truncated, its header takes ${headerBytes} bytes and ${size - 8} are there` });
    const text = Buffer.alloc(headerBytes);
    readExactly(path, file, text, 8);

    const start = 8 + headerBytes;
    const { entries, metadata } = parseHeader({ path, text: text.toString("utf8"), dataBytes: size - start });
    const read = (bytes: Uint8Array, offset: number): void => readExactly(path, file, bytes, start + offset);
    return { arrays: Object.fromEntries(entries.map((entry) => [entry.name, readEntry(entry, read)])), metadata };
  } finally {
    closeSync(file);
  }
}

/** Elements of two bytes are converted in pieces, so that a large tensor is never held twice. */
const pieceElements = 1 << 20;

function readEntry({ dtype, shape, begin }: SafetensorsEntry, read: (bytes: Uint8Array, offset: number) => void): NdArray {
  const length = sizeOf(shape);
  const data = allocate(dtype === "I32" ? "int32" : "float32", length);
  if (dtype === "F32" || dtype === "I32") {
    read(new Uint8Array(data.buffer, data.byteOffset, data.byteLength), begin);
    return new NdArray(data, shape);
  }
  const convert = dtype === "BF16" ? fromBfloat16 : fromFloat16;
  const piece = new Uint16Array(Math.min(length, pieceElements));
  for (let done = 0; done < length; done += pieceElements) {
    const bits = piece.subarray(0, Math.min(pieceElements, length - done));
    read(new Uint8Array(bits.buffer, 0, bits.byteLength), begin + 2 * done);
    convert(bits, data.subarray(done, done + bits.length) as Float32Array);
  }
  return new NdArray(data, shape);
}

function readExactly(path: string, file: number, bytes: Uint8Array, position: number): void {
  let done = 0;
  while (done < bytes.byteLength) {
    // One read takes at most 2^31 - 1 bytes.
    const count = readSync(file, bytes, done, Math.min(bytes.byteLength - done, 2 ** 30), position + done);
    if (count === 0) throw new FileError({ path, problem: "ended while it was being read" });
    done += count;
  }
}
