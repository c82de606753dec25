// Models from Hugging Face's hub, in the layout of its own cache:
//   CACHE/models--ORG--NAME/ refs/REVISION (a commit), blobs/HASH, snapshots/COMMIT/FILE -> ../../blobs/HASH
// so that what Python has downloaded is found here, and the other way round. `@huggingface/hub` speaks to the server; its own
// downloads start anew when they were cut off, and check no hash, so writing files is done here.
import { createHash, type Hash } from "node:crypto";
import { createReadStream, createWriteStream, existsSync, mkdirSync, readFileSync, renameSync, rmSync, statSync, symlinkSync } from "node:fs";
import { homedir } from "node:os";
import { dirname, join } from "node:path";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import type { ReadableStream } from "node:stream/web";
import { AbortedError, FileError, InvalidArgumentError, type OnProgress, UnavailableError, writeFileAtomic } from "@diffucoder/core";
import { downloadFile, fileDownloadInfo, HubApiError, modelInfo } from "@huggingface/hub";

export interface DownloadModelOptions {
  /** Repository, e.g. `"apple/DiffuCoder-7B-cpGRPO"`. */
  repo: string;
  /** Branch, tag or commit. @default "main" */
  revision?: string | undefined;
  /** @default HF_HUB_CACHE, else HF_HOME/hub, else ~/.cache/huggingface/hub */
  cacheDir?: string | undefined;
  /** @default HF_ENDPOINT, else https://huggingface.co */
  endpoint?: string | undefined;
  /** For private and gated repositories. @default HF_TOKEN */
  token?: string | undefined;
  /** Only what is in the cache. @default whether HF_HUB_OFFLINE is set to 1 */
  offline?: boolean | undefined;
  signal?: AbortSignal | undefined;
  /** Bytes of each file as they come; `phase` is its name. */
  onProgress?: OnProgress | undefined;
  /** Where the variables are read. @default process.env */
  environment?: Readonly<Record<string, string | undefined>>;
}

const COMMIT = /^[0-9a-f]{40}$/;
const MODEL_FILE = /^[\w.-]+\.(json|txt|jinja|safetensors)$/;

/**
 * Downloads the model files of a repository, or what of them is missing: configuration, tokenizer and safetensors. A download
 * that was cut off goes on where it stopped; every file is held to the hash that the server names.
 *
 * @returns the snapshot's folder
 * @throws {UnavailableError} if the server cannot be reached or refuses, or, offline, the cache does not hold the model
 * @throws {FileError} if a file is not what the server's hash says
 * @throws {InvalidArgumentError} if `repo` is no repository's name
 */
export async function downloadModel(options: DownloadModelOptions): Promise<string> {
  const { repo, revision = "main", environment: env = process.env, signal, onProgress } = options;
  if (!/^[\w.-]+\/[\w.-]+$/.test(repo) || repo.includes(".."))
    throw new InvalidArgumentError({ argument: "repo", value: repo, expected: "of the form owner/name" });
  if (!/^[\w./-]+$/.test(revision) || revision.includes(".."))
    throw new InvalidArgumentError({ argument: "revision", value: revision, expected: "a branch, tag or commit" });
  const home = env["HF_HOME"] ?? join(env["XDG_CACHE_HOME"] ?? join(homedir(), ".cache"), "huggingface");
  const cacheDir = options.cacheDir ?? env["HF_HUB_CACHE"] ?? join(home, "hub");
  const storage = join(cacheDir, `models--${repo.replace("/", "--")}`);
  if (options.offline ?? /^(1|true|yes|on)$/i.test(env["HF_HUB_OFFLINE"] ?? "")) return cachedSnapshot(storage, repo, revision);

  const endpoint = (options.endpoint ?? env["HF_ENDPOINT"] ?? "https://huggingface.co").replace(/\/+$/, "");
  const token = options.token ?? env["HF_TOKEN"];
  const fetchWithSignal: typeof fetch = (input, init) => fetch(input, { ...init, ...(signal && { signal }) });
  const access = { hubUrl: endpoint, fetch: fetchWithSignal, ...(token !== undefined && { accessToken: token }) };
  try {
    const { sha, filePaths } = await modelInfo({ name: repo, revision, additionalFields: ["sha", "filePaths"], ...access });
    if (!COMMIT.test(sha)) throw new UnavailableError({ what: repo, problem: `${endpoint} names no commit for the revision ${revision}` });
    const names = filePaths.filter((name) => MODEL_FILE.test(name));
    // What is small comes first: a model that is not for us is told before gigabytes are downloaded.
    names.sort((a, b) => Number(a.endsWith(".safetensors")) - Number(b.endsWith(".safetensors")) || a.localeCompare(b));
    const snapshot = join(storage, "snapshots", sha);
    for (const name of names) {
      if (existsSync(join(snapshot, name))) continue;
      await downloadInto({ repo, name, sha, storage, snapshot, access, onProgress });
    }
    if (revision !== sha) writeFileAtomic(join(storage, "refs", revision), sha);
    return snapshot;
  } catch (cause) {
    if (signal?.aborted === true) throw new AbortedError("The download");
    throw asUnavailable(cause, repo, endpoint);
  }
}

interface FileDownload {
  repo: string;
  name: string;
  sha: string;
  storage: string;
  snapshot: string;
  access: { hubUrl: string; fetch: typeof fetch; accessToken?: string };
  onProgress: OnProgress | undefined;
}

