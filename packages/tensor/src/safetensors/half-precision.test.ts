import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { afterAll, describe, expect, it } from "vitest";
import { compile } from "../compile.ts";
import { onnxExecutor } from "../executors/onnx/executor.ts";
import { float32 } from "../nd-array.ts";
import { neg } from "../ops/elementwise.ts";
import { readSafetensors, writeSafetensors } from "./index.ts";
import { rawFile } from "./raw-file.fixture.ts";

const folder = mkdtempSync(join(tmpdir(), "half-precision-"));
const path = join(folder, "file.safetensors");
afterAll(() => rmSync(folder, { recursive: true }));

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
    writeFileSync(path, rawFile({ x: { dtype: "F16", shape: [65536], data_offsets: [0, 131072] } }, new Uint8Array(all.buffer)));
    expect(readSafetensors(path).arrays["x"]?.data).toEqual(Float32Array.from(all, valueOf));
  });

  it("reads them where the processor takes subnormal numbers for zero, as after a run of ONNX Runtime in this thread", async () => {
    const negate = compile(neg, { executor: await onnxExecutor({ api: "js" }) });
    await negate(float32([1]));
    expect(Float64Array.of(1e-310)[0]! * 2).toBe(0);
    const subnormal = Uint16Array.from({ length: 2048 }, (_, i) => (i < 1024 ? i : 0x8000 + i - 1024));
    writeFileSync(path, rawFile({ x: { dtype: "F16", shape: [2048], data_offsets: [0, 4096] } }, new Uint8Array(subnormal.buffer)));
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
