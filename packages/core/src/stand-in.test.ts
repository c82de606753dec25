import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { readJsonObject } from "./config.ts";
import { standInError } from "./stand-in.ts";

const folder = mkdtempSync(join(tmpdir(), "stand-in-"));
const path = join(folder, "config.json");
afterAll(() => rmSync(folder, { recursive: true }));

const pointer = "version https://git-lfs.github.com/spec/v1\noid sha256:4d7a2146\nsize 3945\n";

describe("standInError", () => {
  it("names a pointer of Git's large file storage and a web page, where JSON was expected", () => {
    writeFileSync(path, pointer);
    expect(() => readJsonObject(path)).toThrow(
      `${path}: is a Git LFS pointer, not the file that it stands for. Run git lfs pull in its folder, or download the file again.`,
    );
    writeFileSync(path, "\n<!DOCTYPE html><html>");
    expect(() => readJsonObject(path)).toThrow(
      `${path}: is a web page, not the file that was asked for. Download the file again, after logging in where that is asked.`,
    );
    writeFileSync(path, "nonsense");
    expect(() => readJsonObject(path)).toThrow(`${path}: not valid JSON`);
  });

  it("takes nothing else for one", () => {
    for (const text of ["", "{}", "version 2", "<htmlx>", "PK"]) expect(standInError(path, text)).toBeUndefined();
  });
});
