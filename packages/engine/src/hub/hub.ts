// Models from Hugging Face's hub, in the layout of its own cache:
//   CACHE/models--ORG--NAME/ refs/REVISION (a commit), blobs/HASH, snapshots/COMMIT/FILE -> ../../blobs/HASH
// so that what Python has downloaded is found here, and the other way round.
import { createHash, type Hash } from "node:crypto";
import {
  createReadStream,
  createWriteStream,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
} from "node:fs";
import { homedir } from "node:os";
import { dirname, join } from "node:path";
import { pipeline } from "node:stream/promises";
import {
  AbortedError,
  DiffuCoderError,
  FileError,
  InvalidArgumentError,
  type OnProgress,
  readJsonObject,
  UnavailableError,
  withFileLock,
  writeFileAtomic,
} from "@diffucoder/core";
import { addressOf, askHub, type HubAccess, type HubAnswer, jsonOf, MAX_UNSIZED_BYTES, requireNoWebPage } from "./hub-requests.ts";

/** What to download, and from where to where. */
export interface DownloadModelOptions {
  /** Repository, e.g. `"apple/DiffuCoder-7B-cpGRPO"`. */
  repo: string;
  /** Branch, tag or commit. @default "main" */
  revision?: string | undefined;
  /** Folder of the cache; `~` is the home folder. @default HF_HUB_CACHE, else HF_HOME/hub, else ~/.cache/huggingface/hub */
  cacheDir?: string | undefined;
  /** Address of the hub or of a mirror, which may have a path. @default HF_ENDPOINT, else https://huggingface.co */
  endpoint?: string | undefined;
  /** For private and gated repositories, of any form; goes to the endpoint alone. @default HF_TOKEN */
  token?: string | undefined;
  /** Only what is in the cache. @default whether HF_HUB_OFFLINE is set to 1 */
  offline?: boolean | undefined;
  /** Stops the download; what is there stays. */
  signal?: AbortSignal | undefined;
  /** Bytes of each file as they come; `phase` is its name. */
  onProgress?: OnProgress | undefined;
  /** What a person should know of where the files came from, a sentence without its point. */
  onNotice?: ((notice: string) => void) | undefined;
  /** Where the variables are read. @default process.env */
  environment?: Readonly<Record<string, string | undefined>>;
}

const COMMIT = /^[0-9a-f]{40}$/;
/** SHA-256, or git's SHA-1. */
const HASH = /^([0-9a-f]{40}|[0-9a-f]{64})$/;
const MODEL_FILE = /^[\w.-]+\.(json|txt|jinja|safetensors)$/;

/**
 * Downloads the model files of a repository, or what of them is missing: configuration, tokenizer and safetensors. A download
 * that was cut off resumes where it stopped; every file is checked against the hash that the server names. Of several processes that want
 * the same repository in the same cache, one downloads and the others wait for it. What a finished download left in the cache is used if the
 * server cannot be reached.
 *
 * @returns the snapshot's folder
 * @throws {UnavailableError} if the server cannot be reached, refuses or answers something else, or, offline, the cache does not hold the model
 * @throws {FileError} if a file is not what the server's hash says, or cannot be written
 * @throws {InvalidArgumentError} if `repo` is no repository's name, or an address, a folder or the token cannot be one
 * @throws {AbortedError} when `signal` fires
 */
