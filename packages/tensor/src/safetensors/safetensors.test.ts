import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { FileError } from "@diffucoder/core";
import fc from "fast-check";
import { afterAll, describe, expect, it } from "vitest";
import { bool, float32, int32 } from "../nd-array.ts";
import { readSafetensors, writeSafetensors } from "./index.ts";

const folder = mkdtempSync(join(tmpdir(), "safetensors-"));
const path = join(folder, "file.safetensors");
afterAll(() => rmSync(folder, { recursive: true }));

/** A file of this header and these data bytes; `headerBytes` may lie about the header's length. */
function writeRaw(header: unknown, data: Uint8Array | number[] = [], { headerBytes }: { headerBytes?: number | bigint } = {}): void {
  const text = Buffer.from(typeof header === "string" ? header : JSON.stringify(header));
  const prefix = Buffer.alloc(8);
  prefix.writeBigUInt64LE(BigInt(headerBytes ?? text.length));
  writeFileSync(path, Buffer.concat([prefix, text, Uint8Array.from(data)]));
}

function problemOf(read: () => unknown): string {
  try {
    read();
  } catch (error) {
    expect(error).toBeInstanceOf(FileError);
    return (error as Error).message.replace(path, "FILE");
  }
  throw new Error("nothing was thrown");
}

describe("a safetensors file", () => {
  it("has a header length, a header and the data, as the format says", () => {
    writeSafetensors(path, { a: float32([1, -2], [2, 1]) });
    const bytes = readFileSync(path);
    const headerBytes = Number(bytes.readBigUInt64LE());
    expect(headerBytes % 8).toBe(0);
    expect(JSON.parse(bytes.toString("utf8", 8, 8 + headerBytes))).toEqual({ a: { dtype: "F32", shape: [2, 1], data_offsets: [0, 8] } });
    expect([...new Float32Array(new Uint8Array(bytes.subarray(8 + headerBytes)).buffer)]).toEqual([1, -2]);
  });

  it("reads back what was written, with the metadata", () => {
    const values = fc.array(fc.float({ noNaN: true }), { maxLength: 20 });
    const name = fc.string({ minLength: 1 }).filter((text) => text !== "__metadata__" && text !== "__proto__");
    fc.assert(
      fc.property(fc.uniqueArray(fc.tuple(name, values), { selector: ([key]) => key, maxLength: 5 }), fc.string(), (named, note) => {
        writeSafetensors(path, Object.fromEntries(named.map(([key, data]) => [key, float32(data)])), { metadata: { note } });
        const { arrays, metadata } = readSafetensors(path);
        expect(metadata).toEqual({ note });
        expect(Object.fromEntries(Object.entries(arrays).map(([key, array]) => [key, [...array.data]]))).toEqual(
          Object.fromEntries(named.map(([key, data]) => [key, [...float32(data).data]])),
        );
      }),
    );
  });

  it("keeps int32 arrays, scalars and empty arrays", () => {
    writeSafetensors(path, { ids: int32([-1, 2 ** 31 - 1]), step: float32([7], []), none: float32([], [0, 3]) }, { dtype: "BF16" });
    const { ids, step, none } = readSafetensors(path).arrays;
    expect(ids?.dtype).toBe("int32");
    expect([...(ids?.data ?? [])]).toEqual([-1, 2 ** 31 - 1]);
    expect(step?.shape).toEqual([]);
    expect(step?.item()).toBe(7);
    expect(none?.shape).toEqual([0, 3]);
  });

  it("refuses to write booleans", () => {
    expect(() => writeSafetensors(path, { mask: bool([1, 0]) })).toThrow('mask must be of dtype float32 or int32, got "bool".');
  });
});

describe("bfloat16", () => {
  const rounded = (values: number[]): number[] => {
    writeSafetensors(path, { x: float32(values) }, { dtype: "BF16" });
    return [...(readSafetensors(path).arrays["x"]?.data ?? [])];
  };

  it("rounds to the nearest, ties to the even neighbour", () => {
    // Neighbours of 1 are 2^-7 apart: 1 + 2^-8 is a tie and goes down to the even 1, 1 + 3 * 2^-8 up to 1 + 2 * 2^-7.
    expect(rounded([1 + 2 ** -8, 1 + 3 * 2 ** -8, 1 + 2 ** -8 + 2 ** -20, 1 + 2 ** -9])).toEqual([1, 1 + 2 ** -6, 1 + 2 ** -7, 1]);
  });

  it("keeps signs, infinities and NaN, and overflows to infinity", () => {
    expect(rounded([-0, Infinity, -Infinity, Number.NaN, 3.4028234663852886e38])).toEqual([-0, Infinity, -Infinity, Number.NaN, Infinity]);
  });

  it("is within 2^-8 of every number, and exact for what it can hold", () => {
    fc.assert(
      fc.property(fc.float({ noNaN: true, noDefaultInfinity: true, min: Math.fround(-1e30), max: Math.fround(1e30) }), (value) => {
        const [once = Number.NaN] = rounded([value]);
        expect(Math.abs(once - value)).toBeLessThanOrEqual(Math.max(Math.abs(value) * 2 ** -8, 2 ** -133));
        expect(rounded([once])).toEqual([once]);
      }),
    );
  });

  it("converts arrays larger than one piece", () => {
    const length = (1 << 20) + 3;
    writeSafetensors(path, { x: float32(Float32Array.from({ length }, (_, i) => i % 251)) }, { dtype: "BF16" });
    const data = readSafetensors(path).arrays["x"]?.data as Float32Array;
    expect(data.length).toBe(length);
    expect(data.every((value, i) => value === i % 251)).toBe(true);
  });
});

