import { defineConfig } from "tsup";

/** One build for every package: ESM for Node 20.19, declarations come from `tsc`. */
export function library({ entry = ["src/index.ts"] }: { entry?: string[] } = {}) {
  return defineConfig({ entry, format: "esm", target: "node20", platform: "node", dts: false, clean: false, sourcemap: true, splitting: true });
}