export async function downloadModel(options: DownloadModelOptions): Promise<string> {
  const { repo, revision = "main", environment: env = process.env, signal, onProgress, onNotice } = options;
  if (!/^[\w.-]+\/[\w.-]+$/.test(repo) || repo.includes(".."))
    throw new InvalidArgumentError({ argument: "repo", value: repo, expected: "of the form owner/name" });
  if (!/^[\w./-]+$/.test(revision) || revision.includes(".."))
    throw new InvalidArgumentError({ argument: "revision", value: revision, expected: "a branch, tag or commit" });
  const cacheDir = cacheFolder(options.cacheDir, env);
  const folder = `models--${repo.replace("/", "--")}`;
  const storage = join(cacheDir, folder);
  const cached = cachedSnapshot(storage, revision);
  if (options.offline ?? /^(1|true|yes|on)$/i.test(env["HF_HUB_OFFLINE"] ?? "")) {
    if (cached === undefined) throw notCached(storage, repo, revision);
    return cached;
  }

  const endpoint = checkedEndpoint(options.endpoint ?? (env["HF_ENDPOINT"] || "https://huggingface.co"));
  const access: HubAccess = { endpoint, token: checkedToken(options.token ?? env["HF_TOKEN"]), signal, what: repo };
  try {
    const { sha, names } = await listFiles(access, repo, revision);
    const snapshot = join(storage, "snapshots", sha);
    const missing = (): string[] => names.filter((name) => !existsSync(join(snapshot, name)));
    const downloadMissing = async (): Promise<void> => {
      for (const name of missing()) await downloadInto({ repo, name, sha, storage, snapshot, access, onProgress });
    };
    if (missing().length > 0) await withFileLock(join(cacheDir, ".locks", folder, "diffucoder.lock"), downloadMissing, { signal });
    const ref = join(storage, "refs", revision);
    if (revision !== sha && !(existsSync(ref) && readFileSync(ref, "utf8").trim() === sha)) writeFileAtomic(ref, sha);
    return snapshot;
  } catch (cause) {
    if (signal?.aborted === true) throw new AbortedError("The download");
    if (cached === undefined || !isOfNetwork(cause)) throw asOwnError(cause, { repo, endpoint, storage });
    onNotice?.(`${endpoint} cannot be reached: ${repo} is what was downloaded before, which may have been replaced since`);
    return cached;
  }
}

function cacheFolder(given: string | undefined, env: Readonly<Record<string, string | undefined>>): string {
  const folderIn = (name: string): string | undefined => (env[name] ? expanded(env[name], name, env) : undefined);
  const home = folderIn("HF_HOME") ?? join(folderIn("XDG_CACHE_HOME") ?? join(env["HOME"] || homedir(), ".cache"), "huggingface");
  return given === undefined ? (folderIn("HF_HUB_CACHE") ?? join(home, "hub")) : expanded(given, "cacheDir", env);
}

/** `~` and `$NAME` in a path, which a shell leaves as they are in quotes and in files of variables. */
function expanded(path: string, argument: string, env: Readonly<Record<string, string | undefined>>): string {
  const named = path.replace(/\$(?:\{(\w+)\}|(\w+))/g, (whole, braced?: string, bare?: string) => env[braced ?? bare ?? ""] ?? whole);
  if (/^~[^/\\]/.test(named))
    throw new InvalidArgumentError({ argument, value: path, expected: "a folder; of home folders only your own can be written as ~" });
  return named.replace(/^~/, env["HOME"] || homedir());
}

function checkedEndpoint(endpoint: string): string {
  const url = URL.canParse(endpoint) ? new URL(endpoint) : undefined;
  if (url === undefined || !/^https?:$/.test(url.protocol) || url.search !== "" || url.hash !== "" || url.username !== "")
    throw new InvalidArgumentError({ argument: "endpoint", value: endpoint, expected: "an http or https address, such as https://huggingface.co" });
  return endpoint.trim().replace(/\/+$/, "");
}

/** Anything a header can carry: mirrors have tokens of other forms than Hugging Face's. */
function checkedToken(token: string | undefined): string | undefined {
  const text = token?.trim() ?? "";
  if (/[^\x21-\x7e]/.test(text))
    throw new InvalidArgumentError({ argument: "token", value: "...", expected: "of printable ASCII characters without spaces" });
  return text === "" ? undefined : text;
}

/** The commit of a revision, and its model files. What is small comes first: a model that is not for us is told before gigabytes are downloaded. */
async function listFiles(access: HubAccess, repo: string, revision: string): Promise<{ sha: string; names: string[] }> {
  const answer = await askHub(access, `/api/models/${repo}/revision/${encodeURIComponent(revision)}`);
  const { sha, siblings } = await jsonOf(answer, repo);
  if (typeof sha !== "string" || !COMMIT.test(sha))
    throw new UnavailableError({ what: repo, problem: `${access.endpoint} names no commit for the revision ${revision}` });
  const listed = Array.isArray(siblings) ? siblings.map((one) => (one as { rfilename?: unknown } | null)?.rfilename) : [];
  const names = listed.filter((name): name is string => typeof name === "string" && MODEL_FILE.test(name));
  if (names.length === 0) throw new UnavailableError({ what: repo, problem: `${access.endpoint} lists no model files for the revision ${revision}` });
  names.sort((a, b) => Number(a.endsWith(".safetensors")) - Number(b.endsWith(".safetensors")) || a.localeCompare(b));
  return { sha, names };
}

