// Where the library is: in a clone what build.mjs made, else the package of this platform.
import { existsSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { problemOfBuild, problemOfLibrary, readManifest } from "./manifest.ts";

/** A library that may be loaded, or the reason why there is none. */
export type FoundKernels =
  | {
      /** The library's file. */
      path: string;
      /** What made it. */
      compiler: string;
    }
  | {
      /** Why there is none, as the end of a sentence. */
      problem: string;
    };

/** Where to look. */
export interface FindKernelsOptions {
  /** The library, instead of the one that is found. */
  path?: string | undefined;
  /** Folder of the builds in a clone. @default the one of this package */
  builds?: string;
}

const ownBuilds = fileURLToPath(new URL("../native", import.meta.url));

/** Finds the kernels for this machine, without loading them: their bytes are those that their build wrote down. */
export function findKernels({ path, builds = ownBuilds }: FindKernelsOptions = {}): FoundKernels {
  const target = thisPlatform();
  if (path !== undefined) return checked(path, target);
  const build = libraryIn(join(builds, target));
  if (build !== undefined) return checked(build, target);
  const name = `@diffucoder/kernels-${target}`;
  const installed = libraryIn(folderOf(name));
  if (installed !== undefined) return checked(installed, target);
  return { problem: problemOfBuild(join(builds, target)) ?? `${name} is not installed, and none are built here` };
}

function checked(path: string, target: string): FoundKernels {
  const problem = problemOfLibrary(path, target);
  return problem === undefined ? { path, compiler: readManifest(dirname(path))!.compiler } : { problem };
}

function libraryIn(folder: string | undefined): string | undefined {
  const file = folder && readManifest(folder)?.file;
  return file && existsSync(join(folder, file)) ? join(folder, file) : undefined;
}

function folderOf(name: string): string | undefined {
  try {
    return dirname(createRequire(import.meta.url).resolve(`${name}/package.json`));
  } catch {
    return undefined;
  }
}

/** As the platform packages are called: `linux-x64`, `linux-x64-musl`, `win32-x64`, ... */
function thisPlatform(): string {
  return `${process.platform}-${process.arch}${process.platform === "linux" && usesMusl() ? "-musl" : ""}`;
}

/** The C library that Node runs on is loaded by its own loader, which is in the process's memory. */
function usesMusl(): boolean {
  return readFileSync("/proc/self/maps", "utf8").includes("/ld-musl-");
}
