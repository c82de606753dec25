import { createHash } from "node:crypto";
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, readlinkSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { FileError, UnavailableError } from "@diffucoder/core";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { downloadModel, loadDiffuCoder } from "../index.ts";
import { makeTinyModel } from "../tiny-model.fixture.ts";

const model = makeTinyModel();
afterAll(model.remove);
const commit = "0123456789abcdef0123456789abcdef01234567";
const sha256 = (content: Buffer): string => createHash("sha256").update(content).digest("hex");
const gitHash = (content: Buffer): string => createHash("sha1").update(`blob ${content.length}\0`).update(content).digest("hex");

/** What the hub serves of one repository. */
const mirror = {
  files: new Map<string, Buffer>(),
  requests: [] as { url: string; range: string | undefined; authorization: string | undefined }[],
  /** Bytes after which a file's connection breaks. */
  breakAfter: Infinity,
  /** What is served in place of a file. */
  forged: new Map<string, Buffer>(),
  token: undefined as string | undefined,
};

let server: Server;
let endpoint: string;
beforeAll(async () => {
  server = createServer((request, response) => {
    const { url = "", headers } = request;
    mirror.requests.push({ url, range: headers.range, authorization: headers.authorization });
    if (mirror.token !== undefined && headers.authorization !== `Bearer ${mirror.token}`) return response.writeHead(401).end();
    if (url.startsWith("/api/models/org/tiny/revision/main") || url.startsWith(`/api/models/org/tiny/revision/${commit}`)) {
      response.writeHead(200, { "Content-Type": "application/json" });
      const siblings = [...mirror.files.keys(), "modeling_dream.py", "pytorch_model.bin", "../evil.json"].map((rfilename) => ({ rfilename }));
      return response.end(JSON.stringify({ _id: "1", id: "org/tiny", sha: commit, siblings, lastModified: "2026-01-01T00:00:00Z" }));
    }
    const name = url.slice(`/org/tiny/resolve/${commit}/`.length);
    const content = mirror.files.get(name);
    if (!url.startsWith(`/org/tiny/resolve/${commit}/`) || content === undefined) return response.writeHead(404).end();
    const [start = 0, end = content.length - 1] = (headers.range?.match(/\d+/g) ?? []).map(Number);
    const served = (mirror.forged.get(name) ?? content).subarray(start, end + 1);
    const isLarge = name.endsWith(".safetensors");
    response.writeHead(206, {
      "Content-Range": `bytes ${start}-${end}/${content.length}`,
      "Content-Length": end + 1 - start,
      ETag: `"${gitHash(content)}"`,
      ...(isLarge && { "X-Linked-ETag": `"${sha256(content)}"` }),
    });
    if (!isLarge || served.length <= mirror.breakAfter) return response.end(served);
    response.write(served.subarray(0, mirror.breakAfter), () => setTimeout(() => response.destroy(), 300)); // what came is on the disk by then
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  endpoint = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  for (const name of readdirSync(model.dir)) mirror.files.set(name, readFileSync(join(model.dir, name)));
});
afterAll(() => {
  server.closeAllConnections();
  server.close();
});

let home: string;
beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), "hub-"));
  Object.assign(mirror, { requests: [], breakAfter: Infinity, forged: new Map(), token: undefined });
});
afterEach(() => rmSync(home, { recursive: true }));
const environment = (more: Record<string, string> = {}) => ({ HF_HOME: home, HF_ENDPOINT: endpoint, ...more });
const download = (more: Record<string, string> = {}, revision?: string) =>
  downloadModel({ repo: "org/tiny", revision, environment: environment(more) });
const storage = () => join(home, "hub", "models--org--tiny");

