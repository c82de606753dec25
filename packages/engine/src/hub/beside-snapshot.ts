import { basename, dirname, join } from "node:path";

const COMMIT = /^[0-9a-f]{40}$/;

/** A file that belongs to a snapshot. */
export interface SnapshotFile {
  /** The file. */
  path: string;
  /** The lock of all such files of the repository, beside that of its downloads. */
  lock: string;
}

/**
 * Where something that was made of a snapshot in the hub's cache is kept, `CACHE/models--ORG--NAME/diffucoder/COMMIT-SUFFIX`; `undefined` for any other
 * folder, whose files may change.
 */
export function besideSnapshot(dir: string, suffix: string): SnapshotFile | undefined {
  const [commit, snapshots] = [basename(dir), dirname(dir)];
  if (!COMMIT.test(commit) || basename(snapshots) !== "snapshots") return undefined;
  const storage = dirname(snapshots);
  return {
    path: join(storage, "diffucoder", `${commit}-${suffix}`),
    lock: join(dirname(storage), ".locks", basename(storage), "diffucoder.lock"),
  };
}
