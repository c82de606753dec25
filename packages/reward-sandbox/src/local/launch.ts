// How a worker's process is started, and what its isolation level prevents.
import { existsSync, realpathSync } from "node:fs";
import { delimiter, isAbsolute, join } from "node:path";
import { deflateSync } from "node:zlib";
import { packageSource } from "../python-source.ts";
import { shippedFile } from "../shipped-file.ts";
import { isWithin, type Packages, type Readable } from "./readable.ts";
import { withinReach } from "./within-reach.ts";

/** Isolation levels on this machine. */
export type LocalLevel = "bubblewrap" | "process" | "none";

export interface Launch {
  command: string;
  args: string[];
  env: Readonly<Record<string, string>>;
}

/** For people: what a level prevents, what it does not, and how to get a better one. */
export function descriptionOf(level: LocalLevel, { hasLandlock }: { hasLandlock: boolean }): string {
  switch (level) {
    case "bubblewrap":
      return "bubblewrap: own namespaces without network, only the files that Python and Node need, no /proc, an unprivileged user, system calls filtered";
    case "process":
      return hasLandlock
        ? "processes (weaker): system calls and the reading of files are filtered, but there are no namespaces; for better isolation: apt-get install bubblewrap"
        : `processes (much weaker): system calls are filtered, but this kernel has no Landlock, so programs can read this user's files${process.getuid?.() === 0 ? "" : ", processes and their memory"}; for better isolation: apt-get install bubblewrap`;
    case "none":
      return "NO ISOLATION: only time and memory are limited; programs can read and change everything that this user can";
  }
}

const SYSTEM_FOLDERS = ["/usr/bin", "/bin", "/usr/local/bin", "/opt/homebrew/bin"];

/**
 * A program on the search path. The system's folders come first: a version manager's Python may not be visible inside the
 * sandbox. Links are followed for the same reason.
 */
function onPath(name: string): string | undefined {
  const folders = (process.env["PATH"] ?? SYSTEM_FOLDERS.join(delimiter)).split(delimiter).filter(isAbsolute);
  const ordered = [...SYSTEM_FOLDERS.filter((folder) => folders.includes(folder)), ...folders];
  const path = ordered.map((folder) => join(folder, name)).find((file) => existsSync(file));
  return path === undefined ? undefined : realpathSync(path);
}

export const findPython = (): string | undefined => onPath("python3");

export const findBubblewrap = (): string | undefined => onPath("bwrap");

/** A script as a function of its `require` and its sibling modules. */
const scriptSource = (name: string): string =>
  `((load, beside) => {const require = (name) => beside[name] ?? load(name);${shippedFile(`javascript/${name}.cjs`)}\n})`;

/** The modules that scripts require, by the names they use. */
const MODULES_SOURCE = `{${["values", "test-code"]
  .map((name) => `"./${name}.cjs": ((module) => {${shippedFile(`javascript/${name}.cjs`)}\nreturn module.exports})({})`)
  .join(", ")}}`;

interface SupervisorOptions {
  filtersSystemCalls: boolean;
  /** Files that the kernel restricts programs to, where mounts do not. */
  readable?: Readable | undefined;
  /** Packages that programs may import besides Python's own modules. */
  packages?: Packages | undefined;
}

/**
 * The program of a worker as one text, with every file of ours that it needs. It is a command-line argument, which Linux limits
 * to 128 KiB, so it is compressed.
 */
export function supervisorSource({ filtersSystemCalls, readable, packages }: SupervisorOptions): string {
  const scripts = Object.fromEntries(["candidate", "checks", "inside", "program"].map((name) => [name, scriptSource(name)]));
  scripts.modules = MODULES_SOURCE;
  return packed([
    packageSource([
      "answers",
      "values",
      "system_calls",
      "landlock",
      "engine",
      "child_process",
      "exceptions",
      "further_values",
      "candidate",
      "crossing",
      "event_loop",
      "test_runner",
      "checks",
      "tmp",
      "run",
      "results",
      "function_jobs",
      "program_jobs",
      "test_jobs",
      "warm_up",
      "supervisor",
    ]),
    `package.engine.SCRIPTS.update(${JSON.stringify(scripts)})`,
    filtersSystemCalls ? "" : "package.child_process.FILTERS.update(dict.fromkeys(package.child_process.FILTERS))",
    packages ? `sys.path[:], sys.prefix, sys.exec_prefix = ${JSON.stringify([packages.folders, packages.prefix, packages.prefix])}` : "",
    `package.supervisor.main(${readable ? JSON.stringify([[...readable.paths, readable.engine], readable.hidden]) : ""})`,
  ]);
}

