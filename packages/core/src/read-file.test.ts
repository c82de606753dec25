import { execFileSync } from "node:child_process";
import { chmodSync, closeSync, mkdtempSync, openSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { afterAll, describe, expect, it } from "vitest";
import { decodeText, readBytes, readText } from "./read-file.ts";

const folder = mkdtempSync(join(tmpdir(), "core-read-"));
afterAll(() => rmSync(folder, { recursive: true }));

const missing = join(folder, "missing.txt");

describe("readBytes and readText", () => {
  it("say what is wrong with a path, and the way out", () => {
    expect(() => readText(missing)).toThrow(expect.objectContaining({ code: "FILE", path: missing, message: `${missing}: no such file.` }));
    expect(() => readBytes(missing, { wayOut: "Give one with --input." })).toThrow(`${missing}: no such file. Give one with --input.`);
    expect(() => readText(folder)).toThrow(`${folder}: is a folder, expected a file.`);
  });

  it.skipIf(process.platform === "win32")("do not wait for what may never end, but read what is open already", () => {
    const pipe = join(folder, "pipe");
    execFileSync("mkfifo", [pipe]);
    expect(() => readBytes(pipe, { wayOut: "Give one with --input." })).toThrow(`${pipe}: is a pipe, expected a file. Give one with --input.`);
    expect(() => readText("/dev/zero")).toThrow("/dev/zero: is a device, expected a file.");
    const path = join(folder, "open.txt");
    writeFileSync(path, "here");
    const descriptor = openSync(path, "r");
    expect(readText(`/dev/fd/${descriptor}`)).toBe("here");
    closeSync(descriptor);
  });

  it.skipIf(process.getuid?.() === 0)(
    `names a file that this user may not read${process.getuid?.() === 0 ? " (SKIPPED: root may read all)" : ""}`,
    () => {
      const path = join(folder, "secret.txt");
      writeFileSync(path, "x");
      chmodSync(path, 0);
      expect(() => readText(path)).toThrow(`${path}: this user may not read it.`);
    },
  );

  it("give what was written", () => {
    const path = join(folder, "text.txt");
    writeFileSync(path, "\ufeffé 😀\r\n");
    expect(readText(path)).toBe("\ufeffé 😀\r\n");
    expect([...readBytes(path)].slice(0, 3)).toEqual([0xef, 0xbb, 0xbf]);
  });
});

describe("decodeText", () => {
  it("gives text that encodes to the same bytes, or names the first byte that is wrong", () => {
    fc.assert(
      fc.property(fc.uint8Array(), fc.string({ unit: "grapheme" }), (bytes, text) => {
        expect(decodeText(Buffer.from(text), "x")).toBe(text);
        const valid = Buffer.from(Buffer.from(bytes).toString()).equals(bytes);
        if (valid) expect(Buffer.from(decodeText(bytes, "x"))).toEqual(Buffer.from(bytes));
        else expect(() => decodeText(bytes, "x")).toThrow(/^x: is not UTF-8: byte [89a-f][0-9a-f] at offset \d+\. Convert it first/);
      }),
      { seed: 1 },
    );
  });

  it("names the byte and its offset", () => {
    expect(() => decodeText(new Uint8Array([0x61, 0xff, 0xfe]), "standard input")).toThrow(
      "standard input: is not UTF-8: byte ff at offset 1. Convert it first, e.g. iconv -f latin1 -t utf-8, or utf-16 for a file that begins with ff fe or fe ff.",
    );
  });
});
