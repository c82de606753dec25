import { shippedFile } from "./shipped-file.ts";

/** A Python program that makes these files of ../python modules of a package `sandbox`. JSON's text is Python's too. */
export function packageSource(modules: readonly string[]): string {
  const sources = Object.fromEntries(modules.map((name) => [name, shippedFile(`python/${name}.py`)]));
  return `SOURCES = ${JSON.stringify(sources)}\n${shippedFile("python/bootstrap.py")}`;
}
