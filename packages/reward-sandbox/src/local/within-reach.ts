// Makes folders that root may enter and the user nobody may not, such as a version manager's below /root, readable for programs
// that run as nobody.
import { existsSync, realpathSync, statSync } from "node:fs";
import { dirname, join } from "node:path";
import { UnavailableError } from "@diffucoder/core";
import { isWithin, type Readable } from "./readable.ts";

/** Whether every user can reach a path. */
export function isOpenToAll(path: string): boolean {
  const real = realpathSync(path);
  for (let folder = dirname(real); ; folder = dirname(folder)) {
    if ((statSync(folder).mode & 0o001) === 0) return false;
    if (folder === dirname(folder)) return (statSync(real).mode & 0o004) !== 0;
  }
}

/**
 * Refuses to start if root runs programs as the user nobody, who cannot read the Python.
 *
 * @throws {UnavailableError} with the folder
 */
export function checkReach({ python, paths }: Readable): void {
  const path = process.getuid?.() === 0 ? [python, ...paths].find((each) => existsSync(each) && !isOpenToAll(each)) : undefined;
  if (path === undefined) return;
  const problem = `programs run as the user nobody, who cannot read ${path}`;
  throw new UnavailableError({ what: "A sandbox", problem });
}

/** Folders that every system has; one of them is covered, only for the programs of a sandbox. */
const COVERED = ["/mnt", "/media", "/srv", "/opt"];

interface Reach {
  /** Where a path is found. */
  sourceOf: (path: string) => string;
  /** The beginning of a command that is to find it there: root, with its own mounts. */
  command: string[];
}

/** Mounts what only root can reach where all can read it, visible only to one command and what it starts. */
export function withinReach(paths: readonly string[]): Reach {
  const apart = paths.filter((path) => !isOpenToAll(path));
  if (apart.length === 0) return { sourceOf: (path) => path, command: [] };
  const cover = COVERED.find((folder) => existsSync(folder) && !paths.some((path) => isWithin(realpathSync(path), folder))) ?? "/mnt";
  const placeOf = (path: string): string => join(cover, String(apart.indexOf(path)));
  const mounts = apart.map((path) => {
    const make = statSync(path).isDirectory() ? "mkdir" : "touch";
    return `${make} ${placeOf(path)} && mount --bind ${quoted(path)} ${placeOf(path)}`;
  });
  const script = [`mount -t tmpfs -o mode=755 none ${cover}`, ...mounts, 'exec "$@"'].join(" && ");
  return {
    sourceOf: (path) => (apart.includes(path) ? placeOf(path) : path),
    command: ["unshare", "--mount", "--propagation", "private", "--", "sh", "-c", script, "sh"],
  };
}

const quoted = (path: string): string => `'${path.replaceAll("'", "'\\''")}'`;
