import { mkdirSync, mkdtempSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { createHash } from "node:crypto";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { findKernels } from "./find-kernels.ts";
import { KERNELS_VERSION } from "./version.ts";

const platform = `${process.platform}-${process.arch}`;
let builds: string;
beforeEach(() => (builds = mkdtempSync(join(tmpdir(), "find-kernels-"))));
afterEach(() => rmSync(builds, { recursive: true, force: true }));

/** A folder as build.mjs leaves it; the library is never loaded here, so it may be anything. */
function build(manifest: Record<string, unknown> = {}, folder = platform): string {
  const path = join(builds, folder, "kernels.so");
  const bytes = "the bytes of a library";
  mkdirSync(join(builds, folder), { recursive: true });
  writeFileSync(path, bytes);
  const sha256 = createHash("sha256").update(bytes).digest("hex");
  const all = { target: platform, version: KERNELS_VERSION, file: "kernels.so", compiler: "cc 12", sha256, ...manifest };
  writeFileSync(join(builds, folder, "manifest.json"), JSON.stringify(all));
  return path;
}

describe("findKernels", () => {
  it("finds what was built here", () => {
    const path = build();
    expect(findKernels({ builds })).toEqual({ path, compiler: "cc 12" });
  });

  it("says what is missing where nothing was built, and what the build said", () => {
    expect(findKernels({ builds })).toEqual({ problem: `@diffucoder/kernels-${platform} is not installed, and none are built here` });
    mkdirSync(join(builds, platform));
    writeFileSync(join(builds, platform, "manifest.json"), JSON.stringify({ target: platform, problem: "there is no C compiler" }));
    expect(findKernels({ builds })).toEqual({ problem: "there is no C compiler" });
  });

  it("takes a library by its path, with the manifest beside it", () => {
    const path = build({}, "elsewhere");
    expect(findKernels({ path, builds })).toEqual({ path, compiler: "cc 12" });
    rmSync(join(builds, "elsewhere", "manifest.json"));
    expect(findKernels({ path })).toEqual({ problem: `${path} is no library of kernels: there is no manifest.json beside it` });
    expect(findKernels({ path: "/nowhere/kernels.so" })).toEqual({
      problem: "/nowhere/kernels.so is no library of kernels: there is no manifest.json beside it",
    });
  });

  it("refuses a library of another platform, of another version, cut short, and what cannot be read", () => {
    const path = build({ target: "plan9-mips" });
    expect(findKernels({ builds })).toEqual({ problem: `${path} is for plan9-mips, and this is ${platform}` });
    build({ version: 0 });
    expect(findKernels({ builds })).toEqual({ problem: `${path} has version 0, and this package wants ${KERNELS_VERSION}` });
    build();
    truncateSync(path, 10);
    expect(findKernels({ builds })).toEqual({ problem: `${path} is damaged: its SHA-256 is not the one of its manifest` });
    rmSync(path);
    mkdirSync(path);
    expect(findKernels({ builds })).toEqual({ problem: `${path} cannot be read (EISDIR)` });
  });

  it("takes a manifest that is not JSON, or not an object, for none", () => {
    for (const text of ["{", "null", "[]", '{ "file": 1 }']) {
      const path = build();
      writeFileSync(join(builds, platform, "manifest.json"), text);
      expect(findKernels({ path })).toEqual({ problem: `${path} is no library of kernels: there is no manifest.json beside it` });
    }
  });
});
