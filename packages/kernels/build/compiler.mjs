// A C compiler: the machine's own, or zig for another platform.
import { spawn, spawnSync } from "node:child_process";
import { targets } from "./targets.mjs";

/**
 * A compiler as a command.
 *
 * @typedef {{ command: string[], name: string, identity: string, instructionFlags?: (flags: string[]) => string[] }} Compiler
 * `identity` names the very version: another one may make other code. `instructionFlags` puts gcc's flags in its own words.
 */

/** @returns {Compiler | undefined} the first that answers of $CC, cc, gcc and clang */
export function findCompiler() {
  const named = process.env.CC?.split(" ").filter((word) => word !== "");
  return tryAll([...(named?.length > 0 ? [named] : []), ["cc"], ["gcc"], ["clang"]]);
}

/** @returns {Compiler | undefined} zig, $ZIG or `zig`, as a C compiler for one of the targets */
export function findZig(target) {
  const zig = process.env.ZIG ?? "zig";
  const version = firstLine(zig, ["version"]); // clang's own refuses a target that names a glibc
  const command = [zig, "cc", "-target", targets[target].zig];
  return version && { command, name: `zig ${version}`, identity: `zig ${version} ${targets[target].zig}`, instructionFlags: asOneProcessor };
}

/** zig takes instruction sets as a processor with features; its clang counts registers of 512 bits as one more of them. */
function asOneProcessor(flags) {
  const features = flags.map((flag) => flag.replace("-m", "").replace("-", "_"));
  if (features.includes("avx512f")) features.push("evex512");
  return features.length === 0 ? [] : [`-mcpu=${["x86_64", ...features].join("+")}`];
}

/** What a program prints first; `undefined` if there is none, or it fails. */
function firstLine(program, args) {
  const { status, stdout } = spawnSync(program, args, { encoding: "utf8", timeout: 60_000 });
  return status === 0 ? stdout.split("\n")[0].trim() || undefined : undefined;
}

function tryAll(commands) {
  for (const command of commands) {
    const [program, ...args] = command;
    const name = firstLine(program, [...args, "--version"]);
    if (name !== undefined) return { command, name, identity: `${command.join(" ")}\n${name}` };
  }
  return undefined;
}

/** A compiler that does not compile; its message is the compiler's. */
export class CompileError extends Error {}

/** Runs the compiler in a folder. @throws {CompileError} */
export function runCompiler({ command: [program, ...first] }, args, folder) {
  return new Promise((resolve, reject) => {
    const child = spawn(program, [...first, ...args], { cwd: folder, stdio: ["ignore", "ignore", "pipe"] });
    const words = [];
    child.stderr.on("data", (chunk) => words.push(chunk));
    child.on("error", (cause) => reject(new CompileError(cause.message)));
    child.on("close", (code) => {
      const text = Buffer.concat(words).toString();
      if (code === 0) resolve(text);
      else reject(new CompileError(text.trim() || `${program} failed with exit code ${code}`));
    });
  });
}
