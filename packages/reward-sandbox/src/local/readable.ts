// What programs may read: what Python and Node need, and nothing else. A folder such as /usr holds what users put there, too.
import { spawnSync } from "node:child_process";
import { existsSync, readdirSync, realpathSync } from "node:fs";
import { homedir } from "node:os";
import { dirname, join, sep } from "node:path";
import { UnavailableError } from "@diffucoder/core";

/** Files and folders that programs may read. */
export interface Readable {
  /** Python itself, behind links and wrappers. */
  python: string;
  /** The JavaScript engine: this process's own program. */
  engine: string;
  /** All else. */
  paths: readonly string[];
  /** Folders inside of `paths` that they may not: installed packages, which are not imported. */
  hidden: readonly string[];
  /** Whether the kernel holds processes to paths (Landlock). */
  hasLandlock: boolean;
}

const TRIPLET = { x64: "x86_64-linux-gnu", arm64: "aarch64-linux-gnu" }[process.arch as string] ?? "unknown";
/** Where the system's shared libraries lie: Debian's folders and Fedora's, or, if there is neither, those of smaller systems. */
const LIBRARIES = [`/lib/${TRIPLET}`, `/usr/lib/${TRIPLET}`, "/lib64", "/usr/lib64"];
const ALL_LIBRARIES = ["/lib", "/usr/lib"];
/** Time zones, locales, and what Debian keeps of Node apart. */
const DATA = ["/usr/share/zoneinfo", "/usr/lib/locale", "/usr/share/nodejs"];
const PACKAGES = ["site-packages", "dist-packages", "node_modules"];

/** Asks Python where it lies, where its modules are, which libraries they load, and what the kernel can do. */
const PROBE = `
import json, os, sys
for name in ("_bz2", "_ctypes", "_decimal", "_hashlib", "_lzma", "_sqlite3", "_ssl", "_uuid", "readline", "zlib"):
    try: __import__(name)
    except ImportError: pass
import ctypes
maps = open("/proc/self/maps").read().split() if os.path.exists("/proc/self/maps") else []
print(json.dumps({
    "python": os.path.realpath(sys.executable),
    "modules": [folder for folder in sys.path if folder],
    "libraries": sorted({word for word in maps if word[0] == "/" and ".so" in word}),
    "landlock": ctypes.CDLL(None).syscall(ctypes.c_long(444), None, ctypes.c_size_t(0), ctypes.c_uint32(1)) > 0,
}))`;

interface Probed {
  python: string;
  modules: string[];
  libraries: string[];
  landlock: boolean;
}

function probe(python: string): Probed {
  const { stdout } = spawnSync(python, ["-s", "-S", "-B", "-c", PROBE], { env: {}, cwd: "/", encoding: "utf8", timeout: 10_000 });
  const nothing: Probed = { python, modules: [], libraries: [], landlock: false };
  try {
    return { ...nothing, ...(JSON.parse(stdout) as Partial<Probed>) };
  } catch {
    return nothing; // it does not work, as its start will say
  }
}

export const isWithin = (path: string, folder: string): boolean => path === folder || path.startsWith(folder.endsWith(sep) ? folder : folder + sep);

const namesIn = (folder: string): string[] => (existsSync(folder) ? readdirSync(folder) : []);

/** A library by all the names that its folder has for it. */
function namesOf(library: string): string[] {
  const folder = dirname(library);
  const paths = namesIn(folder)
    .filter((name) => name.includes(".so"))
    .map((name) => join(folder, name));
  return paths.filter((path) => existsSync(path) && realpathSync(path) === library);
}

/** What programs of this Python and of this process's Node may read. */
export function readableBy(pythonCommand: string): Readable {
  const { python, modules, libraries, landlock } = probe(pythonCommand);
  const known = LIBRARIES.some((path) => existsSync(path)) ? LIBRARIES : ALL_LIBRARIES;
  const loaders = namesIn("/lib")
    .filter((name) => name.startsWith("ld-"))
    .map((name) => join("/lib", name));
  const folders = [...known, ...DATA, ...modules].filter((path) => existsSync(path));
  const apart = libraries.filter((library) => !folders.some((folder) => isWithin(library, realpathSync(folder)))).flatMap(namesOf);
  const hidden = folders.flatMap((folder) => PACKAGES.filter((name) => existsSync(join(folder, name))).map((name) => join(folder, name)));
  return { python, engine: process.execPath, paths: [...new Set([...folders, ...loaders, ...apart])], hidden, hasLandlock: landlock };
}

/**
 * Refuses to start where the user's own files lie in a folder that programs may read.
 *
 * @throws {UnavailableError} with the folder
 */
export function checkApart({ paths, hidden }: Readable): void {
  for (const [what, own] of [
    ["working", process.cwd()],
    ["home", homedir()],
  ] as const) {
    if (!existsSync(own)) continue;
    const real = realpathSync(own);
    const inside = (folder: string): boolean => isWithin(real, realpathSync(folder));
    const folder = paths.find(inside);
    if (folder !== undefined && !hidden.some(inside))
      throw new UnavailableError({ what: "A sandbox", problem: `the ${what} folder ${own} lies in ${folder}, which programs can read` });
  }
}
