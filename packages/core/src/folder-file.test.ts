import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, truncateSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { folderFile } from "./folder-file.ts";
import { requireRegularFile } from "./regular-file.ts";

const root = mkdtempSync(join(tmpdir(), "folder-file-"));
afterAll(() => rmSync(root, { recursive: true }));
const model = join(root, "model");
mkdirSync(model);
writeFileSync(join(root, "secret"), "");
writeFileSync(join(model, "config.json"), "");

describe("folderFile", () => {
  it("gives the path of a file of the folder, and of one that is not there", () => {
    expect(folderFile(model, "config.json")).toBe(join(model, "config.json"));
    expect(folderFile(model, "none.json")).toBe(join(model, "none.json"));
    expect(folderFile(join(root, "none"), "none.json")).toBe(join(root, "none", "none.json"));
  });

  it("follows a link inside the folder, and one to the folder itself", () => {
    symlinkSync("config.json", join(model, "again.json"));
    expect(folderFile(model, "again.json")).toBe(join(model, "again.json"));
    symlinkSync(model, join(root, "link"));
    expect(folderFile(join(root, "link"), "config.json")).toBe(join(root, "link", "config.json"));
  });

  it("refuses a link out of the folder", () => {
    symlinkSync("../secret", join(model, "out.json"));
    expect(() => folderFile(model, "out.json")).toThrow(
      `${join(model, "out.json")}: is a link out of its folder, to ${join(root, "secret")}. Copy the file into the folder if you trust it.`,
    );
    mkdirSync(join(root, "model-2"));
    writeFileSync(join(root, "model-2", "x"), "");
    symlinkSync("../model-2/x", join(model, "x"));
    expect(() => folderFile(model, "x")).toThrow("is a link out of its folder");
  });

  it.each(["../secret", "a/b", "..\\secret", "..", ".", "", "config.json\0"])("refuses the name %j", (name) => {
    expect(() => folderFile(model, name)).toThrow(`${model}: names the file ${JSON.stringify(name)}, expected one in the same folder.`);
  });

  it("follows a snapshot's link into the blobs of its repository's cache, and no further", () => {
    const snapshot = join(root, "models--a--b", "snapshots", "0123");
    mkdirSync(snapshot, { recursive: true });
    mkdirSync(join(root, "models--a--b", "blobs"));
    writeFileSync(join(root, "models--a--b", "blobs", "hash"), "");
    symlinkSync("../../blobs/hash", join(snapshot, "config.json"));
    expect(folderFile(snapshot, "config.json")).toBe(join(snapshot, "config.json"));
    symlinkSync("../../../secret", join(snapshot, "bad.json"));
    expect(() => folderFile(snapshot, "bad.json")).toThrow("is a link out of its folder");
  });

  it.skipIf(process.platform === "win32")("refuses what is not a file, without opening it", () => {
    execFileSync("mkfifo", [join(model, "pipe.json")]);
    expect(() => folderFile(model, "pipe.json")).toThrow(`${join(model, "pipe.json")}: not a file. It is a pipe.`);
    mkdirSync(join(model, "folder.json"));
    expect(() => folderFile(model, "folder.json")).toThrow(`${join(model, "folder.json")}: not a file. It is a folder.`);
    expect(() => folderFile("/dev", "zero")).toThrow("/dev/zero: not a file. It is a device.");
  });

  it("tells a file in the place of the folder", () => {
    const file = join(model, "model.bin");
    writeFileSync(file, "");
    expect(() => requireRegularFile(join(file, "config.json"))).toThrow(`${file}: is not a folder.`);
  });

  it("refuses a file that is too large to be read whole", () => {
    const path = join(model, "large.json");
    writeFileSync(path, "");
    truncateSync(path, 100_000_001); // no blocks on the disk
    expect(() => folderFile(model, "large.json")).toThrow(`${path}: holds 100000001 bytes, more than the limit of 100000000 for such a file.`);
    expect(folderFile(model, "large.json", { maxBytes: Infinity })).toBe(path);
  });
});
