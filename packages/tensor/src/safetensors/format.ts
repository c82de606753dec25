// The safetensors file: 8 bytes of header length (little-endian), a JSON header
//   { NAME: { "dtype", "shape", "data_offsets": [begin, end] }, ..., "__metadata__": { KEY: "text" } },
// then the elements, row-major and little-endian, tensor after tensor without gaps; offsets count from the end of the header.
import { FileError, show } from "@diffucoder/core";
import { sizeOf } from "../shape.ts";

/** Bytes of an element of each type that the format knows. */
export const bytesPerElement = {
  BOOL: 1,
  U8: 1,
  I8: 1,
  F8_E5M2: 1,
  F8_E4M3: 1,
  U16: 2,
  I16: 2,
  F16: 2,
  BF16: 2,
  U32: 4,
  I32: 4,
  F32: 4,
  U64: 8,
  I64: 8,
  F64: 8,
} as const;

/** The format's names of its types. */
export type SafetensorsDType = keyof typeof bytesPerElement;

/** What a header says of one tensor. */
export interface SafetensorsEntry {
  /** Its name. */
  name: string;
  /** Type of its elements in the file. */
  dtype: SafetensorsDType;
  /** Its axes; none is one number. */
  shape: number[];
  /** Bytes from the end of the header. */
  begin: number;
  /** First byte behind it. */
  end: number;
}

/** A checked header. */
export interface SafetensorsHeader {
  /** In the order of their data. */
  entries: SafetensorsEntry[];
  /** Text by name. */
  metadata: Record<string, string>;
}

/** The format's own limit: a longer header is damage or an attack, and is not even read. */
export const maximumHeaderBytes = 100_000_000;

/** Members and elements that a header may have: ten of each of 200,000 tensors. Parsing more takes longer than its bytes say. */
const MAX_VALUES = 2_000_000;

/** A header is an object of objects with lists. */
const MAX_DEPTH = 3;

/**
 * Checks a header against the file that it came from.
 *
 * @param dataBytes bytes of the file after the header
 * @throws {FileError} naming the first tensor that is wrong
 */
export function parseHeader({ path, text, dataBytes }: { path: string; text: string; dataBytes: number }): SafetensorsHeader {
  let header: unknown;
  const { members, values, depth } = measure(text);
  if (depth > MAX_DEPTH || values > MAX_VALUES)
    throw new FileError({
      path,
      problem:
        depth > MAX_DEPTH
          ? `its header nests ${depth} deep, deeper than any`
          : `its header lists ${values} values, more than the ${MAX_VALUES} of any`,
    });
  try {
    header = JSON.parse(text);
  } catch (cause) {
    throw new FileError({ path, problem: `not a safetensors file, its header is not JSON (${(cause as Error).message})`, cause });
  }
  if (!isObject(header)) throw new FileError({ path, problem: "not a safetensors file, its header is not a JSON object" });

  const { __metadata__: metadata = {}, ...tensors } = header;
  if (members !== countKeys(header)) throw new FileError({ path, problem: `its header names ${show(repeatedName(text))} twice` });
  if (!isObject(metadata) || Object.values(metadata).some((value) => typeof value !== "string")) {
    throw new FileError({ path, problem: "__metadata__ must map names to text" });
  }
  const entries = Object.entries(tensors).map(([name, entry]) => parseEntry(path, name, entry));
  entries.sort((a, b) => a.begin - b.begin || a.end - b.end);
  checkOffsets(path, entries, dataBytes);
  return { entries, metadata: metadata as Record<string, string> };
}

function parseEntry(path: string, name: string, entry: unknown): SafetensorsEntry {
  const fail = (problem: string): FileError => new FileError({ path, problem: `tensor ${show(name)} ${problem}` });
  if (!isObject(entry)) throw fail("is not described by an object");
  const { dtype, shape, data_offsets: offsets } = entry;
  if (typeof dtype !== "string" || !Object.hasOwn(bytesPerElement, dtype)) {
    throw fail(`has dtype ${show(dtype)}, known are ${Object.keys(bytesPerElement).join(", ")}`);
  }
  if (!Array.isArray(shape) || !shape.every(isCount) || !isCount(sizeOf(shape))) {
    throw fail(`has shape ${show(shape)}, expected a list of non-negative integers`);
  }
  if (!Array.isArray(offsets) || offsets.length !== 2 || !offsets.every(isCount)) {
    throw fail(`has data_offsets ${show(offsets)}, expected [begin, end]`);
  }
  const [begin, end] = offsets as [number, number];
  const bytes = sizeOf(shape) * bytesPerElement[dtype as SafetensorsDType];
  if (end - begin !== bytes) throw fail(`has ${end - begin} bytes of data, but ${dtype} ${show(shape)} takes ${bytes}`);
  return { name, dtype: dtype as SafetensorsDType, shape, begin, end };
}

function checkOffsets(path: string, entries: readonly SafetensorsEntry[], dataBytes: number): void {
  let at = 0;
  for (const { name, begin, end } of entries) {
    if (begin < at) throw new FileError({ path, problem: `tensor ${show(name)} overlaps the one before it` });
    if (begin > at) throw new FileError({ path, problem: `${begin - at} bytes before tensor ${show(name)} belong to no tensor` });
    at = end;
  }
  if (at > dataBytes) {
    throw new FileError({
      path,
      problem: `truncated, its tensors take ${at} bytes and ${dataBytes} are there`,
      wayOut: "Copy or download the file again.",
    });
  }
  if (at < dataBytes) throw new FileError({ path, problem: `${dataBytes - at} bytes at its end belong to no tensor` });
}

/**
 * A JSON text before it is parsed: members of all objects, those that come twice counted twice; members and elements of lists
 * together; how deep it nests.
 */
function measure(text: string): { members: number; values: number; depth: number } {
  let [colons, commas, open, depth] = [0, 0, 0, 0];
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (code === 0x3a) colons++;
    else if (code === 0x2c) commas++;
    else if (code === 0x5b || code === 0x7b) depth = Math.max(depth, ++open);
    else if (code === 0x5d || code === 0x7d) open--;
    else if (code === 0x22) for (i++; i < text.length && text.charCodeAt(i) !== 0x22; i++) if (text.charCodeAt(i) === 0x5c) i++;
  }
  return { members: colons, values: commas, depth };
}

/** Members of all objects in a value as `JSON.parse` gives it, where of two with one name the last is left. */
function countKeys(value: unknown): number {
  let count = 0;
  const rest: unknown[] = [value];
  while (rest.length > 0) {
    const one = rest.pop();
    if (typeof one !== "object" || one === null) continue;
    const inner = Object.values(one);
    if (!Array.isArray(one)) count += inner.length;
    for (const item of inner) if (typeof item === "object" && item !== null) rest.push(item);
  }
  return count;
}

/** The first name that an object of the header has twice. */
function repeatedName(text: string): string | undefined {
  const open: Set<string>[] = [];
  for (const [token, string, colon] of text.matchAll(/("(?:[^"\\]|\\.)*")\s*(:)?|[{}]/g)) {
    if (token === "{") open.push(new Set());
    else if (token === "}") open.pop();
    if (string === undefined || colon === undefined) continue;
    const name = JSON.parse(string) as string;
    if (open.at(-1)?.has(name) === true) return name;
    open.at(-1)?.add(name);
  }
  return undefined;
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}
