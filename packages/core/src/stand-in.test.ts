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

  it.each([
    ["version http://git-media.io/v/2\noid sha256:aa\n", "is a Git LFS pointer, not the file that it stands for"],
    ["version https://hawser.github.com/spec/v1\noid sha256:aa\n", "is a Git LFS pointer, not the file that it stands for"],
    ["/annex/objects/SHA256E-s5--aa.safetensors\n", "is a git-annex pointer, not the file that it stands for"],
    ['<?xml version="1.0"?><Error><Code>AccessDenied</Code></Error>', "is a server's answer in XML, not the file that was asked for"],
    ["<head><title>Log in</title></head>", "is a web page, not the file that was asked for"],
    ["<!-- login --><html>", "is a web page, not the file that was asked for"],
  ])("names %j", (text, problem) => {
    expect(standInError(path, text)?.message).toContain(`${path}: ${problem}. `);
  });

  it("takes nothing else for one", () => {
    for (const text of ["", "{}", "version 2", "<htmlx>", "<s>[INST]", "<|im_start|>", "PK"]) expect(standInError(path, text)).toBeUndefined();
  });
});
