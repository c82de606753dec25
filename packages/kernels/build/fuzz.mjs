// Fuzz programs: every kernel, and what operators share, with the sanitizers in.
import { spawnSync } from "node:child_process";
import { mkdirSync } from "node:fs";
import { basename, join } from "node:path";
import { runCompiler } from "./compiler.mjs";
import { compileAll } from "./objects.mjs";
import { allFiles, libraryFiles, packageFolder } from "./sources.mjs";

/** Not optimized: with the sanitizers in, the compiler would take twenty times as long for a file of unrolled loops, and the programs a third. */
const sanitizers = ["-O0", "-fsanitize=address,undefined", "-fno-sanitize-recover=all", "-g", "-Werror"];

/** Compiles and runs the fuzz program of a kernel. @returns its exit status and what it printed */
export async function runFuzz(compiler, name) {
  const program = allFiles().filter((path) => basename(path).startsWith(`${name}.fuzz`) && (process.arch === "x64" || path.endsWith(".fuzz.c")));
  const isOperator = (path) => path === "register.c" || (path.endsWith("-op.c") && path !== "custom-op.c");
  const kernels = libraryFiles(process.arch).filter((path) => !isOperator(path));
  const objects = await compileAll(compiler, [...kernels, ...program], sanitizers);
  const folder = join(packageFolder, ".cache", "fuzz");
  mkdirSync(folder, { recursive: true });
  const path = join(folder, name);
  await runCompiler(compiler, [...sanitizers, "-o", path, ...objects, "-lm"], folder);
  const { status, signal, stdout, stderr } = spawnSync(path, { encoding: "utf8", timeout: 120_000 });
  return { status: status ?? `signal ${signal}`, output: `${stdout}${stderr}` };
}
