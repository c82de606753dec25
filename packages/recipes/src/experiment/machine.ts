import { spawnSync } from "node:child_process";
import { cpus } from "node:os";

/** What a run was computed on. */
export interface Machine {
  /** Model of the processor. */
  processor: string;
  /** Its cores. */
  cores: number;
  /** Version of Node. */
  node: string;
}

/** This machine. */
export function thisMachine(): Machine {
  const all = cpus();
  return { processor: all[0]?.model.trim() ?? "unknown", cores: all.length, node: process.versions.node };
}

/** The commit that is checked out, with `-dirty` if tracked files differ from it; `undefined` without git or a repository. */
export function commitOf(folder: string): string | undefined {
  const { status, stdout } = spawnSync("git", ["describe", "--always", "--dirty", "--abbrev=40", "--exclude=*"], { cwd: folder, encoding: "utf8" });
  return status === 0 ? stdout.trim() : undefined;
}