describe("downloadModel", () => {
  it("lays files out as Hugging Face's cache does, and takes no code and no pickles", async () => {
    const seen: string[] = [];
    const snapshot = await downloadModel({ repo: "org/tiny", environment: environment(), onProgress: ({ phase }) => seen.push(phase) });
    expect(snapshot).toBe(join(storage(), "snapshots", commit));
    expect(readdirSync(snapshot).sort()).toEqual([...mirror.files.keys()].sort());
    expect(readFileSync(join(storage(), "refs", "main"), "utf8")).toBe(commit);
    for (const [name, content] of mirror.files) {
      const hash = name.endsWith(".safetensors") ? sha256(content) : gitHash(content);
      expect(readlinkSync(join(snapshot, name))).toBe(join("..", "..", "blobs", hash));
      expect(readFileSync(join(storage(), "blobs", hash)).equals(content)).toBe(true);
    }
    expect(seen.at(-1)).toBe("model.safetensors"); // the weights come last
    expect(existsSync(join(home, "hub", "models--org--tiny", "evil.json"))).toBe(false);
  });

  it("downloads nothing twice", async () => {
    await download();
    mirror.requests = [];
    await download();
    expect(mirror.requests.map(({ url }) => url.split("?")[0])).toEqual(["/api/models/org/tiny/revision/main"]);
  });

  it("goes on where it was cut off", async () => {
    mirror.breakAfter = 1000;
    await expect(download()).rejects.toThrow(UnavailableError);
    await expect(download()).rejects.toThrow(
      /^org\/tiny is not available: http:\/\/127\.0\.0\.1:\d+ cannot be read \(.*\)\. What was downloaded stays: run again/,
    );
    mirror.breakAfter = Infinity;
    mirror.requests = [];
    const snapshot = await download();
    const size = (mirror.files.get("model.safetensors") as Buffer).length;
    expect(mirror.requests.at(-1)?.range).toMatch(new RegExp(`^bytes=[1-9]\\d*-${size - 1}$`));
    expect(readFileSync(join(snapshot, "model.safetensors")).equals(mirror.files.get("model.safetensors") as Buffer)).toBe(true);
  });

  it.each(["model.safetensors", "config.json"])("refuses a %s that is not what its hash says, and keeps nothing of it", async (name) => {
    const forged = Buffer.from(mirror.files.get(name) as Buffer);
    forged[20] = (forged[20] as number) ^ 1;
    mirror.forged.set(name, forged);
    const failure = await download().catch((error: unknown) => error);
    expect(failure).toBeInstanceOf(FileError);
    expect((failure as Error).message).toMatch(
      /\.incomplete: was downloaded with the hash [0-9a-f]+, expected [0-9a-f]+\. It was removed: run again/,
    );
    expect(existsSync(join(storage(), "snapshots", commit, name))).toBe(false);
    mirror.forged.clear();
    await download();
  });

  it("uses the token of the environment", async () => {
    mirror.token = "hf_secret";
    await expect(download()).rejects.toThrow(
      `org/tiny is not available: ${endpoint} answers 401: it does not exist, or is private or gated, and no token or a wrong one was given. Set HF_TOKEN to a token that may read it.`,
    );
    await download({ HF_TOKEN: "hf_secret" });
  });

  it("offline uses what is there and asks nobody", async () => {
    await expect(download({ HF_HUB_OFFLINE: "1" })).rejects.toThrow(
      `org/tiny at main is not available: ${storage()} does not hold it, and HF_HUB_OFFLINE forbids to download it. Run once without HF_HUB_OFFLINE.`,
    );
    const snapshot = await download();
    mirror.requests = [];
    expect(await download({ HF_HUB_OFFLINE: "1" })).toBe(snapshot);
    expect(await download({ HF_HUB_OFFLINE: "1" }, commit)).toBe(snapshot);
    expect(mirror.requests).toEqual([]);
  });

  it("says what is wrong with names, revisions and servers", async () => {
    await expect(downloadModel({ repo: "../x", environment: environment() })).rejects.toThrow('repo must be of the form owner/name, got "../x".');
    await expect(download({}, "../main")).rejects.toThrow('revision must be a branch, tag or commit, got "../main".');
    await expect(download({}, "v9")).rejects.toThrow(`org/tiny is not available: ${endpoint} answers 404: there is no such repository or revision.`);
    await expect(download({ HF_ENDPOINT: "http://127.0.0.1:1" })).rejects.toThrow(
      /^org\/tiny is not available: http:\/\/127\.0\.0\.1:1 cannot be read/,
    );
  });

  // /dev/full is Linux's always-full disk; elsewhere the case cannot be made.
  it.skipIf(!existsSync("/dev/full"))("says that the disk is full", async () => {
    const partial = join(storage(), "blobs", `${sha256(mirror.files.get("model.safetensors") as Buffer)}.diffucoder.incomplete`);
    mkdirSync(join(storage(), "blobs"), { recursive: true });
    symlinkSync("/dev/full", partial);
    await expect(download()).rejects.toThrow(`${storage()}: could not be written, the disk is full. What was downloaded stays: run again to resume.`);
  });

  it("says that nothing can be written there", async () => {
    writeFileSync(join(home, "hub"), "");
    await expect(download()).rejects.toThrow(/: could not be written \((ENOTDIR|EEXIST).*\)\. What was downloaded stays: run again to resume\.$/);
  });

  it("stops when asked", async () => {
    await expect(downloadModel({ repo: "org/tiny", environment: environment(), signal: AbortSignal.abort() })).rejects.toMatchObject({
      code: "ABORTED",
    });
  });
});

describe("loadDiffuCoder", () => {
  it("loads a repository as it loads its folder", async () => {
    const [here, there] = [await loadDiffuCoder(model.dir), await loadDiffuCoder("org/tiny@main", { environment: environment() })];
    const prompt = "Return the sum of xs.";
    expect((await there.generate({ prompt })).text).toBe((await here.generate({ prompt })).text);
    await here.close();
    await there.close();
  });

  it("takes a folder that is there for a folder", async () => {
    const folder = join(home, "org", "tiny");
    mkdirSync(folder, { recursive: true });
    writeFileSync(join(folder, "config.json"), "{}");
    await expect(loadDiffuCoder(folder)).rejects.toThrow(`Invalid ${join(folder, "config.json")}`);
    expect(mirror.requests).toEqual([]);
  });
});
