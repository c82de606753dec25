import { readdirSync, readFileSync } from "node:fs";
import { defineConfig } from "vitest/config";

const folders = ["packages", "apps"].flatMap((group) => readdirSync(new URL(group, import.meta.url)).map((name) => `${group}/${name}`));
const nameOf = (folder: string): string => JSON.parse(readFileSync(new URL(`${folder}/package.json`, import.meta.url), "utf8")).name;

// Tests run on the sources, so that a failing test points at the line that is wrong and nothing stale is tested.
const alias = folders
  .filter((folder) => folder.startsWith("packages/"))
  .map((folder) => ({ find: new RegExp(`^${nameOf(folder)}$`), replacement: new URL(`${folder}/src/index.ts`, import.meta.url).pathname }));

export default defineConfig({
  resolve: { alias },
  test: {
    maxWorkers: 2,
    testTimeout: 60_000,
    setupFiles: [new URL("vitest.setup.ts", import.meta.url).pathname],
    projects: folders.map((folder) => ({
      extends: true,
      test: { name: nameOf(folder), root: new URL(folder, import.meta.url).pathname, include: ["src/**/*.test.ts"] },
    })),
  },
});
