import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { findRuntimePackage } from "./runtime-package.ts";

const { platform, arch } = process;
const own = `@diffucoder/onnxruntime-${platform}-${arch}`;
let home: string;
beforeEach(() => (home = mkdtempSync(join(tmpdir(), "runtime-package-"))));
afterEach(() => {
  vi.unstubAllGlobals();
  rmSync(home, { recursive: true, force: true });
});

function install(name: string, { binaries = true } = {}): string {
  const folder = join(home, "node_modules", name);
  const bin = join(folder, "bin", "napi-v6", platform, arch);
  mkdirSync(binaries ? bin : folder, { recursive: true });
  writeFileSync(join(folder, "package.json"), JSON.stringify({ name, main: "index.js" }));
  writeFileSync(join(folder, "index.js"), "");
  return bin;
}
const from = (): string => pathToFileURL(join(home, "program.js")).href;

describe("findRuntimePackage", () => {
  it("finds ONNX Runtime here", () => {
    expect(existsSync(findRuntimePackage().binaries)).toBe(true);
  });

  it("takes the platform's own package before onnxruntime-node", () => {
    const bin = install(own);
    install("onnxruntime-node");
    expect(findRuntimePackage(from())).toEqual({ entry: join(home, "node_modules", own, "index.js"), binaries: bin });
  });

  it("takes onnxruntime-node where the own package is empty, as in a clone", () => {
    install(own, { binaries: false });
    const bin = install("onnxruntime-node");
    expect(findRuntimePackage(from()).binaries).toBe(bin);
  });

  it("says what to install where there is neither", () => {
    vi.stubGlobal("process", { ...process, platform: "linux", arch: "mips" });
    expect(() => findRuntimePackage(from())).toThrow(
      "ONNX Runtime is not available: neither @diffucoder/onnxruntime-linux-mips nor onnxruntime-node is installed with binaries for linux mips. " +
        "Install again without --omit=optional (npm) or --no-optional (pnpm); elsewhere install an onnxruntime-node that has binaries for this platform.",
    );
  });
});
