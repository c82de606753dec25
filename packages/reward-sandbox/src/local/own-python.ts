// A Python that the caller names, with its installed packages: a virtual environment's, the system's, a version manager's.
import { existsSync, lstatSync, readFileSync, readlinkSync, statSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { InvalidArgumentError } from "@diffucoder/core";
import { probePython, type ProbedPython } from "./probe-python.ts";
import type { Readable } from "./readable.ts";

/** The caller's own Python, which a sandbox was made with. */
export interface PythonInfo {
  /** As given, made absolute. */
  path: string;
  /** Such as `"3.11.2"`. */
  version: string;
  /** Version of each installed package, by its name in the package index. */
  libraries: Readonly<Record<string, string>>;
}

/** The oldest version that our own files run on. */
const OLDEST = [3, 9] as const;

/**
 * What the caller's own Python reports about itself.
 *
 * @throws {InvalidArgumentError} if there is none, if it is too old, or if its virtual environment has lost its Python
 */
export function probeOwnPython(path: string): ProbedPython {
  const refuse = (reason: string): never => {
    throw new InvalidArgumentError({ argument: "python", value: path, expected: `the path of Python ${OLDEST.join(".")} or newer`, wayOut: reason });
  };
  const file = resolve(path);
  if (!existsSync(file)) return refuse(whyAbsent(file));
  if (statSync(file).isDirectory()) {
    const inside = join(file, "bin", "python");
    return refuse(existsSync(inside) ? `It is a folder; its Python is ${inside}.` : "It is a folder.");
  }
  const lostBase = lostBaseOf(file);
  if (lostBase !== undefined)
    return refuse(`The Python that its virtual environment was made with, in ${lostBase}, is gone; create the environment again.`);
  const answer = probePython(file, { hasPackages: true });
  if ("problem" in answer) return refuse(`It does not answer like Python: ${answer.problem.replace(/\.$/, "")}.`);
  const { python } = answer;
  const [major = 0, minor = 0] = python.version.split(".").map(Number);
  if (major !== OLDEST[0] || minor < OLDEST[1]) return refuse(`It is Python ${python.version}.`);
  return python;
}

/** What a sandbox reports of it. */
export const pythonInfo = (path: string, { version, packages }: ProbedPython): PythonInfo => ({ path: resolve(path), version, libraries: packages });

/** For people: which Python it is, how many packages it has, and which of its folders programs cannot read. */
export function describePython({ version, prefix, packages: installed }: ProbedPython, { packages }: Readable): string {
  const leftOut = packages?.leftOut ?? [];
  const unread = leftOut.length === 0 ? "" : `, without ${leftOut.join(", ")}, which lie elsewhere`;
  return `Python ${version} in ${prefix} with ${Object.keys(installed).length} installed packages${unread}`;
}

function whyAbsent(file: string): string {
  const isLink = lstatSync(file, { throwIfNoEntry: false })?.isSymbolicLink() === true;
  if (!isLink) return "There is no such file.";
  const what = settingsOf(file) === undefined ? "" : "; create the virtual environment again";
  return `It is a link to ${readlinkSync(file)}, which is gone${what}.`;
}

/** The settings of the virtual environment that contains a program. */
function settingsOf(file: string): string | undefined {
  const path = join(dirname(dirname(file)), "pyvenv.cfg");
  return existsSync(path) ? readFileSync(path, "utf8") : undefined;
}

function lostBaseOf(file: string): string | undefined {
  const base = /^home\s*=\s*(.+?)\s*$/m.exec(settingsOf(file) ?? "")?.[1];
  return base === undefined || existsSync(base) ? undefined : base;
}
