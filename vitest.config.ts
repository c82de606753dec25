import { existsSync, readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { defineConfig } from "vitest/config";

const pathOf = (relative: string): string => fileURLToPath(new URL(relative, import.meta.url));
const nameOf = (folder: string): string => JSON.parse(readFileSync(pathOf(`${folder}/package.json`), "utf8")).name;

const folders = ["packages", "apps"].flatMap((group) => readdirSync(pathOf(group)).map((name) => `${group}/${name}`));
folders.push("bench", "examples", "scripts");
const projects = folders.filter((folder) => existsSync(pathOf(`${folder}/package.json`)));

// Most of a small test's time is loading the modules that it tests, so the files of a package share the processes they run in. Those of these
// folders change their process (environment, signals, what it has loaded) or watch its memory, and get one each.
const ownProcess = [
  "apps/serve",
  "apps/train",
  "bench",
  "examples",
  "packages/diffucoder",
  "packages/kernels",
  "packages/reward-sandbox",
  "packages/tensor",
  "scripts",
];

// Tests run on the sources, so that a failing test points at the line that is wrong and nothing stale is tested.
const alias = projects
  .filter((folder) => folder.startsWith("packages/"))
  .map((folder) => ({ find: new RegExp(`^${nameOf(folder)}$`), replacement: pathOf(`${folder}/src/index.ts`) }));

export default defineConfig({
  resolve: { alias },
  test: {
    maxWorkers: 2,
    testTimeout: 60_000 + 2000 * Number(process.env["FUZZ_SECONDS"] ?? 0), // see vitest.setup.ts
    hookTimeout: 60_000,
    server: { deps: { inline: [/\.readme-examples/] } }, // programs of the READMEs, see scripts/readme-examples.test.ts
    globalSetup: [pathOf("vitest.global-setup.ts")],
    setupFiles: [pathOf("vitest.setup.ts")],
    projects: projects.map((folder) => ({
      extends: true,
      test: {
        name: nameOf(folder),
        root: pathOf(folder),
        isolate: ownProcess.includes(folder),
        include: ["**/*.test.ts"],
        exclude: ["**/node_modules/**", "dist/**"],
      },
    })),
  },
});
