import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { FileError } from "@diffucoder/core";
import fc from "fast-check";
import { afterAll, describe, expect, it } from "vitest";
import type { TypedArray } from "../dtype.ts";
import { bool, float32, int32, NdArray } from "../nd-array.ts";
import { compile } from "../compile.ts";
import { onnxExecutor } from "../executors/onnx/executor.ts";
import { neg } from "../ops/elementwise.ts";
import { openSafetensors, readSafetensors, writeSafetensors } from "./index.ts";

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

/** Of arrays that are too large to be compared element by element. */
const sameBytes = (a: TypedArray, b: TypedArray): boolean => Buffer.from(a.buffer).equals(Buffer.from(b.buffer));

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

  it("keeps the bytes of quantized weights", () => {
    const [codes, packed] = [new NdArray(Int8Array.of(-127, 0, 5, 127), [2, 2]), new NdArray(Uint8Array.of(0, 255), [2], "uint8")];
    writeSafetensors(path, { codes, packed }, { dtype: "BF16" });
    const { arrays } = readSafetensors(path);
    expect(arrays).toEqual({ codes, packed });
    expect([arrays["codes"]?.dtype, arrays["packed"]?.dtype]).toEqual(["int8", "uint8"]);
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
    expect(() => writeSafetensors(path, { mask: bool([1, 0]) })).toThrow('mask must be of a dtype of numbers, got "bool".');
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
  /** By the definition: 1 sign, 5 exponent and 10 fraction bits. */
  const valueOf = (bits: number): number => {
    const [sign, exponent, fraction] = [bits >>> 15 ? -1 : 1, (bits >>> 10) & 0x1f, bits & 0x3ff];
    if (exponent === 0x1f) return fraction === 0 ? sign * Infinity : Number.NaN;
    return exponent === 0 ? sign * fraction * 2 ** -24 : sign * (1 + fraction / 1024) * 2 ** (exponent - 15);
  };
  const all = Uint16Array.from({ length: 65536 }, (_, bits) => bits);

  it("reads all its 65536 numbers", () => {
    writeRaw({ x: { dtype: "F16", shape: [65536], data_offsets: [0, 131072] } }, new Uint8Array(all.buffer));
    expect(readSafetensors(path).arrays["x"]?.data).toEqual(Float32Array.from(all, valueOf));
  });

  it("reads them where the processor takes subnormal numbers for zero, as after a run of ONNX Runtime in this thread", async () => {
    const negate = compile(neg, { executor: await onnxExecutor({ api: "js" }) });
    await negate(float32([1]));
    expect((Float64Array.of(1e-310)[0] as number) * 2).toBe(0);
    const subnormal = Uint16Array.from({ length: 2048 }, (_, i) => (i < 1024 ? i : 0x8000 + i - 1024));
    writeRaw({ x: { dtype: "F16", shape: [2048], data_offsets: [0, 4096] } }, new Uint8Array(subnormal.buffer));
    expect(readSafetensors(path).arrays["x"]?.data).toEqual(Float32Array.from(subnormal, valueOf));
  });

  it("writes each of them back, and rounds others to the nearest, ties to the even one", () => {
    const rounded = (values: ArrayLike<number>): Uint16Array => {
      writeSafetensors(path, { x: float32(values) }, { dtype: "F16" });
      return new Uint16Array(new Uint8Array(readFileSync(path).subarray(-2 * values.length)).buffer);
    };
    const numbers = all.filter((bits) => !Number.isNaN(valueOf(bits)));
    expect(rounded(Float32Array.from(numbers, valueOf))).toEqual(numbers);
    // Between each positive number and the next: below the middle, at it, and above.
    const below = Uint16Array.from({ length: 0x7bff }, (_, bits) => bits);
    const between = (share: number): Float32Array => Float32Array.from(below, (bits) => valueOf(bits) + share * (valueOf(bits + 1) - valueOf(bits)));
    expect(rounded(between(0.49))).toEqual(below);
    expect(rounded(between(0.51))).toEqual(below.map((bits) => bits + 1));
    expect(rounded(between(0.5))).toEqual(below.map((bits) => bits + (bits % 2)));
    expect([...rounded([65519, 65520, -1e9, Number.NaN, -0])]).toEqual([0x7bff, 0x7c00, 0xfc00, 0x7e00, 0x8000]);
  });
});

