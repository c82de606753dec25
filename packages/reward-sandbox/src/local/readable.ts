// What programs may read: only what Python and Node need. A folder such as /usr may also hold users' files.
import { existsSync, readdirSync, readlinkSync, realpathSync, statSync } from "node:fs";
import { homedir } from "node:os";
import { dirname, join, sep } from "node:path";
import { UnavailableError } from "@diffucoder/core";
import type { ProbedPython } from "./probe-python.ts";

/** Files and folders that programs may read. */
export interface Readable {
  /** Python itself, behind links and wrappers. */
  python: string;
  /** The JavaScript engine: this process's own program. */
  engine: string;
  /** Everything else. */
  paths: readonly string[];
  /** Folders within `paths` that they may not read: installed packages that are not importable. */
  hidden: readonly string[];
  /** Packages that programs may import besides Python's own modules; absent if there are none. */
  packages?: Packages | undefined;
  /** Whether the kernel can restrict processes to paths (Landlock). */
  hasLandlock: boolean;
}

/** The installed packages of a Python. */
export interface Packages {
  /** `sys.prefix`. */
  prefix: string;
  /** `sys.path`. */
  folders: readonly string[];
  /** Further folders of its `sys.path`, outside those of Python and its packages: programs may not read them. */
  leftOut: readonly string[];
}

const TRIPLET = { x64: "x86_64-linux-gnu", arm64: "aarch64-linux-gnu" }[process.arch as string] ?? "unknown";
/** Where the system's shared libraries lie: Debian's folders and Fedora's, or, if there is neither, those of smaller systems. */
const LIBRARIES = [`/lib/${TRIPLET}`, `/usr/lib/${TRIPLET}`, "/lib64", "/usr/lib64"];
const ALL_LIBRARIES = ["/lib", "/usr/lib"];
/** Time zones, locales, and parts of Node that Debian keeps separately. */
const DATA = ["/usr/share/zoneinfo", "/usr/lib/locale", "/usr/share/nodejs"];
/** What packages of the system's Python read outside their own folders, below /usr/share. */
const PACKAGE_DATA = ["fonts", "proj", "gdal", "nltk_data"];
/** The same, below /etc: settings and certificates that are not secret. */
const PACKAGE_SETTINGS = ["matplotlibrc", "mime.types", "ssl/certs/ca-certificates.crt"];
const SYSTEM_PREFIXES = ["/usr", "/usr/local", "/"];
const PACKAGES = ["site-packages", "dist-packages", "node_modules"];

export const isWithin = (path: string, folder: string): boolean => path === folder || path.startsWith(folder.endsWith(sep) ? folder : folder + sep);

const namesIn = (folder: string): string[] => (existsSync(folder) ? readdirSync(folder) : []);

/** All the names that a library has in its folder. */
function namesOf(library: string): string[] {
  const folder = dirname(library);
  return librariesIn(folder).filter((path) => existsSync(path) && realpathSync(path) === library);
}

/** What programs of this Python and of this process's Node may read. With `ownPackages`, also its installed packages. */
export function readableBy(python: ProbedPython, { ownPackages = false } = {}): Readable {
  const known = LIBRARIES.some((path) => existsSync(path)) ? LIBRARIES : ALL_LIBRARIES;
  const loaders = namesIn("/lib")
    .filter((name) => name.startsWith("ld-"))
    .map((name) => join("/lib", name));
  const packages = ownPackages ? packagesOf(python) : undefined;
  const modules = packages?.folders ?? python.modules;
  const folders = [...known, ...DATA, ...modules].filter((path) => existsSync(path));
  const apart = python.libraries.filter((library) => !folders.some((folder) => isWithin(library, realpathSync(folder)))).flatMap(namesOf);
  const hidden = folders
    .flatMap((folder) => PACKAGES.filter((name) => existsSync(join(folder, name))).map((name) => join(folder, name)))
    .filter((folder) => packages?.folders.includes(folder) !== true);
  const ofPackages = packages === undefined ? [] : [...dataOf(python, packages), ...alternativesIn(known)];
  const paths = [...new Set([...folders, ...loaders, ...apart, ...ofPackages])];
  return { python: python.program, engine: process.execPath, paths, hidden, packages, hasLandlock: python.landlock };
}

/** The folders of a Python that contain it and its packages. An editable package lies elsewhere. */
function packagesOf({ prefix, basePrefix, modules }: ProbedPython): Packages {
  const installed = [prefix, basePrefix].flatMap((path) => ["lib", "lib64", "local/lib"].map((name) => join(path, name)));
  const isOfPython = (folder: string): boolean => !existsSync(folder) || installed.some((path) => isWithin(realpathSync(folder), path));
  return { prefix, folders: modules.filter(isOfPython), leftOut: modules.filter((folder) => !isOfPython(folder)) };
}

/** What packages read besides their own folders: libraries and data below their prefix, or their files elsewhere in the system. */
function dataOf({ prefix, basePrefix }: ProbedPython, { folders }: Packages): string[] {
  const paths = [prefix, basePrefix].flatMap((path) => [
    ...librariesIn(join(path, "lib")),
    ...(SYSTEM_PREFIXES.includes(path) ? systemDataOf(folders) : [join(path, "share")]),
  ]);
  return paths.filter((path) => existsSync(path));
}

/** The same for the system's packages: folders in /usr/share with their names, and targets there of links in their folders. */
function systemDataOf(folders: readonly string[]): string[] {
  const installed = folders.filter((folder) => PACKAGES.some((name) => folder.endsWith(name)));
  const names = [...PACKAGE_DATA, ...installed.flatMap(namesIn)];
  const linked = installed
    .flatMap((folder) => namesIn(folder).map((name) => join(folder, name)))
    .filter((path) => statSync(path, { throwIfNoEntry: false })?.isDirectory())
    .flatMap((folder) => readdirSync(folder, { withFileTypes: true }).filter((entry) => entry.isSymbolicLink()))
    .map((entry) => join(entry.parentPath, entry.name))
    .filter((link) => existsSync(link))
    .map((link) => realpathSync(link))
    .filter((path) => isWithin(path, "/usr/share"));
  return [...names.map((name) => join("/usr/share", name)), ...linked, ...PACKAGE_SETTINGS.map((name) => join("/etc", name))];
}

const librariesIn = (folder: string): string[] =>
  namesIn(folder)
    .filter((name) => /\.so(\.|$)/.test(name))
    .map((name) => join(folder, name));

/** Libraries of the system that are links through /etc/alternatives, as Debian's linear algebra is. */
function alternativesIn(folders: readonly string[]): string[] {
  return folders
    .filter((folder) => existsSync(folder))
    .flatMap((folder) => readdirSync(folder, { withFileTypes: true }).filter((entry) => entry.isSymbolicLink()))
    .map((entry) => readlinkSync(join(entry.parentPath, entry.name)))
    .filter((target) => target.startsWith("/etc/alternatives/") && existsSync(target));
}

/**
 * Refuses to start if the user's own files lie in a folder that programs may read.
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
