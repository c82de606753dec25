// The platforms: what the library is called there, and how zig names them.
import { readFileSync } from "node:fs";

export const targets = {
  "linux-x64": { cpu: "x64", library: "diffucoder-kernels.so", zig: "x86_64-linux-gnu.2.17" },
  "linux-x64-musl": { cpu: "x64", library: "diffucoder-kernels.so", zig: "x86_64-linux-musl" },
  "linux-arm64": { cpu: "arm64", library: "diffucoder-kernels.so", zig: "aarch64-linux-gnu.2.17" },
  "darwin-x64": { cpu: "x64", library: "diffucoder-kernels.dylib", zig: "x86_64-macos" },
  "darwin-arm64": { cpu: "arm64", library: "diffucoder-kernels.dylib", zig: "aarch64-macos" },
  "win32-x64": { cpu: "x64", library: "diffucoder-kernels.dll", zig: "x86_64-windows-gnu" },
};

/** The one that this process runs on; `undefined` if there is none for it. */
export function hostTarget() {
  const usesMusl = process.platform === "linux" && readFileSync("/proc/self/maps", "utf8").includes("/ld-musl-");
  const name = `${process.platform}-${process.arch}${usesMusl ? "-musl" : ""}`;
  return Object.hasOwn(targets, name) ? name : undefined;
}
