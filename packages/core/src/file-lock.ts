// A lock between processes that share a folder: a file that only one of them can create. Its holder touches it every second. A lock
// whose process is gone, or that has not been touched for a minute, is free, so a killed process blocks nobody for ever.
import { randomUUID } from "node:crypto";
import { linkSync, mkdirSync, readFileSync, renameSync, rmSync, statSync, utimesSync, writeFileSync } from "node:fs";
import { hostname } from "node:os";
import { dirname } from "node:path";
import { setTimeout as wait } from "node:timers/promises";

const POLL_MS = 250;
const BEAT_MS = 1000;
/** Polls after which an untouched lock is free. */
const PATIENCE = 60_000 / POLL_MS;

/** How long to wait for a lock that another process holds. */
export interface FileLockOptions {
  /** Stops the waiting. */
  signal?: AbortSignal | undefined;
  /** Called with what is known of the lock's active holder; may throw instead of waiting for it. @default waits */
  whenHeld?: ((holder: LockHolder) => never) | undefined;
}

/** The process that holds a lock. */
export interface LockHolder {
  /** Name of its machine. */
  host: string;
  /** Its process id there. */
  pid: number;
  /** When it started, as its system counts; `null` if the system does not say. Process ids are reused. */
  started: string | null;
}

/**
 * Runs `work` while no other process, and no other call of this one, runs under the same lock.
 *
 * @param path of the lock's file; its folder is made
 * @throws an AbortError when `signal` fires while it waits; what `work` or `whenHeld` throws; a system error if the file cannot be made
 */
export async function withFileLock<T>(path: string, work: () => Promise<T>, { signal, whenHeld }: FileLockOptions = {}): Promise<T> {
  const holder: LockHolder = { host: hostname(), pid: process.pid, started: startOf(process.pid) };
  const own = JSON.stringify({ ...holder, id: randomUUID() });
  mkdirSync(dirname(path), { recursive: true });
  await acquire(path, own, { signal, whenHeld });
  const beat = setInterval(() => touch(path, own), BEAT_MS);
  try {
    return await work();
  } finally {
    clearInterval(beat);
    if (contentOf(path) === own) rmSync(path, { force: true });
  }
}

async function acquire(path: string, own: string, { signal, whenHeld }: FileLockOptions): Promise<void> {
  let [seen, beat, polls]: [string | undefined, number | undefined, number] = [undefined, undefined, 0];
  while (!create(path, own)) {
    const content = contentOf(path);
    const touched = statSync(path, { throwIfNoEntry: false })?.mtimeMs;
    const alive = content === seen && beat !== undefined && touched !== undefined && touched !== beat;
    polls = content === seen && touched === beat ? polls + 1 : 0;
    [seen, beat] = [content, touched];
    if (content !== undefined) {
      const holder = holderOf(content);
      const life = lifeOf(holder, content);
      if (life === "ended" || polls > PATIENCE) {
        takeAway(path, content);
        continue;
      }
      if (holder !== undefined && (life === "runs" || alive)) whenHeld?.(holder);
    }
    await wait(POLL_MS, undefined, signal && { signal });
  }
}

function create(path: string, content: string): boolean {
  try {
    writeFileSync(path, content, { flag: "wx" });
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "EEXIST") return false;
    throw error;
  }
}

function contentOf(path: string): string | undefined {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return undefined; // it was given back meanwhile
  }
}

/** `undefined` for a file that no lock wrote. */
function holderOf(content: string): LockHolder | undefined {
  try {
    const { host, pid, started } = JSON.parse(content) as Partial<LockHolder>;
    if (typeof host !== "string" || !Number.isSafeInteger(pid) || (pid as number) <= 0) return undefined;
    return { host, pid: pid as number, started: started ?? null };
  } catch {
    return undefined;
  }
}

/** What this machine knows about a holder: nothing if it runs on another machine or has not written its name yet. */
function lifeOf(holder: LockHolder | undefined, content: string): "runs" | "ended" | "unknown" {
  if (holder === undefined) return content === "" ? "unknown" : "ended"; // no lock wrote it
  const { host, pid, started } = holder;
  if (host !== hostname()) return "unknown";
  try {
    process.kill(pid, 0);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ESRCH") return "ended"; // EPERM: it runs, as another user
  }
  return started !== null && startOf(pid) !== started ? "ended" : "runs";
}

function startOf(pid: number): string | null {
  try {
    return readFileSync(`/proc/${pid}/stat`, "utf8").split(") ").at(-1)?.split(" ")[19] ?? null;
  } catch {
    return null;
  }
}

/** Removes a free lock. If another process has already replaced it with its own, that one is put back. */
function takeAway(path: string, content: string): void {
  const aside = `${path}.${randomUUID()}`;
  try {
    renameSync(path, aside);
  } catch {
    return; // another process was faster
  }
  try {
    if (contentOf(aside) !== content) linkSync(aside, path);
  } finally {
    rmSync(aside, { force: true });
  }
}

function touch(path: string, own: string): void {
  if (contentOf(path) !== own) return;
  try {
    const { atimeMs, mtimeMs } = statSync(path);
    utimesSync(path, atimeMs / 1000, mtimeMs / 1000 + 1);
  } catch {
    // the folder was removed: so are the files that the lock is about
  }
}