describe("float16", () => {
  it("reads normal, subnormal and special numbers", () => {
    const bits = new Uint16Array([0x3c00, 0xc000, 0x3555, 0x0001, 0x03ff, 0x7bff, 0x7c00, 0xfc00, 0x8000, 0x7e00]);
    writeRaw({ x: { dtype: "F16", shape: [10], data_offsets: [0, 20] } }, new Uint8Array(bits.buffer));
    expect([...(readSafetensors(path).arrays["x"]?.data ?? [])]).toEqual([
      1,
      -2,
      0.333251953125,
      2 ** -24,
      1023 * 2 ** -24,
      65504,
      Infinity,
      -Infinity,
      -0,
      Number.NaN,
    ]);
  });
});

describe("a damaged file", () => {
  const x = { dtype: "F32", shape: [2], data_offsets: [0, 8] };
  const eight = Array.from({ length: 8 }, () => 0);

  it.each<[string, () => void, string]>([
    ["is empty", () => writeFileSync(path, ""), "FILE: not a safetensors file, it holds 0 bytes."],
    [
      "claims an absurd header",
      () => writeRaw({}, [], { headerBytes: 2n ** 63n }),
      "FILE: not a safetensors file, its header would take 9223372036854776000 bytes.",
    ],
    ["ends in its header", () => writeRaw({}, [], { headerBytes: 10 }), "FILE: truncated, its header takes 10 bytes and 2 are there."],
    ["has a header that is a list", () => writeRaw([]), "FILE: not a safetensors file, its header is not a JSON object."],
    [
      "ends in its data",
      () => writeRaw({ x }, [0, 0, 0]),
      "FILE: truncated, its tensors take 8 bytes and 3 are there. Copy or download the file again.",
    ],
    ["has data that belong to nothing", () => writeRaw({ x }, [...eight, 1]), "FILE: 1 bytes at its end belong to no tensor."],
    [
      "has a gap",
      () => writeRaw({ x: { ...x, data_offsets: [4, 12] } }, [...eight, ...eight]),
      'FILE: 4 bytes before tensor "x" belong to no tensor.',
    ],
    [
      "has overlapping tensors",
      () => writeRaw({ x, y: { ...x, data_offsets: [4, 12] } }, [...eight, ...eight]),
      'FILE: tensor "y" overlaps the one before it.',
    ],
    [
      "has a dtype that is not read",
      () => writeRaw({ x: { ...x, dtype: "I64" } }),
      'FILE: tensor "x" has dtype "I64", known are F32, F16, BF16, I32.',
    ],
    [
      "has a dtype from the prototype",
      () => writeRaw({ x: { ...x, dtype: "toString" } }),
      'FILE: tensor "x" has dtype "toString", known are F32, F16, BF16, I32.',
    ],
    [
      "has a negative dimension",
      () => writeRaw({ x: { ...x, shape: [-2] } }),
      'FILE: tensor "x" has shape [-2], expected a list of non-negative integers.',
    ],
    [
      "has a shape beyond all numbers",
      () => writeRaw({ x: { ...x, shape: [2 ** 40, 2 ** 40] } }),
      'FILE: tensor "x" has shape [1099511627776,1099511627776], expected a list of non-negative integers.',
    ],
    [
      "has offsets that do not fit the shape",
      () => writeRaw({ x: { ...x, shape: [3] } }, eight),
      'FILE: tensor "x" has 8 bytes of data, but F32 [3] takes 12.',
    ],
    ["has one offset", () => writeRaw({ x: { ...x, data_offsets: [0] } }), 'FILE: tensor "x" has data_offsets [0], expected [begin, end].'],
    ["describes a tensor by a number", () => writeRaw({ x: 1 }), 'FILE: tensor "x" is not described by an object.'],
    ["has metadata that are not text", () => writeRaw({ __metadata__: { step: 1 } }), "FILE: __metadata__ must map names to text."],
    ["is not there", () => rmSync(path, { force: true }), "FILE: no such file."],
  ])("that %s gives one clear error", (_, damage, message) => {
    damage();
    expect(problemOf(() => readSafetensors(path))).toBe(message);
  });

  it("that is a folder says so", () => {
    expect(() => readSafetensors(folder)).toThrow(`${folder}: not a file.`);
  });

  it("that holds a header that is not JSON says so", () => {
    writeRaw("{nonsense");
    expect(problemOf(() => readSafetensors(path))).toMatch(/^FILE: not a safetensors file, its header is not JSON \(/);
  });

  it("gives a FileError wherever it was cut off", () => {
    writeSafetensors(path, { a: float32([1, 2, 3]), b: int32([4]) });
    const whole = readFileSync(path);
    for (let length = 0; length < whole.length; length++) {
      writeFileSync(path, whole.subarray(0, length));
      problemOf(() => readSafetensors(path));
    }
  });
});
