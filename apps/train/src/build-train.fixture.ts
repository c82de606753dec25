// The built command, for tests that start it as a process.
import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

export const root = fileURLToPath(new URL("../../..", import.meta.url));
export const main = join(root, "apps/train/dist/main.js");

/** Builds it. `npm test` has built it already; then this takes a moment. */
export function buildTrain(): void {
  const turbo = join(root, "node_modules/turbo/bin/turbo");
  const options = { cwd: root, encoding: "utf8" } as const;
  const built = spawnSync(process.execPath, [turbo, "run", "build", "--filter=@diffucoder/app-train", "--ui=stream"], options);
  if (built.status !== 0) throw new Error(built.stdout + built.stderr);
}
