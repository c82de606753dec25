import { closeSync, constants, fstatSync, openSync, readSync } from "node:fs";
import { FileError, InvalidArgumentError, readError, requireRegularFile, standInError } from "@diffucoder/core";
import { allocate, type TypedArray } from "../dtype.ts";
import { NdArray } from "../nd-array.ts";
import { sizeOf } from "../shape.ts";
import { bytesPerElement, maximumHeaderBytes, parseHeader, type SafetensorsDType, type SafetensorsEntry } from "./format.ts";
import { halfPrecisionConverter, pieceElements } from "./half-precision-wasm.ts";
import { type FileMapper, fileMapper } from "./map.ts";
import { prefaultSecondHalf } from "./prefault.ts";

/** An open safetensors file: its header was read and checked, its tensors are read one by one. */
export interface SafetensorsFile {
  /** Where the file lies. */
  readonly path: string;
  /** What the header says of each tensor, by name, in the order of the data. */
  readonly entries: ReadonlyMap<string, SafetensorsEntry>;
  /** The `__metadata__` of the file. */
  readonly metadata: Readonly<Record<string, string>>;
  /**
   * Reads a tensor: F32, F16 and BF16 as float32, I32, I8 and U8 as they are. Takes its own memory and less than a megabyte besides.
   *
   * @throws {FileError} if the file ends early, or the tensor has another dtype or a number that is not finite
   */
  read(
    name: string,
    options?: {
      /** Refuse a tensor that holds a NaN or an infinity. @default false */
      requireFinite?: boolean;
    },
  ): NdArray;
  /**
   * Reads a part of an F32, F16 or BF16 tensor: fills `target` with its elements from `first` on. Throws as `read` does.
   *
   * @throws {InvalidArgumentError} if the tensor ends before the target is full
   */
  readFloats(
    name: string,
    first: number,
    target: Float32Array,
    options?: {
      /** Refuse a tensor that holds a NaN or an infinity. @default false */
      requireFinite?: boolean;
    },
  ): void;
  /** The tensor's bytes as they are in the file. @throws {FileError} if the file ends early */
  readBytes(name: string, target: Uint8Array): void;
  /** Gives the file back; nothing can be read any more. */
  close(): void;
}

/** How tensors come into memory. */
export interface OpenSafetensorsOptions {
  /**
   * Give F32, I32, I8 and U8 tensors that lie at a multiple of their elements' size as a private mapping of the file where the system can: nothing is read
   * before it is used. Only for files that nobody changes or shortens while the tensors live; replacing them is fine. @default false
   */
  map?: boolean | undefined;
}

/**
 * Opens a safetensors file and checks its header. Close it when done.
 *
 * @throws {FileError} if the file is missing, not a file, truncated, has overlapping or unused data, names that come twice, or a header above 100 MB
 */
export function openSafetensors(path: string, { map = false }: OpenSafetensorsOptions = {}): SafetensorsFile {
  requireRegularFile(path, { maxBytes: Infinity });
  let descriptor: number;
  try {
    // A pipe that took the file's place a moment ago is not waited for.
    descriptor = openSync(path, constants.O_RDONLY | (constants.O_NONBLOCK ?? 0));
  } catch (cause) {
    throw readError(path, cause);
  }
  try {
    const { start, entries, metadata } = readHeader(path, descriptor);
    const mapper = map ? fileMapper(descriptor, fstatSync(descriptor).size) : undefined;
    const byName = new Map(entries.map((entry) => [entry.name, entry]));
    const entryOf = (name: string): SafetensorsEntry => {
      const entry = byName.get(name);
      if (entry === undefined) throw new FileError({ path, problem: `holds no tensor ${JSON.stringify(name)}` });
      return entry;
    };
    return {
      path,
      entries: byName,
      metadata,
      read: (name, { requireFinite = false } = {}) => readTensor({ path, descriptor, start, mapper }, entryOf(name), requireFinite),
      readFloats: (name, first, target, { requireFinite = false } = {}) => {
        const entry = entryOf(name);
        const { shape, dtype } = entry;
        if (!isFloat(dtype)) throw unreadable(path, entry, floatTypes);
        if (first < 0 || first + target.length > sizeOf(shape))
          throw new InvalidArgumentError({
            argument: "readFloats: first",
            value: first,
            expected: `a place with ${target.length} elements of [${shape.join(", ")}] from there on`,
          });
        readFloats({ path, descriptor, start, name, begin: entry.begin, dtype, first, target, requireFinite });
      },
      readBytes: (name, target) => {
        const { begin, end } = entryOf(name);
        readExactly(path, descriptor, target.subarray(0, end - begin), start + begin);
      },
      close: () => closeSync(descriptor),
    };
  } catch (error) {
    closeSync(descriptor);
    throw error;
  }
}

