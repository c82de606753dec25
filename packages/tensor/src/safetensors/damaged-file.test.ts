import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { FileError } from "@diffucoder/core";
import fc from "fast-check";
import { afterAll, describe, expect, it } from "vitest";
import { float32, int32 } from "../nd-array.ts";
import { readSafetensors, writeSafetensors } from "./index.ts";
import { rawFile } from "./raw-file.fixture.ts";

const folder = mkdtempSync(join(tmpdir(), "safetensors-"));
const path = join(folder, "file.safetensors");
afterAll(() => rmSync(folder, { recursive: true }));

const writeRaw = (...parts: Parameters<typeof rawFile>): void => writeFileSync(path, rawFile(...parts));

function problemOf(read: () => unknown): string {
  try {
    read();
  } catch (error) {
    expect(error).toBeInstanceOf(FileError);
    return (error as Error).message.replace(path, "FILE");
  }
  throw new Error("nothing was thrown");
}

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
    expect(() => readSafetensors(folder)).toThrow(`${folder}: not a file. It is a folder.`);
  });

  it.skipIf(process.platform === "win32")("that is a pipe or a device is not waited for", () => {
    const pipe = join(folder, "pipe");
    execFileSync("mkfifo", [pipe]);
    expect(() => readSafetensors(pipe)).toThrow(`${pipe}: not a file. It is a pipe.`);
    expect(() => readSafetensors("/dev/zero")).toThrow("/dev/zero: not a file. It is a device.");
  });

  it("that only stands for another says so", () => {
    writeFileSync(path, "version https://git-lfs.github.com/spec/v1\noid sha256:4d7a\nsize 15231233024\n");
    expect(problemOf(() => readSafetensors(path))).toBe(
      "FILE: is a Git LFS pointer, not the file that it stands for. Run git lfs pull in its folder, or download the file again.",
    );
    writeFileSync(path, "<!doctype html><title>Log in</title>");
    expect(problemOf(() => readSafetensors(path))).toMatch(/^FILE: is a web page, not the file that was asked for\./);
  });

  it("that is one long or deep header is refused before it is parsed", () => {
    writeRaw(`{"a":${"[".repeat(1e6)}${"]".repeat(1e6)}}`);
    expect(problemOf(() => readSafetensors(path))).toBe("FILE: its header nests 1000001 deep, deeper than any.");
    writeRaw(`{"a":[${"0,".repeat(2_000_001)}0]}`);
    expect(problemOf(() => readSafetensors(path))).toBe("FILE: its header lists 2000001 values, more than the 2000000 of any.");
  });

  it("that names a tensor or a field twice says which", () => {
    const entry = '{"dtype":"U8","shape":[0],"data_offsets":[0,0]}';
    writeRaw(`{"a:{\\"":${entry},"b":${entry},"a:{\\"" : ${entry}}`);
    expect(problemOf(() => readSafetensors(path))).toBe('FILE: its header names "a:{\\"" twice.');
    writeRaw('{"a":{"dtype":"U8","dtype":"I8","shape":[0],"data_offsets":[0,0]}}');
    expect(problemOf(() => readSafetensors(path))).toBe('FILE: its header names "dtype" twice.');
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

/** @param runs how many, unless the environment says for how long: see vitest.setup.ts */
const atLeast = (runs: number): { numRuns?: number } => (process.env["FUZZ_SECONDS"] === undefined ? { numRuns: runs } : {});

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
      atLeast(500),
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
      atLeast(500),
    );
  });
});
