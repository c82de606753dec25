// One process at a time works in a run's folder: two would write over each other's checkpoints.
import { readdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { FileError } from "../errors.ts";
import { withFileLock } from "../file-lock.ts";

const LOCK_FILE = "run.lock";

/** Files that `writeFileAtomic` had not renamed yet when its process was killed. */
const UNFINISHED = /\.tmp-\d+$/;

/**
 * Does the work while this process holds the folder, which is created if it is missing. Half-written files of a killed process are removed.
 *
 * @throws {FileError} if another process that still runs holds the folder, or the folder cannot be written to
 */
export async function withFolder<T>(folder: string, work: () => Promise<T>): Promise<T> {
  let begun = false;
  try {
    return await withFileLock(
      join(folder, LOCK_FILE),
      () => {
        begun = true;
        for (const dir of [folder, join(folder, "model")]) removeUnfinished(dir);
        return work();
      },
      {
        whenHeld: ({ pid }) => {
          throw new FileError({
            path: folder,
            problem: `another run (process ${pid}) is using this folder`,
            wayOut: "Wait for it or stop it, or give another folder with --output.",
          });
        },
      },
    );
  } catch (cause) {
    if (begun || cause instanceof FileError) throw cause;
    const problem = `cannot be written to (${(cause as Error).message})`;
    throw new FileError({ path: folder, problem, wayOut: "Give another folder with --output.", cause });
  }
}

function removeUnfinished(folder: string): void {
  let names: string[] = [];
  try {
    names = readdirSync(folder);
  } catch {
    return; // not there yet
  }
  for (const name of names.filter((one) => UNFINISHED.test(one))) rmSync(join(folder, name), { recursive: true, force: true });
}