function readHeader(path: string, descriptor: number): ReturnType<typeof parseHeader> & { start: number } {
  const status = fstatSync(descriptor);
  if (!status.isFile()) throw new FileError({ path, problem: "not a file" });
  const { size } = status;
  if (size < 8) throw new FileError({ path, problem: `not a safetensors file, it holds ${size} bytes` });
  const prefix = Buffer.alloc(8);
  readExactly(path, descriptor, prefix, 0);
  const headerBytes = Number(prefix.readBigUInt64LE());
  if (headerBytes > maximumHeaderBytes) {
    const beginning = Buffer.alloc(Math.min(size, 100));
    readExactly(path, descriptor, beginning, 0);
    throw standInError(path, beginning.toString("latin1")) ?? notSafetensors(path, prefix, headerBytes);
  }
  if (8 + headerBytes > size) throw new FileError({ path, problem: `truncated, its header takes ${headerBytes} bytes and ${size - 8} are there` });
  const text = Buffer.alloc(headerBytes);
  readExactly(path, descriptor, text, 8);
  const start = 8 + headerBytes;
  return { start, ...parseHeader({ path, text: text.toString("utf8"), dataBytes: size - start }) };
}

/** PyTorch's own files are told apart: a zip of pickles, or a bare pickle, whose first opcode is PROTO. */
function notSafetensors(path: string, prefix: Buffer, headerBytes: number): FileError {
  const isZip = prefix.readUInt32LE() === 0x04034b50;
  const isPickle = prefix[0] === 0x80 && prefix[1]! <= 5;
  if (!isZip && !isPickle) return new FileError({ path, problem: `not a safetensors file, its header would take ${headerBytes} bytes` });
  return new FileError({
    path,
    problem: `not a safetensors file but a ${isZip ? "zip, as torch.save writes it" : "pickle"}`,
    wayOut: "Pickles can run code and are not read: save the model again with safe_serialization=True.",
  });
}

/** What becomes of each dtype in memory. */
const readAs = { F32: "float32", F16: "float32", BF16: "float32", I32: "int32", I8: "int8", U8: "uint8" } as const;

const floatTypes = ["F32", "F16", "BF16"] as const;
type FloatType = (typeof floatTypes)[number];

function isReadable(dtype: SafetensorsDType): dtype is keyof typeof readAs {
  return Object.hasOwn(readAs, dtype);
}

function isFloat(dtype: SafetensorsDType): dtype is FloatType {
  return (floatTypes as readonly SafetensorsDType[]).includes(dtype);
}

function unreadable(path: string, { name, dtype }: SafetensorsEntry, readable: readonly string[]): FileError {
  return new FileError({ path, problem: `tensor ${JSON.stringify(name)} has dtype ${dtype}, ${readable.join(", ")} are read` });
}

interface OpenFile {
  path: string;
  descriptor: number;
  /** Where the data begins. */
  start: number;
  mapper: FileMapper | undefined;
}

