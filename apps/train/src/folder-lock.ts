// One process at a time works in a run's folder: two would write over each other's checkpoints.
import { linkSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { FileError } from "@diffucoder/core";

const LOCK_FILE = "run.lock";

/** Files that `writeFileAtomic` had not renamed yet when its process was killed. */
const UNFINISHED = /\.tmp-\d+$/;

/**
 * Does the work while this process holds the folder, which is made if it is not there. What a killed process left half written is removed.
 *
 * @throws {FileError} if another process that still runs holds the folder
 */
export async function withFolder<T>(folder: string, work: () => Promise<T>): Promise<T> {
  const path = join(folder, LOCK_FILE);
  acquire(path, folder);
  try {
    for (const dir of [folder, join(folder, "model")]) removeUnfinished(dir);
    return await work();
  } finally {
    rmSync(path, { force: true });
  }
}

function acquire(path: string, folder: string): void {
  const own = `${path}.${process.pid}`;
  try {
    mkdirSync(folder, { recursive: true });
    writeFileSync(own, JSON.stringify({ pid: process.pid, started: startOf(process.pid) }));
    // A link is made whole or not at all, so nobody reads a lock without its holder.
    if (tryLink(own, path)) return;
    const holder = holderOf(path);
    if (holder === undefined) rmSync(path, { force: true });
    if (holder === undefined && tryLink(own, path)) return;
    throw new FileError({
      path: folder,
      problem: `another run (process ${holder ?? "unknown"}) is at work in this folder`,
      wayOut: "Wait for it or stop it, or give another folder with --output.",
    });
  } catch (cause) {
    if (cause instanceof FileError) throw cause;
    const problem = `cannot be written to (${(cause as Error).message})`;
    throw new FileError({ path: folder, problem, wayOut: "Give another folder with --output.", cause });
  } finally {
    removeQuietly(own);
  }
}

/** The error that says why the folder cannot be held matters, not one from cleaning up after it. */
function removeQuietly(path: string): void {
  try {
    rmSync(path, { force: true });
  } catch {
    // e.g. ENOTDIR, when a folder of the path is a file
  }
}

function tryLink(from: string, to: string): boolean {
  try {
    linkSync(from, to);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "EEXIST") return false;
    throw error;
  }
}

/** The process that holds a lock, if it still runs. */
function holderOf(path: string): number | undefined {
  try {
    const { pid, started } = JSON.parse(readFileSync(path, "utf8")) as { pid: number; started: string | null };
    return runs(pid) && startOf(pid) === started ? pid : undefined;
  } catch {
    return undefined; // none of ours
  }
}

function runs(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "EPERM"; // it runs, as another user
  }
}

/** When a process started, so that another one with its number is told apart; `null` where the system does not say. */
function startOf(pid: number): string | null {
  try {
    return readFileSync(`/proc/${pid}/stat`, "utf8").split(") ").at(-1)?.split(" ")[19] ?? null;
  } catch {
    return null;
  }
}

function removeUnfinished(folder: string): void {
  let names: string[] = [];
  try {
    names = readdirSync(folder);
  } catch {
    return; // not there yet
  }
  for (const name of names.filter((one) => UNFINISHED.test(one))) rmSync(join(folder, name), { force: true });
}
