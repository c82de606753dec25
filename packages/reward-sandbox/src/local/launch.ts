// How a worker's process is started, and what its level of isolation keeps away.
import { existsSync } from "node:fs";
import { shippedFile } from "../shipped-file.ts";

/** How strongly programs are kept apart, from the strongest. */
export const LOCAL_LEVELS = ["bubblewrap", "process", "none"] as const;
export type LocalLevel = (typeof LOCAL_LEVELS)[number];

export interface Launch {
  command: string;
  args: string[];
}

export const descriptions: Readonly<Record<LocalLevel, string>> = {
  bubblewrap: "bubblewrap: own namespaces without network, read-only files, no /proc, an unprivileged user, system calls filtered",
  process: "process limits only (weaker): system calls are filtered, but no namespaces, and files can be read",
  none: "NO ISOLATION: limits on time and memory alone; programs can read and change whatever this user can",
};

const firstOf = (paths: readonly string[]): string | undefined => paths.find((path) => existsSync(path));

/** Debian's Python first: a version manager's Python may not be visible inside the sandbox. */
export const findPython = (): string | undefined => firstOf(["/usr/bin/python3", "/usr/local/bin/python3", "/opt/homebrew/bin/python3"]);

export const findBubblewrap = (): string | undefined => firstOf(["/usr/bin/bwrap", "/usr/local/bin/bwrap", "/bin/bwrap"]);

/** A script and the module of values that it requires, as one text that leaves no names behind. */
function scriptSource(name: string): string {
  const values = `((module) => {${shippedFile("javascript/values.cjs")}\nreturn module.exports})({})`;
  return `((load, values) => {const require = (name) => (name === "./values.cjs" ? values : load(name));${shippedFile(`javascript/${name}.cjs`)}\n})(require, ${values})`;
}

/** The program of a worker as one text, with every file of ours that it needs. JSON's text is Python's too. */
export function supervisorSource({ filtersSystemCalls }: { filtersSystemCalls: boolean }): string {
  const modules = [
    "answers",
    "values",
    "system_calls",
    "child_process",
    "candidate",
    "checks",
    "engine",
    "run",
    "function_jobs",
    "program_jobs",
    "test_jobs",
    "supervisor",
  ];
  const sources = Object.fromEntries(modules.map((name) => [name, shippedFile(`python/${name}.py`)]));
  const scripts = Object.fromEntries(["candidate", "checks", "inside", "program"].map((name) => [name, scriptSource(name)]));
  const unfiltered = filtersSystemCalls
    ? ""
    : "from sandbox import child_process\nchild_process.FILTERS.update(dict.fromkeys(child_process.FILTERS))\n";
  const bootstrap = shippedFile("python/bootstrap.py").replace("package.engine.SCRIPTS", () => `${unfiltered}package.engine.SCRIPTS`);
  return `SOURCES = ${JSON.stringify(sources)}\nSCRIPTS = ${JSON.stringify(scripts)}\n${bootstrap}`;
}

/** `-s -S -B`: no site packages, no bytecode files. Text is hashed alike each time, so that a verdict can be reproduced. */
const pythonArgs = (source: string): string[] => ["-s", "-S", "-B", "-c", source, process.execPath];
export const environment = { PYTHONHASHSEED: "0" };

export function launchOf(level: LocalLevel, { python, bubblewrap }: { python: string; bubblewrap?: string | undefined }): Launch {
  const args = pythonArgs(supervisorSource({ filtersSystemCalls: level !== "none" }));
  return level === "bubblewrap" ? bubblewrapLaunch(bubblewrap as string, [python, ...args]) : { command: python, args };
}

/** A command inside bubblewrap, as the user nobody if this process is root. */
function bubblewrapLaunch(bubblewrap: string, command: readonly string[]): Launch {
  const systemFolders = ["/lib", "/lib64", "/bin", "/etc/alternatives"].flatMap((path) => ["--ro-bind-try", path, path]);
  const engine = process.execPath.startsWith("/usr/") ? [] : ["--ro-bind-try", process.execPath, process.execPath];
  const sandbox = [
    ["--unshare-all", "--unshare-user", "--disable-userns", "--die-with-parent", "--new-session", "--clearenv"],
    Object.entries(environment).flatMap(([name, value]) => ["--setenv", name, value]),
    ["--ro-bind", "/usr", "/usr", ...systemFolders, ...engine],
    ["--dev", "/dev", "--size", String(16 << 20), "--tmpfs", "/tmp", "--chdir", "/tmp"],
    ["--remount-ro", "/dev", "--remount-ro", "/", "--cap-drop", "ALL"],
    command,
  ].flat();
  const isRoot = process.getuid?.() === 0;
  const setpriv = firstOf(["/usr/bin/setpriv", "/bin/setpriv"]);
  if (!isRoot || !setpriv) return { command: bubblewrap, args: sandbox };
  return { command: setpriv, args: ["--reuid=65534", "--regid=65534", "--clear-groups", "--", bubblewrap, ...sandbox] };
}
