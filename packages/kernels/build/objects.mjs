// Object files, kept by what they are made of: the same source, headers, flags and compiler are compiled once.
import { existsSync, mkdirSync, renameSync } from "node:fs";
import { availableParallelism } from "node:os";
import { join } from "node:path";
import { runCompiler } from "./compiler.mjs";
import { allFiles, commonFlags, hashOf, instructionFlags, packageFolder, sourceFolder } from "./sources.mjs";

const cache = join(packageFolder, ".cache", "objects");

/**
 * Compiles C files, as many at a time as there are processors.
 *
 * @returns paths of the object files, in the order of `files`
 */
export async function compileAll(compiler, files, extraFlags = []) {
  mkdirSync(cache, { recursive: true });
  const headers = allFiles().filter((path) => path.endsWith(".h"));
  const objects = files.map((path) => {
    const instructions = instructionFlags(path);
    const flags = [...commonFlags, ...(compiler.instructionFlags?.(instructions) ?? instructions), ...extraFlags];
    return { path, flags, object: join(cache, `${hashOf([path, ...headers], compiler.identity, ...flags)}.o`) };
  });
  const waiting = objects.filter(({ object }) => !existsSync(object));
  const worker = async () => {
    for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) await compile(compiler, next);
  };
  await Promise.all(Array.from({ length: availableParallelism() }, worker));
  return objects.map(({ object }) => object);
}

/** Written beside and renamed: two builds at once do not see each other's halves. */
async function compile(compiler, { path, flags, object }) {
  const half = `${object}.${process.pid}`;
  // In the folder of the sources and with relative paths, so that no path of this machine gets into the file.
  await runCompiler(compiler, [...flags, "-c", path, "-o", half], sourceFolder);
  renameSync(half, object);
}
