// How a worker's process is started, and what its level of isolation keeps away.
import { existsSync, realpathSync } from "node:fs";
import { delimiter, isAbsolute, join } from "node:path";
import { packageSource } from "../python-source.ts";
import { shippedFile } from "../shipped-file.ts";

export type LocalLevel = "bubblewrap" | "process" | "none";

export interface Launch {
  command: string;
  args: string[];
}

export const descriptions: Readonly<Record<LocalLevel, string>> = {
  bubblewrap: "bubblewrap: own namespaces without network, read-only files, no /proc, an unprivileged user, system calls filtered",
  process: "process limits only (weaker): system calls are filtered, but no namespaces, and files can be read",
  none: "NO ISOLATION: limits on time and memory alone; programs can read and change whatever this user can",
};

const SYSTEM_FOLDERS = ["/usr/bin", "/bin", "/usr/local/bin", "/opt/homebrew/bin"];

/**
 * A program of the search path. The system's folders come before others: a version manager's Python may not be visible inside the
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

/** A script and the module of values that it requires, as one text that leaves no names behind. */
function scriptSource(name: string): string {
  const values = `((module) => {${shippedFile("javascript/values.cjs")}\nreturn module.exports})({})`;
  return `((load, values) => {const require = (name) => (name === "./values.cjs" ? values : load(name));${shippedFile(`javascript/${name}.cjs`)}\n})(require, ${values})`;
}

/** The program of a worker as one text, with every file of ours that it needs. */
export function supervisorSource({ filtersSystemCalls }: { filtersSystemCalls: boolean }): string {
  const scripts = Object.fromEntries(["candidate", "checks", "inside", "program"].map((name) => [name, scriptSource(name)]));
  return [
    packageSource([
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
      "warm_up",
      "supervisor",
    ]),
    `package.engine.SCRIPTS.update(${JSON.stringify(scripts)})`,
    filtersSystemCalls ? "" : "package.child_process.FILTERS.update(dict.fromkeys(package.child_process.FILTERS))",
    "package.supervisor.main()",
  ].join("\n");
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
  const setpriv = ["/usr/bin/setpriv", "/bin/setpriv"].find((path) => existsSync(path));
  if (!isRoot || !setpriv) return { command: bubblewrap, args: sandbox };
  return { command: setpriv, args: ["--reuid=65534", "--regid=65534", "--clear-groups", "--", bubblewrap, ...sandbox] };
}
