import { createHash } from "node:crypto";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { gzipSync } from "node:zlib";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { defaultFolders, readDatasetFile } from "./dataset-file.ts";

const data = gzipSync("hello\n");
const file = { path: "set/data.jsonl.gz", sha256: createHash("sha256").update(data).digest("hex"), url: "https://example.test/data" };
const never = (): Promise<Response> => Promise.reject(new Error("no network"));

let root: string;
beforeEach(() => (root = mkdtempSync(join(tmpdir(), "dataset-file-"))));
afterEach(() => rmSync(root, { recursive: true, force: true }));
const folders = () => ({ search: [join(root, "first"), join(root, "second")], cache: join(root, "cache") });
const put = (folder: string, content: Uint8Array | string): void => {
  mkdirSync(dirname(join(root, folder, file.path)), { recursive: true });
  writeFileSync(join(root, folder, file.path), content);
};

describe("readDatasetFile", () => {
  it("takes the first folder that has the file", async () => {
    put("second", data);
    expect(await readDatasetFile(file, { folders: folders(), fetch: never })).toEqual({ text: "hello\n", path: join(root, "second", file.path) });
  });

  it("downloads it once, and keeps it", async () => {
    let asked = 0;
    const fetch = async (): Promise<Response> => (asked++, new Response(data));
    for (let i = 0; i < 2; i++) expect((await readDatasetFile(file, { folders: folders(), fetch })).text).toBe("hello\n");
    expect(asked).toBe(1);
    expect(readFileSync(join(root, "cache/datasets", file.path))).toEqual(data);
  });

  it("refuses another content, found or downloaded, and keeps none of it", async () => {
    const message = (path: string, got: string) =>
      `${path}: has SHA-256 ${got}..., expected ${file.sha256.slice(0, 16)}.... A score must name what it was measured on: remove the file, or put the pinned version there.`;
    const fetch = async (): Promise<Response> => new Response("other");
    const got = createHash("sha256").update("other").digest("hex").slice(0, 16);
    await expect(readDatasetFile(file, { folders: folders(), fetch })).rejects.toThrow(message(file.url, got));
    expect(existsSync(join(root, "cache"))).toBe(false);
    put("first", "other");
    await expect(readDatasetFile(file, { folders: folders(), fetch })).rejects.toThrow(message(join(root, "first", file.path), got));
  });

  it("says where to put a file that cannot be downloaded", async () => {
    const cached = join(root, "cache/datasets", file.path);
    const wayOut = `Put the file at ${cached}, or give the folder that holds set/data.jsonl.gz in DATA_DIR.`;
    await expect(readDatasetFile(file, { folders: folders(), fetch: never })).rejects.toThrow(
      `set/data.jsonl.gz is not available: https://example.test/data could not be downloaded (no network). ${wayOut}`,
    );
    const { url: _, ...byHand } = file;
    await expect(readDatasetFile(byHand, { folders: folders() })).rejects.toThrow(
      `set/data.jsonl.gz is not available: it is in none of the data folders and has no download address. ${wayOut}`,
    );
  });

  it("looks in DATA_DIR first", () => {
    const { search, cache } = defaultFolders({ DATA_DIR: "/data", XDG_CACHE_HOME: "/c" });
    expect(search[0]).toBe("/data");
    expect(search[1]).toMatch(/shared\/bench$/);
    expect(cache).toBe("/c/diffucoder");
  });
});
