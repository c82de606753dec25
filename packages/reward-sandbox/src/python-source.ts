import { shippedFile } from "./shipped-file.ts";

/** A Python program that turns these files of ../python into modules of a package `sandbox`. JSON strings are valid Python. */
export function packageSource(modules: readonly string[]): string {
  const sources = Object.fromEntries(modules.map((name) => [name, shippedFile(`python/${name}.py`)]));
  return `SOURCES = ${JSON.stringify(sources)}\n${shippedFile("python/bootstrap.py")}`;
}