interface FileDownload {
  repo: string;
  name: string;
  sha: string;
  storage: string;
  snapshot: string;
  access: HubAccess;
  onProgress: OnProgress | undefined;
}

async function downloadInto(download: FileDownload): Promise<void> {
  const { repo, name, sha, storage, snapshot, access } = download;
  const path = `/${repo}/resolve/${sha}/${name}`;
  const about = await askHub(access, path, { Range: "bytes=0-0" });
  await about.response.body?.cancel();
  const what = `${repo}/${name}`;
  requireNoWebPage(about, what);
  const size = sizeSaid(about, what);
  const { etag: hash } = about;
  if (hash === undefined || !HASH.test(hash))
    throw new UnavailableError({
      what,
      problem: `${addressOf(about.url)} names no SHA-256 and no git hash for it${hash === undefined ? "" : ` but ${JSON.stringify(hash.slice(0, 80))}`}`,
      wayOut: "A file that cannot be verified is not used; choose another endpoint.",
    });
  const blob = join(storage, "blobs", hash);
  if (!existsSync(blob)) {
    const partial = `${blob}.diffucoder.incomplete`;
    mkdirSync(dirname(blob), { recursive: true });
    await fetchInto(partial, { download, path, size });
    await checkContent(partial, hash, size);
    renameSync(partial, blob);
  }
  mkdirSync(snapshot, { recursive: true });
  rmSync(join(snapshot, name), { force: true }); // a link whose blob is gone
  symlinkSync(join("..", "..", "blobs", hash), join(snapshot, name));
}

/** Bytes of the file, as the hub says them; `undefined` if it does not, or only of what it has packed. */
function sizeSaid({ response: { headers, status }, url, linkedSize }: HubAnswer, what: string): number | undefined {
  const total = headers.get("Content-Range")?.split("/").at(-1)?.trim();
  const whole = status === 200 && headers.get("Content-Encoding") === null ? headers.get("Content-Length") : null;
  const said = linkedSize ?? (total === "*" ? undefined : total) ?? whole ?? undefined;
  if (said === undefined) return undefined;
  if (!/^\d{1,15}$/.test(said))
    throw new UnavailableError({ what, problem: `${addressOf(url)} gives the size ${JSON.stringify(said.slice(0, 40))}, which is not a number` });
  return Number(said);
}

/** Fills a file, from where it ends if the server gives parts, else from the start. */
async function fetchInto(
  partial: string,
  { download, path, size }: { download: FileDownload; path: string; size: number | undefined },
): Promise<void> {
  const { repo, name, access, onProgress } = download;
  let start = size !== undefined && existsSync(partial) ? statSync(partial).size : 0;
  if (start > (size ?? 0)) start = 0;
  if (start === size && start > 0) return;
  let answer = await askHub(access, path, start > 0 ? { Range: `bytes=${start}-${(size ?? 0) - 1}` } : {});
  const { response } = answer;
  const isPart = response.status === 206 && response.headers.get("Content-Encoding") === null;
  if (start > 0 && !(isPart && response.headers.get("Content-Range")?.startsWith(`bytes ${start}-`) === true)) {
    // A server without ranges gives the whole file; a packed part or another one is of no use.
    if (response.status !== 200) {
      await response.body?.cancel();
      answer = await askHub(access, path);
    }
    start = 0;
  }
  const what = `${repo}/${name}`;
  requireNoWebPage(answer, what);
  const most = size ?? MAX_UNSIZED_BYTES;
  const { body } = answer.response;
  async function* counted(): AsyncGenerator<Uint8Array> {
    let done = start;
    for await (const chunk of (body ?? []) as AsyncIterable<Uint8Array>) {
      done += chunk.length;
      if (done > most) throw new UnavailableError({ what, problem: `${addressOf(answer.url)} sends more than the ${most} bytes that it has` });
      onProgress?.({ phase: name, step: done, total: size ?? done, unit: "byte" });
      yield chunk;
    }
  }
  await pipeline(counted, createWriteStream(partial, { flags: start === 0 ? "w" : "a" }));
}

