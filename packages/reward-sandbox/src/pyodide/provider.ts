import { createRequire } from "node:module";
import { dirname, sep } from "node:path";
import { pathToFileURL } from "node:url";
import { UnavailableError } from "@diffucoder/core";
import type { Provider } from "../provider.ts";
import { memoryImage, type PyodideFiles } from "./interpreter.ts";
import { PyodideWorker } from "./pyodide-worker.ts";

const description =
  "Pyodide (weaker): Python in WebAssembly, in a process that can read only Pyodide's own files and has no network functions, but unfiltered system calls; Python only; for better isolation, on Linux: apt-get install bubblewrap python3";

/** The folder of the npm package `pyodide`; undefined if it is not installed. */
export function findPyodide(): PyodideFiles | undefined {
  try {
    const path = dirname(createRequire(import.meta.url).resolve("pyodide/package.json")) + sep;
    return { path, folder: pathToFileURL(path) };
  } catch {
    return undefined;
  }
}

/**
 * Runs programs on Python compiled to WebAssembly: for machines without Linux, Python or bubblewrap. Needs the package `pyodide`.
 *
 * @throws {UnavailableError} if it is not installed
 */
export function pyodideProvider(): Provider {
  const files = findPyodide();
  if (files === undefined) throw new UnavailableError({ what: "Pyodide", problem: "the package pyodide is not installed" });
  let image: Promise<Buffer> | undefined;
  return {
    isolation: { level: "pyodide", description },
    languages: ["python"],
    writableTmp: false,
    worker: () => new PyodideWorker(files, (image ??= memoryImage(files))),
  };
}