async function downloadInto({ repo, name, sha, storage, snapshot, access, onProgress }: FileDownload): Promise<void> {
  const request = { repo, path: name, revision: sha, ...access };
  const info = await fileDownloadInfo(request);
  if (info === null) throw new UnavailableError({ what: `${repo}/${name}`, problem: `${access.hubUrl} lists the file and does not have it` });
  const hash = info.etag.replace(/^W\//, "").replaceAll('"', "");
  if (!/^[\w-]+$/.test(hash)) throw new UnavailableError({ what: `${repo}/${name}`, problem: `${access.hubUrl} names no hash for it` });
  const blob = join(storage, "blobs", hash);
  if (!existsSync(blob)) {
    const partial = `${blob}.incomplete`;
    mkdirSync(dirname(blob), { recursive: true });
    let start = existsSync(partial) ? statSync(partial).size : 0;
    if (start > info.size) start = 0;
    if (start < info.size) {
      const content = await downloadFile({ ...request, downloadInfo: info });
      if (content === null) throw new UnavailableError({ what: `${repo}/${name}`, problem: `${access.hubUrl} lists the file and does not have it` });
      let done = start;
      const source = Readable.fromWeb(content.slice(start, info.size).stream() as ReadableStream);
      source.on("data", (chunk: Uint8Array) => onProgress?.({ phase: name, step: (done += chunk.length), total: info.size }));
      await pipeline(source, createWriteStream(partial, { flags: start === 0 ? "w" : "a" }));
    }
    await checkContent(partial, hash, info.size);
    renameSync(partial, blob);
  }
  mkdirSync(snapshot, { recursive: true });
  rmSync(join(snapshot, name), { force: true }); // a link whose blob is gone
  symlinkSync(join("..", "..", "blobs", hash), join(snapshot, name));
}

/** Large files are named by their SHA-256, small ones as git names them: by the SHA-1 of `blob SIZE\0CONTENT`. */
async function checkContent(path: string, hash: string, size: number): Promise<void> {
  const there = statSync(path).size;
  let digest: Hash | undefined;
  if (/^[0-9a-f]{64}$/.test(hash)) digest = createHash("sha256");
  else if (COMMIT.test(hash)) digest = createHash("sha1").update(`blob ${there}\0`);
  if (digest !== undefined) for await (const chunk of createReadStream(path)) digest.update(chunk as Buffer);
  const got = digest?.digest("hex") ?? hash;
  if (there === size && got === hash) return;
  rmSync(path);
  throw new FileError({
    path,
    problem: there === size ? `was downloaded with the hash ${got}, expected ${hash}` : `was downloaded with ${there} bytes, expected ${size}`,
    wayOut: "It was removed: run again to download it anew.",
  });
}

function cachedSnapshot(storage: string, repo: string, revision: string): string {
  const ref = join(storage, "refs", revision);
  const commit = COMMIT.test(revision) ? revision : existsSync(ref) ? readFileSync(ref, "utf8").trim() : "";
  const snapshot = join(storage, "snapshots", commit);
  if (!COMMIT.test(commit) || !existsSync(join(snapshot, "config.json")))
    throw new UnavailableError({
      what: `${repo} at ${revision}`,
      problem: `${storage} does not hold it, and HF_HUB_OFFLINE forbids to download it`,
      wayOut: "Run once without HF_HUB_OFFLINE.",
    });
  return snapshot;
}

function asUnavailable(cause: unknown, repo: string, endpoint: string): unknown {
  if (cause instanceof HubApiError) {
    const reasons: Record<number, string> = {
      401: "it does not exist, or is private or gated, and no token or a wrong one was given",
      403: "access to it was not granted to this token",
      404: "there is no such repository or revision",
    };
    const problem = `${endpoint} answers ${cause.statusCode}: ${reasons[cause.statusCode] ?? cause.message}`;
    return new UnavailableError({
      what: repo,
      problem,
      ...(cause.statusCode < 404 && { wayOut: "Set HF_TOKEN to a token that may read it." }),
      cause,
    });
  }
  if (
    cause instanceof TypeError ||
    (cause as NodeJS.ErrnoException).code === "ECONNRESET" ||
    (cause as NodeJS.ErrnoException).code === "UND_ERR_SOCKET"
  ) {
    const reason = (cause as Error).cause instanceof Error ? ((cause as Error).cause as Error).message : (cause as Error).message;
    return new UnavailableError({
      what: repo,
      problem: `${endpoint} cannot be read (${reason})`,
      wayOut: "What was downloaded stays: run again to go on, or set HF_HUB_OFFLINE=1 to use only what is in the cache.",
      cause,
    });
  }
  return cause;
}

/**
 * The folder of a model that is named by a folder or by a repository, `owner/name` or `owner/name@revision`, which is
 * downloaded if the cache does not hold it. A folder that is there goes before a repository of the same name.
 */
export async function modelFolder(dirOrRepo: string, options: Omit<DownloadModelOptions, "repo" | "revision"> = {}): Promise<string> {
  const isRepo = /^[\w-][\w.-]*\/[\w-][\w.-]*(@[\w./-]+)?$/.test(dirOrRepo) && !existsSync(dirOrRepo);
  if (!isRepo) return dirOrRepo;
  const [repo = "", revision] = dirOrRepo.split("@");
  return downloadModel({ ...options, repo, revision });
}
