import { defineConfig } from "tsup";

/** One build for every package: ESM for Node 20.19. `tsup` empties `dist` first; declarations come from `tsc` afterwards. */
export function library({ entry = ["src/index.ts"] }: { entry?: string[] | Record<string, string> } = {}) {
  return defineConfig({
    entry,
    format: "esm",
    target: "node20",
    platform: "node",
    dts: false,
    clean: true,
    sourcemap: true,
    splitting: true,
    silent: true,
  });
}
