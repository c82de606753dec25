import { fileURLToPath } from "node:url";

/** Folder of the small model that comes with this package: `tinycode-base`, trained on TinyCode. */
export function bundledModelDir(): string {
  return fileURLToPath(new URL("../models/tinycode-base/", import.meta.url));
}
