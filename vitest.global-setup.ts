import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";

/** Kernels are built from the sources that are tested: a moment, unless one has changed. Without a C compiler they are tested nowhere. */
export function setup(): void {
  spawnSync(process.execPath, [fileURLToPath(new URL("packages/kernels/build.mjs", import.meta.url))], { stdio: ["ignore", "inherit", "inherit"] });
}