function readTensor(file: OpenFile, entry: SafetensorsEntry, requireFinite: boolean): NdArray {
  const { path, descriptor, start } = file;
  const { name, dtype, shape, begin } = entry;
  if (!isReadable(dtype)) throw unreadable(path, entry, Object.keys(readAs));
  const mapped = mapTensor(file, entry);
  if (mapped !== undefined) {
    if (requireFinite && mapped instanceof Float32Array && !isFiniteThroughout(mapped)) throw notFinite(path, name, mapped, 0);
    return new NdArray(mapped, shape, readAs[dtype]);
  }
  const data = allocate(readAs[dtype], sizeOf(shape));
  prefaultSecondHalf(data);
  if (isFloat(dtype)) readFloats({ path, descriptor, start, name, begin, dtype, first: 0, target: data as Float32Array, requireFinite });
  else readExactly(path, descriptor, bytesOf(data), start + begin);
  return new NdArray(data, shape, readAs[dtype]);
}

/** Types whose elements are in memory what they are in the file. */
const viewedAs = { F32: Float32Array, I32: Int32Array, I8: Int8Array, U8: Uint8Array } as const;

function mapTensor({ start, mapper }: OpenFile, { dtype, shape, begin, end }: SafetensorsEntry): TypedArray | undefined {
  if (mapper === undefined || begin === end || !Object.hasOwn(viewedAs, dtype)) return undefined;
  const View = viewedAs[dtype as keyof typeof viewedAs];
  if ((start + begin) % View.BYTES_PER_ELEMENT !== 0) return undefined;
  const part = mapper(start + begin, end - begin);
  return part && new View(part.buffer, part.byteOffset, sizeOf(shape));
}

interface FloatRange {
  path: string;
  descriptor: number;
  /** Where the data begins in the file, and the tensor in the data. */
  start: number;
  begin: number;
  name: string;
  dtype: FloatType;
  /** The element that comes first in the target. */
  first: number;
  target: Float32Array;
  requireFinite: boolean;
}

function readFloats({ path, descriptor, start, begin, name, dtype, first, target, requireFinite }: FloatRange): void {
  for (let done = 0; done < target.length; done += pieceElements) {
    const piece = target.subarray(done, done + pieceElements);
    const position = start + begin + bytesPerElement[dtype] * (first + done);
    let isBad: boolean;
    if (dtype === "F32") {
      readExactly(path, descriptor, bytesOf(piece), position);
      isBad = requireFinite && !isFiniteThroughout(piece);
    } else {
      const converter = halfPrecisionConverter();
      readExactly(path, descriptor, bytesOf(converter.bits.subarray(0, piece.length)), position);
      isBad = converter.convert(dtype, piece.length, piece);
    }
    if (isBad && requireFinite) throw notFinite(path, name, piece, first + done);
  }
}

const ZERO: number = 0;

/** A number times 0 is 0, an infinity or a NaN times 0 a NaN. Four sums do not wait for each other. */
function isFiniteThroughout(values: Float32Array): boolean {
  let [a, b, c, d] = [0, 0, 0, 0];
  const fours = values.length - (values.length % 4);
  for (let i = 0; i < fours; i += 4) {
    a += values[i]! * ZERO;
    b += values[i + 1]! * ZERO;
    c += values[i + 2]! * ZERO;
    d += values[i + 3]! * ZERO;
  }
  for (let i = fours; i < values.length; i++) a += values[i]! * ZERO;
  return a + b + c + d === 0;
}

function notFinite(path: string, name: string, piece: Float32Array, done: number): FileError {
  const at = piece.findIndex((value) => !Number.isFinite(value));
  return new FileError({
    path,
    problem: `tensor ${JSON.stringify(name)} holds ${piece[at]} at element ${done + at}`,
    wayOut: "The weights were damaged, or saved after training diverged.",
  });
}

function bytesOf(data: ArrayBufferView): Uint8Array {
  return new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
}

function readExactly(path: string, descriptor: number, bytes: Uint8Array, position: number): void {
  let done = 0;
  while (done < bytes.byteLength) {
    // One read takes at most 2^31 - 1 bytes.
    const count = readSync(descriptor, bytes, done, Math.min(bytes.byteLength - done, 2 ** 30), position + done);
    if (count === 0) throw new FileError({ path, problem: "ended while it was being read" });
    done += count;
  }
}