/** Python that runs lines of Python. */
function packed(lines: readonly string[]): string {
  const text = deflateSync(lines.join("\n"), { level: 9 }).toString("base64");
  return `exec(__import__("zlib").decompress(__import__("binascii").a2b_base64("${text}")))`;
}

/** `-s -S -B`: site packages only through `sys.path`, so that none of their code runs in a supervisor; no bytecode files. */
const pythonArgs = (source: string, engine: string): string[] => ["-s", "-S", "-B", "-c", source, engine];

/** Strings hash the same each time, so that verdicts are reproducible. */
const ENVIRONMENT = { PYTHONHASHSEED: "0" };
/** Settings for packages: a folder for their caches, no screen, and one core for a program. */
const OF_PACKAGES = { HOME: "/tmp", MPLBACKEND: "Agg", OMP_NUM_THREADS: "1", OPENBLAS_NUM_THREADS: "1", MKL_NUM_THREADS: "1" };

export function launchOf(level: LocalLevel, { readable, bubblewrap }: { readable: Readable; bubblewrap?: string | undefined }): Launch {
  const isHeld = level === "process" && readable.hasLandlock;
  const packages = level === "bubblewrap" ? readable.packages && packagesInside(readable.packages) : readable.packages;
  const source = supervisorSource({ filtersSystemCalls: level !== "none", readable: isHeld ? readable : undefined, packages });
  const args = pythonArgs(source, level === "bubblewrap" ? ENGINE_INSIDE : readable.engine);
  const env = packages ? { ...ENVIRONMENT, ...OF_PACKAGES } : ENVIRONMENT;
  if (level !== "bubblewrap") return { command: readable.python, args, env };
  return { ...bubblewrapLaunch(bubblewrap as string, readable, { args, env }), env };
}

/** Where bubblewrap shows the engine: outside it may lie in /tmp, which is a different one inside. */
const ENGINE_INSIDE = "/node";

/** Where it shows another file. */
const inside = (path: string): string => (isWithin(path, "/tmp") ? `/outside${path}` : path);

const packagesInside = ({ prefix, folders, leftOut }: Packages): Packages => ({ prefix: inside(prefix), folders: folders.map(inside), leftOut });

/** Python inside bubblewrap, as the user nobody if this process is root. */
function bubblewrapLaunch(
  bubblewrap: string,
  { python, engine, paths, hidden }: Readable,
  { args, env }: Pick<Launch, "args" | "env">,
): Omit<Launch, "env"> {
  const setpriv = ["/usr/bin/setpriv", "/bin/setpriv"].find((path) => existsSync(path));
  const isNobody = process.getuid?.() === 0 && setpriv !== undefined;
  const { sourceOf, command } = isNobody ? withinReach([...paths, python]) : { sourceOf: (path: string) => path, command: [] };
  const sandbox = [
    bubblewrap,
    ["--unshare-all", "--unshare-user", "--disable-userns", "--die-with-parent", "--new-session", "--clearenv"],
    Object.entries(env).flatMap(([name, value]) => ["--setenv", name, value]),
    [...paths, python].flatMap((path) => ["--ro-bind", sourceOf(path), inside(path)]),
    ["--ro-bind", engine, ENGINE_INSIDE],
    hidden.flatMap((path) => ["--tmpfs", inside(path), "--remount-ro", inside(path)]),
    ["--dev", "/dev", "--size", String(16 << 20), "--tmpfs", "/tmp", "--chdir", "/tmp"],
    ["--remount-ro", "/dev", "--remount-ro", "/", "--cap-drop", "ALL"],
    [inside(python), ...args],
  ].flat();
  const asNobody = isNobody ? [setpriv, "--reuid=65534", "--regid=65534", "--clear-groups", "--"] : [];
  const [first, ...rest] = [...command, ...asNobody, ...sandbox];
  return { command: first as string, args: rest };
}
