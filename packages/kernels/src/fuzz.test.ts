// Every kernel against a plain loop in double precision, on each level of this processor, with the sanitizers in.
import { spawnSync } from "node:child_process";
import { readdirSync } from "node:fs";
import { basename, join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";

const folder = fileURLToPath(new URL("..", import.meta.url));
const programs = readdirSync(join(folder, "c"), { recursive: true, encoding: "utf8" }).filter((path) => path.endsWith(".fuzz.c"));
const hasCompiler = ["cc", "gcc", "clang"].some((name) => spawnSync(name, ["--version"]).status === 0);
/** The first program compiles every kernel with the sanitizers, milliseconds. */
const PATIENCE = 300_000;
const note = hasCompiler ? "" : " (skipped: no C compiler here)";

describe.skipIf(!hasCompiler)(`kernels under the sanitizers${note}`, () => {
  it.each(programs.map((path) => basename(path, ".fuzz.c")))(
    "%s computes what its definition says for any shapes",
    (name) => {
      const { status, stdout, stderr } = spawnSync(process.execPath, [join(folder, "build.mjs"), "--fuzz", name], { encoding: "utf8" });
      expect(`${stdout}${stderr}`).toMatch(new RegExp(`^(${name}: .*\\n)+$`));
      expect(status).toBe(0);
    },
    PATIENCE,
  );
});
