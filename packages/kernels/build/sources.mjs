// Which C files there are, and how each is compiled. What follows from a file's name is said nowhere else.
import { createHash } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

export const packageFolder = fileURLToPath(new URL("..", import.meta.url));
export const sourceFolder = join(packageFolder, "c");

const avx2 = ["-mavx2", "-mfma", "-mf16c"];
const avx512 = [...avx2, "-mavx512f", "-mavx512bw", "-mavx512vl", "-mavx512dq"];
const bf16 = [...avx512, "-mavx512bf16"];
/** By a file name's suffix. Everything else is for any processor of the kind. */
const instructions = {
  avx2,
  avx512,
  vnni: [...avx512, "-mavx512vnni"],
  bf16,
  amx: [...bf16, "-mavx512vnni", "-mamx-tile", "-mamx-bf16", "-mamx-int8"],
};

/** No contraction: a file means the same to every compiler, and says itself where it fuses. No errno: a root is one instruction. */
export const commonFlags = ["-std=gnu11", "-O3", "-fPIC", "-fvisibility=hidden", "-ffp-contract=off", "-fno-math-errno", "-Wall", "-Wextra"];

/** All C files and headers, relative to c/, in order. */
export function allFiles() {
  return readdirSync(sourceFolder, { recursive: true })
    .map((path) => path.replaceAll("\\", "/"))
    .filter((path) => /\.[ch]$/.test(path))
    .sort((a, b) => (a < b ? -1 : 1));
}

/** The files of the library for a processor, `"x64"` or `"arm64"`. */
export function libraryFiles(cpu) {
  return allFiles().filter((path) => path.endsWith(".c") && !path.includes(".fuzz") && (cpu === "x64" || suffixOf(path) === undefined));
}

/** Names of the kernels that have a fuzz program. */
export function fuzzNames() {
  return allFiles().flatMap((path) => path.match(/([\w-]+)\.fuzz\.c$/)?.[1] ?? []);
}

/** The instruction sets of a file, as flags. */
export function instructionFlags(path) {
  return instructions[suffixOf(path)] ?? [];
}

function suffixOf(path) {
  const suffix = path.match(/-(\w+)\.c$/)?.[1];
  return Object.hasOwn(instructions, suffix ?? "") ? suffix : undefined;
}

/** Of the contents of files and whatever else decides a result. */
export function hashOf(paths, ...words) {
  const hash = createHash("sha256").update(words.join("\0"));
  for (const path of paths) hash.update(`\0${path}\0`).update(readFileSync(join(sourceFolder, path)));
  return hash.digest("hex");
}
