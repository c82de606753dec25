// A worker's side of content-files.ts: a file is used only when its whole content has the hash that it is called by.
import { copyFileSync, createWriteStream, existsSync, mkdirSync, renameSync, rmSync, statSync } from "node:fs";
import { join } from "node:path";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { setTimeout as wait } from "node:timers/promises";
import { UnavailableError } from "@diffucoder/core";
import { sha256Of } from "./content-files.ts";
import type { RunCard } from "./messages.ts";

/** Attempts at a file: what came so far is kept, and the rest is asked for. */
const ATTEMPTS = 5;
/** Milliseconds before the second attempt; each further one waits twice as long. */
const FIRST_DELAY = 100;
/** The longest that nothing may come, milliseconds. */
const SILENCE = 30_000;

/**
 * Fetches a file, unless it is there.
 *
 * @returns its path in `folder`
 * @throws {UnavailableError} if it cannot be fetched, or what comes is something else
 */
export async function fetchContent(sha256: string, { where, folder }: { where: RunCard["weights"]; folder: string }): Promise<string> {
  const path = join(folder, sha256);
  if (existsSync(path)) return path;
  mkdirSync(folder, { recursive: true });
  const unfinished = `${path}.part-${process.pid}`;
  let problem = "";
  for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
    if (attempt > 0) await wait(FIRST_DELAY * 2 ** (attempt - 1));
    try {
      if ("folder" in where) copyFileSync(join(where.folder, sha256), unfinished);
      else await download(`${where.url}/${sha256}`, { token: where.token, path: unfinished });
      if ((await sha256Of(unfinished)) === sha256) {
        renameSync(unfinished, path);
        return path;
      }
      problem = "what came is not what its hash says";
      rmSync(unfinished, { force: true });
    } catch (error) {
      problem = (error as Error).message;
    }
  }
  rmSync(unfinished, { force: true });
  throw new UnavailableError({ what: `The trainer's file ${sha256.slice(0, 12)}`, problem });
}

/** Downloads what is missing of a file. */
async function download(url: string, { token, path }: { token: string; path: string }): Promise<void> {
  const start = statSync(path, { throwIfNoEntry: false })?.size ?? 0;
  const response = await fetch(url, {
    headers: { authorization: `Bearer ${token}`, ...(start > 0 && { range: `bytes=${start}-` }) },
    redirect: "error",
    signal: AbortSignal.timeout(SILENCE * 20),
  });
  if (response.status === 416) return; // it is all there
  if (!response.ok || response.body === null) throw new Error(`the trainer answered ${response.status}`);
  await pipeline(Readable.fromWeb(response.body as never), createWriteStream(path, { flags: response.status === 206 ? "a" : "w" }));
}
