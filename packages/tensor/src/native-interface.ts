import { createRequire } from "node:module";
import type Koffi from "koffi";

/** koffi's binary for the platform, by its own name: the package koffi adds nothing that is used here but an install script. @throws if there is none */
export function loadKoffi(): typeof Koffi {
  return createRequire(import.meta.url)(`@koromix/koffi-${process.platform}-${process.arch}`) as typeof Koffi;
}