describe("an open file", () => {
  it("gives tensors one by one, and their bytes", () => {
    writeSafetensors(path, { a: float32([1, 2]), b: float32([3], [1, 1]) }, { dtype: "BF16", metadata: { format: "pt" } });
    const file = openSafetensors(path);
    expect([...file.entries.values()]).toEqual([
      { name: "a", dtype: "BF16", shape: [2], begin: 0, end: 4 },
      { name: "b", dtype: "BF16", shape: [1, 1], begin: 4, end: 6 },
    ]);
    expect(file.metadata).toEqual({ format: "pt" });
    expect(file.read("b")).toEqual(float32([3], [1, 1]));
    const bytes = new Uint8Array(4);
    file.readBytes("a", bytes);
    expect([...bytes]).toEqual([0x80, 0x3f, 0, 0x40]);
    expect(problemOf(() => file.read("c"))).toBe('FILE: holds no tensor "c".');
    file.close();
  });

  it("gives parts of float tensors, whichever pieces they lie in", () => {
    const values = float32(
      Array.from({ length: 300_000 }, (_, i) => i % 251),
      [3, 100_000],
    );
    for (const dtype of ["F32", "F16", "BF16"] as const) {
      writeSafetensors(path, { before: float32([7]), values, ids: int32([1]) }, { dtype });
      const file = openSafetensors(path);
      for (const [first, length] of [
        [0, 1],
        [99_999, 3],
        [1, 299_999],
        [300_000, 0],
      ] as const) {
        const target = new Float32Array(length).fill(-1);
        file.readFloats("values", first, target);
        expect(sameBytes(target, values.data.slice(first, first + length))).toBe(true);
      }
      expect(() => file.readFloats("values", 299_999, new Float32Array(2))).toThrow(
        "readFloats: first must be a place with 2 elements of [3, 100000] from there on, got 299999.",
      );
      expect(problemOf(() => file.readFloats("ids", 0, new Float32Array(1)))).toBe('FILE: tensor "ids" has dtype I32, F32, F16, BF16 are read.');
      file.close();
    }
  });

  it("gives tensors that are large enough to be prepared by a second thread", () => {
    const values = float32(Float32Array.from({ length: 2_500_001 }, (_, i) => i % 1021));
    writeSafetensors(path, { values });
    expect(sameBytes((readSafetensors(path).arrays["values"] as NdArray).data, values.data)).toBe(true);
  });

  it("says where a number is not finite, in every type, when asked to", () => {
    const values = Float32Array.from({ length: (1 << 17) + 11 }, (_, i) => i % 100);
    for (const dtype of ["F32", "F16", "BF16"] as const) {
      for (const [bad, at] of [
        [Number.NaN, 3],
        [-Infinity, (1 << 17) + 10],
      ] as const) {
        writeSafetensors(path, { x: float32(values.with(at, bad)) }, { dtype });
        const file = openSafetensors(path);
        expect(file.read("x").data[at]).toBe(bad);
        expect(problemOf(() => file.read("x", { requireFinite: true }))).toBe(
          `FILE: tensor "x" holds ${bad} at element ${at}. The weights were damaged, or saved after training diverged.`,
        );
        file.close();
      }
      writeSafetensors(path, { x: float32(values) }, { dtype });
      const file = openSafetensors(path);
      expect(file.read("x", { requireFinite: true }).data).toEqual(values);
      file.close();
    }
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
    [
      "is what torch.save writes",
      () => writeFileSync(path, Buffer.from("PK\u0003\u0004\u0000\u0000\b\b\u0000\u0000archive/data.pkl")),
      "FILE: not a safetensors file but a zip, as torch.save writes it. Pickles can run code and are not read: save the model again with safe_serialization=True.",
    ],
    [
      "is a pickle",
      () => writeFileSync(path, Buffer.from([0x80, 2, 0x8a, 0x0a, 0x6c, 0xfc, 0x9c, 0x46, 0xf9, 0x20])),
      "FILE: not a safetensors file but a pickle. Pickles can run code and are not read: save the model again with safe_serialization=True.",
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
      () => writeRaw({ x: { ...x, dtype: "I64", shape: [1] } }, eight),
      'FILE: tensor "x" has dtype I64, F32, F16, BF16, I32, I8, U8 are read.',
    ],
    [
      "has a dtype from the prototype",
      () => writeRaw({ x: { ...x, dtype: "toString" } }),
      'FILE: tensor "x" has dtype "toString", known are BOOL, U8, I8, F8_E5M2, F8_E4M3, U16, I16, F16, BF16, U32, I32, F32, U64, I64, F64.',
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

describe("a file of anything", () => {
  /** Either it is read, with as many elements as its header says, or there is one FileError. */
  const isReadOrRefused = (): void => {
    try {
      const { arrays } = readSafetensors(path);
      for (const array of Object.values(arrays)) expect(array.data.length).toBe(array.shape.reduce((product, n) => product * n, 1));
    } catch (error) {
      expect(error).toBeInstanceOf(FileError);
      expect((error as Error).message.length).toBeLessThan(2000);
    }
  };

  it("is read or refused: any bytes", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
        writeFileSync(path, bytes);
        isReadOrRefused();
      }),
    );
  });

  it("is read or refused: any JSON for a header, of any claimed length", () => {
    const length = fc.oneof(fc.constant(undefined), fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }), fc.bigInt({ min: 0n, max: 100n }));
    fc.assert(
      fc.property(fc.json(), fc.uint8Array({ maxLength: 20 }), length, (header, data, headerBytes) => {
        writeRaw(header, data, headerBytes === undefined ? {} : { headerBytes });
        isReadOrRefused();
      }),
    );
  });

  it("is read or refused: headers that are nearly right", () => {
    const number = fc.oneof(fc.nat(12), fc.constantFrom(-1, 0.5, 2 ** 31, 2 ** 53, 2 ** 60, 1e308, null, "4"));
    const entry = fc.record(
      {
        dtype: fc.constantFrom("F32", "F16", "BF16", "I32", "I8", "F64", "BOOL", "__proto__", 1),
        shape: fc.oneof(fc.array(number, { maxLength: 3 }), number),
        data_offsets: fc.oneof(fc.array(number, { maxLength: 3 }), number),
      },
      { requiredKeys: [] },
    );
    const name = fc.constantFrom("a", "b", "__proto__", "constructor", "__metadata__", "x".repeat(1000));
    fc.assert(
      fc.property(fc.array(fc.tuple(name, entry)), fc.uint8Array({ maxLength: 48 }), (entries, data) => {
        // Written by hand: a name may come twice, and __proto__ is a name like any other.
        writeRaw(`{${entries.map(([key, value]) => `${JSON.stringify(key)}:${JSON.stringify(value)}`).join(",")}}`, data);
        isReadOrRefused();
      }),
      { numRuns: 500 },
    );
  });

  it("is read or refused: a good file with some bytes changed", () => {
    writeSafetensors(path, { a: float32([1, 2, 3]), b: int32([4]) }, { metadata: { format: "pt" } });
    const good = readFileSync(path);
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.nat(good.length - 1), fc.nat(255)), { minLength: 1, maxLength: 4 }), (changes) => {
        const bytes = Buffer.from(good);
        for (const [at, byte] of changes) bytes[at] = byte;
        writeFileSync(path, bytes);
        isReadOrRefused();
      }),
      { numRuns: 500 },
    );
  });
});
