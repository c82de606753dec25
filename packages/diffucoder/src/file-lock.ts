// A lock between processes that share a folder: a file that only one of them can make. Its holder touches it every second; one
// whose process is gone, or that nobody has touched for a minute, belongs to nobody, so a process that was killed blocks no other
// for ever.
import { randomUUID } from "node:crypto";
import { linkSync, mkdirSync, readFileSync, renameSync, rmSync, statSync, utimesSync, writeFileSync } from "node:fs";
import { hostname } from "node:os";
import { dirname } from "node:path";
import { setTimeout as wait } from "node:timers/promises";

const POLL_MS = 250;
const BEAT_MS = 1000;
/** Polls after which a lock that was not touched is nobody's. */
const PATIENCE = 60_000 / POLL_MS;

/**
 * Runs `work` while no other process, and no other call of this one, runs under the same lock.
 *
 * @throws an AbortError when `signal` fires while it waits; what `work` throws; a system error if the file cannot be made
 */
export async function withFileLock<T>(path: string, work: () => Promise<T>, { signal }: { signal?: AbortSignal | undefined } = {}): Promise<T> {
  const own = JSON.stringify({ host: hostname(), pid: process.pid, id: randomUUID() });
  mkdirSync(dirname(path), { recursive: true });
  await acquire(path, own, signal);
  const beat = setInterval(() => touch(path, own), BEAT_MS);
  try {
    return await work();
  } finally {
    clearInterval(beat);
    if (contentOf(path) === own) rmSync(path, { force: true });
  }
}

async function acquire(path: string, own: string, signal: AbortSignal | undefined): Promise<void> {
  let [seen, polls]: [string | undefined, number] = [undefined, 0];
  while (!create(path, own)) {
    const content = contentOf(path);
    const now = `${content} ${statSync(path, { throwIfNoEntry: false })?.mtimeMs}`;
    polls = now === seen ? polls + 1 : 0;
    seen = now;
    if (content !== undefined && (isGone(content) || polls > PATIENCE)) takeAway(path, content);
    else await wait(POLL_MS, undefined, signal && { signal });
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

/** Whether the holder was a process of this machine that has ended. */
function isGone(content: string): boolean {
  const [, host, pid] = /^\{"host":"([^"]*)","pid":(\d+),/.exec(content) ?? [];
  if (host !== hostname() || pid === undefined) return false;
  try {
    process.kill(Number(pid), 0);
    return false;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "ESRCH";
  }
}

/** Removes a lock that is nobody's. Another process may have done so and made its own: that one is put back. */
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
