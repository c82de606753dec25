// build.mjs in a copy of the package's sources, as on a machine with another compiler or none.
import { spawnSync } from "node:child_process";
import { chmodSync, cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";

const platform = `${process.platform}-${process.arch}`;
const source = fileURLToPath(new URL("..", import.meta.url));
/** Compiling every kernel on a busy machine, milliseconds. */
const PATIENCE = 300_000;
const hasCompiler = ["cc", "gcc", "clang"].some((name) => spawnSync(name, ["--version"]).status === 0);
let home: string;
beforeAll(() => {
  home = mkdtempSync(join(tmpdir(), "kernels-build-"));
  for (const name of ["build.mjs", "build", "c"]) cpSync(join(source, name), join(home, name), { recursive: true });
});
afterAll(() => rmSync(home, { recursive: true, force: true }));

const build = (env: NodeJS.ProcessEnv = {}, ...args: string[]) => {
  const { status, stdout, stderr } = spawnSync(process.execPath, [join(home, "build.mjs"), ...args], {
    encoding: "utf8",
    env: { ...process.env, ...env },
  });
  return { status, stdout, stderr };
};
const manifestIn = (folder: string): Record<string, unknown> => JSON.parse(readFileSync(join(folder, "native", platform, "manifest.json"), "utf8"));

describe("build.mjs", () => {
  it("says in one line, once, that there is no compiler, and goes on", () => {
    const empty = join(home, "empty");
    mkdirSync(empty);
    const stderr =
      "The kernels are not built, and ONNX Runtime computes without them, only slower: there is no C compiler: $CC, cc, gcc and clang were tried.\n";
    expect(build({ PATH: empty, CC: "" })).toEqual({ status: 0, stdout: "", stderr });
    expect(build({ PATH: empty, CC: "" })).toEqual({ status: 0, stdout: "", stderr: "" });
    expect(manifestIn(home)["problem"]).toBe("there is no C compiler: $CC, cc, gcc and clang were tried");
  });

  it.skipIf(process.platform === "win32")("says in one line that the compiler fails, with the compiler's own words", () => {
    const broken = join(home, "broken-cc");
    writeFileSync(broken, '#!/bin/sh\n[ "$1" = --version ] && echo broken 1.0 && exit 0\necho "cc1: error: no such file" >&2\nexit 1\n');
    chmodSync(broken, 0o755);
    const stderr =
      'The kernels are not built, and ONNX Runtime computes without them, only slower: the C compiler fails with "cc1: error: no such file".\n';
    expect(build({ CC: broken })).toEqual({ status: 0, stdout: "", stderr });
  });

  it("refuses what it does not know", () => {
    expect(build({}, "--fast")).toEqual({ status: 1, stdout: "", stderr: "--fast is not an option of build.mjs; there are --release and --fuzz.\n" });
    expect(build({}, "--release", "plan9-mips").stderr).toMatch(/^plan9-mips is no platform of the kernels; there are linux-x64, /);
    expect(build({ ZIG: "/nowhere/zig" }, "--release", "linux-arm64").stderr).toMatch(/^There is no zig: set ZIG to its program/);
  });

  it.skipIf(!hasCompiler)(
    `makes the same bytes in any folder, and nothing the second time${hasCompiler ? "" : " (skipped: no C compiler here)"}`,
    () => {
      expect(build()).toEqual({ status: 0, stdout: "", stderr: "" });
      const manifest = manifestIn(home);
      expect(manifest).toEqual(manifestIn(source));
      const library = join(home, "native", platform, manifest["file"] as string);
      expect(readFileSync(library).length).toBe(manifest["bytes"]);
      rmSync(join(home, ".cache"), { recursive: true });
      expect(build()).toEqual({ status: 0, stdout: "", stderr: "" });
      expect(existsSync(join(home, ".cache"))).toBe(false); // nothing was compiled again
      expect(build({ PATH: join(home, "empty"), CC: "" })).toEqual({ status: 0, stdout: "", stderr: "" }); // it is current without a compiler too
    },
    PATIENCE,
  );
});
