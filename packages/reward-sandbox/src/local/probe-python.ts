// What a Python reports about itself.
import { spawnSync } from "node:child_process";

/** A Python, as it describes itself. */
export interface ProbedPython {
  /** The program behind links, wrappers and virtual environments. */
  program: string;
  /** Such as `"3.11.2"`. */
  version: string;
  /** `sys.prefix`: of a virtual environment its folder. */
  prefix: string;
  /** `sys.base_prefix`: the folder of the Python that a virtual environment was made with. */
  basePrefix: string;
  /** `sys.path`: folders of modules, and of packages if requested. */
  modules: readonly string[];
  /** The shared libraries that its own modules load. */
  libraries: readonly string[];
  /** Whether the kernel can restrict processes to paths (Landlock). */
  landlock: boolean;
  /** Version of each installed package, by name; empty unless requested. */
  packages: Readonly<Record<string, string>>;
}

/** Python 2 can run this too, and so report its version. */
const PROBE = `
import json, os, sys
for name in ("_bz2", "_ctypes", "_decimal", "_hashlib", "_lzma", "_sqlite3", "_ssl", "_uuid", "readline", "zlib"):
    try: __import__(name)
    except ImportError: pass
import ctypes
maps = open("/proc/self/maps").read().split() if os.path.exists("/proc/self/maps") else []
packages = {}
if not sys.flags.no_site and sys.version_info >= (3, 8):
    from importlib import metadata
    for each in metadata.distributions():
        name = each.metadata["Name"]
        if name: packages.setdefault(name, str(each.version))
print(json.dumps({
    "program": os.path.realpath(getattr(sys, "_base_executable", sys.executable)),
    "version": ".".join(map(str, sys.version_info[:3])),
    "prefix": os.path.realpath(sys.prefix),
    "basePrefix": os.path.realpath(getattr(sys, "base_prefix", sys.prefix)),
    "modules": [folder for folder in sys.path if folder],
    "libraries": sorted({word for word in maps if word[0] == "/" and ".so" in word}),
    "landlock": ctypes.CDLL(None).syscall(ctypes.c_long(444), None, ctypes.c_size_t(0), ctypes.c_uint32(1)) > 0,
    "packages": packages,
}))`;

/**
 * Asks a Python where it and its modules are, which libraries they load, and what the kernel can do.
 *
 * @param hasPackages whether to list installed packages, except those in a user's home folder
 * @returns the problem, if it does not answer
 */
export function probePython(command: string, { hasPackages }: { hasPackages: boolean }): { python: ProbedPython } | { problem: string } {
  const args = [...(hasPackages ? ["-s"] : ["-s", "-S"]), "-B", "-c", PROBE];
  const { stdout, stderr, error, status } = spawnSync(command, args, { env: {}, cwd: "/", encoding: "utf8", timeout: 10_000 });
  try {
    const python = JSON.parse(stdout) as Partial<ProbedPython>;
    if (typeof python.version === "string") return { python: python as ProbedPython };
  } catch {} // what it printed is not an answer
  return { problem: error?.message ?? (stderr.trim().split("\n").at(-1) || `it ended with code ${status} and no answer`) };
}
