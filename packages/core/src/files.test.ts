import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { FileError } from "./errors.ts";
import { writeFileAtomic } from "./files.ts";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "core-files-"));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

describe("writeFileAtomic", () => {
  it("makes the folders, replaces the old content and leaves no other file", () => {
    const path = join(folder, "a", "b", "result.json");
    writeFileAtomic(path, "old and longer");
    writeFileAtomic(path, "new ü");
    expect(readFileSync(path, "utf8")).toBe("new ü");
    expect(readdirSync(join(folder, "a", "b"))).toEqual(["result.json"]);
  });

  it("writes parts one after the other, views included", () => {
    const whole = new Uint8Array([0, 1, 2, 3, 4, 5]);
    writeFileAtomic(join(folder, "parts"), [whole.subarray(4), new Uint8Array(0), whole.subarray(0, 2)]);
    expect([...readFileSync(join(folder, "parts"))]).toEqual([4, 5, 0, 1]);
  });

  it("names the path and says what to do when a folder of it is a file", () => {
    writeFileSync(join(folder, "file"), "kept");
    const path = join(folder, "file", "result.json");
    expect(() => writeFileAtomic(path, "x")).toThrow(FileError);
    const problem = `${path}: could not be written, ${join(folder, "file")} is not a folder. Give a path in a folder.`;
    expect(() => writeFileAtomic(path, "x")).toThrow(problem);
    expect(readFileSync(join(folder, "file"), "utf8")).toBe("kept");
  });

  it("leaves the old content, and nothing half-written, when the write fails in the middle", () => {
    const path = join(folder, "checkpoint");
    writeFileAtomic(path, "old");
    const failing = {
      get byteLength(): number {
        throw new Error("the device is gone");
      },
    } as Uint8Array;
    expect(() => writeFileAtomic(path, [Buffer.from("half"), failing])).toThrow(
      `${path}: could not be written (the device is gone). Check the folder and its permissions.`,
    );
    expect(readFileSync(path, "utf8")).toBe("old");
    expect(readdirSync(folder)).toEqual(["checkpoint"]);
  });

  it("leaves a folder that stands in the way alone", () => {
    const path = join(folder, "taken");
    mkdirSync(join(path, "inside"), { recursive: true });
    expect(() => writeFileAtomic(path, "x")).toThrow(`${path}: could not be written, it is a folder. Give the path of a file.`);
    expect(existsSync(join(path, "inside"))).toBe(true);
    expect(readdirSync(folder)).toEqual(["taken"]);
  });

  // /dev/full is Linux's always-full disk; elsewhere the case cannot be made.
  it.skipIf(!existsSync("/dev/full"))("says that the disk is full", () => {
    const path = join(folder, "full");
    symlinkSync("/dev/full", `${path}.tmp-${process.pid}`); // where the data goes first
    expect(() => writeFileAtomic(path, "x")).toThrow(
      `${path}: could not be written, the disk is full. Free some space and run again; what was written before is intact.`,
    );
    expect(existsSync(path)).toBe(false);
  });
});
