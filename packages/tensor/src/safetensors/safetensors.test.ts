import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { FileError } from "@diffucoder/core";
import fc from "fast-check";
import { afterAll, describe, expect, it } from "vitest";
import type { TypedArray } from "../dtype.ts";
import { bool, float32, int32, NdArray } from "../nd-array.ts";
import { openSafetensors, readSafetensors, writeSafetensors } from "./index.ts";

const folder = mkdtempSync(join(tmpdir(), "safetensors-"));
const path = join(folder, "file.safetensors");
afterAll(() => rmSync(folder, { recursive: true }));

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
    expect((8 + headerBytes) % 64).toBe(0);
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

  it("is mapped as it is read, also after it was closed and removed, and what is written to a tensor stays out of it", () => {
    const own = join(folder, "mapped.safetensors");
    const large = new NdArray(
      Uint8Array.from({ length: 70_001 }, (_, i) => i % 251),
      [70_001],
      "uint8",
    );
    const arrays = { a: float32([1, -2], [2, 1]), large, behind: new NdArray(Int8Array.of(-1, 3), [2]), skewed: int32([7, 8]), none: float32([]) };
    for (const dtype of ["F32", "BF16"] as const) {
      writeSafetensors(own, arrays, { dtype, metadata: { note: "x" } });
      const bytes = readFileSync(own);
      const mapped = readSafetensors(own, { map: true });
      expect(mapped).toEqual(readSafetensors(own));
      mapped.arrays["a"]!.data[0] = 9;
      mapped.arrays["large"]!.data.fill(0);
      expect(readFileSync(own).equals(bytes)).toBe(true);
      const again = readSafetensors(own, { map: true });
      rmSync(own);
      expect(Object.fromEntries(Object.entries(again.arrays).map(([name, { data }]) => [name, [...data]]))).toEqual(
        Object.fromEntries(Object.entries(arrays).map(([name, { data }]) => [name, [...data]])),
      );
    }
  });

  it("refuses what is not finite in a mapped tensor too", () => {
    writeSafetensors(path, { a: float32([1, NaN]) });
    const file = openSafetensors(path, { map: true });
    expect(problemOf(() => file.read("a", { requireFinite: true }))).toMatch(/^FILE: tensor "a" holds NaN at element 1\./);
    file.close();
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