/** Large files are named by their SHA-256, small ones as git names them: by the SHA-1 of `blob SIZE\0CONTENT`. */
async function checkContent(path: string, hash: string, said: number | undefined): Promise<void> {
  const there = statSync(path).size;
  const size = said ?? there;
  const digest: Hash = COMMIT.test(hash) ? createHash("sha1").update(`blob ${there}\0`) : createHash("sha256");
  for await (const chunk of createReadStream(path)) digest.update(chunk as Buffer);
  const got = digest.digest("hex");
  if (there === size && got === hash) return;
  rmSync(path);
  throw new FileError({
    path,
    problem: there === size ? `was downloaded with the hash ${got}, expected ${hash}` : `was downloaded with ${there} bytes, expected ${size}`,
    wayOut: "It was removed: run again to download it once more.",
  });
}

/** The snapshot of a revision, if it is there with all of its weights. */
function cachedSnapshot(storage: string, revision: string): string | undefined {
  const ref = join(storage, "refs", revision);
  const commit = COMMIT.test(revision) ? revision : existsSync(ref) ? readFileSync(ref, "utf8").trim() : "";
  const snapshot = join(storage, "snapshots", commit);
  const has = (name: string): boolean => existsSync(join(snapshot, name)); // what a link of the snapshot leads to
  if (!COMMIT.test(commit) || !has("config.json")) return undefined;
  const index = join(snapshot, "model.safetensors.index.json");
  const { weight_map: shards } = existsSync(index) ? readJsonObject(index) : {};
  const weights = shards === undefined ? readdirSync(snapshot).filter((name) => name.endsWith(".safetensors")) : Object.values(shards as object);
  return weights.length > 0 && weights.every((name) => has(String(name))) ? snapshot : undefined;
}

function notCached(storage: string, repo: string, revision: string): UnavailableError {
  return new UnavailableError({
    what: `${repo} at ${revision}`,
    problem: `${storage} does not hold it, and HF_HUB_OFFLINE forbids to download it`,
    wayOut: "Run once without HF_HUB_OFFLINE.",
  });
}

/** Whether the server was not reached or broke off, which it may not do the next time. */
function isOfNetwork(cause: unknown): boolean {
  const { code } = cause as NodeJS.ErrnoException;
  return cause instanceof TypeError || code === "ECONNRESET" || code?.startsWith("UND_ERR") === true;
}

function asOwnError(cause: unknown, { repo, endpoint, storage }: { repo: string; endpoint: string; storage: string }): unknown {
  if (cause instanceof DiffuCoderError) return cause;
  const { code, path, message, syscall } = cause as NodeJS.ErrnoException;
  if (isOfNetwork(cause)) {
    const inner = (cause as Error).cause;
    return new UnavailableError({
      what: repo,
      problem: `${endpoint} cannot be read (${inner instanceof Error ? inner.message || (inner as NodeJS.ErrnoException).code : message})`,
      wayOut: "What was downloaded stays: run again to resume, or set HF_HUB_OFFLINE=1 to use only what is in the cache.",
      cause,
    });
  }
  if (syscall === undefined) return cause;
  return new FileError({
    path: path ?? storage,
    problem: code === "ENOSPC" ? "could not be written, the disk is full" : `could not be written (${message})`,
    wayOut: "What was downloaded stays: run again to resume.",
    cause,
  });
}

/**
 * The folder of a model that is named by a folder or by a repository, `owner/name` or `owner/name@revision`, which is
 * downloaded if the cache does not hold it. A folder that is there goes before a repository of the same name.
 *
 * @throws {InvalidArgumentError} if the name is empty
 * @throws as `downloadModel`
 */
export async function modelFolder(dirOrRepo: string, options: Omit<DownloadModelOptions, "repo" | "revision"> = {}): Promise<string> {
  if (typeof dirOrRepo !== "string" || dirOrRepo === "")
    throw new InvalidArgumentError({ argument: "model", value: dirOrRepo, expected: "a folder, or owner/name on Hugging Face's hub" });
  const isRepo = /^[\w-][\w.-]*\/[\w-][\w.-]*(@[\w./-]+)?$/.test(dirOrRepo) && !existsSync(dirOrRepo);
  if (!isRepo) return dirOrRepo;
  const [repo = "", revision] = dirOrRepo.split("@");
  return downloadModel({ ...options, repo, revision });
}
