// The library for one platform, and the manifest beside it by which the loader knows it.
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { runCompiler } from "./compiler.mjs";
import { compileAll } from "./objects.mjs";
import { allFiles, hashOf, libraryFiles, packageFolder } from "./sources.mjs";
import { targets } from "./targets.mjs";

/** Another way of building is another library. */
const howItIsBuilt = ["library.mjs", "sources.mjs"].map((name) => readFileSync(new URL(name, import.meta.url), "utf8"));

/** Where a platform's library is built. */
export const nativeFolder = (target) => join(packageFolder, "native", target);

/** No build id, which would differ; never unloaded, since ONNX Runtime keeps pointers into it. */
const linkFlags = {
  linux: ["-shared", "-Wl,--build-id=none", "-Wl,-z,nodelete", "-Wl,-z,noexecstack", "-Wl,--no-undefined", "-s"],
  darwin: ["-shared", "-Wl,-undefined,error"],
  win32: ["-shared", "-s"],
};

/**
 * Builds a library unless it is there from the same sources.
 *
 * @returns its manifest
 */
export async function buildLibrary(compiler, target) {
  const folder = nativeFolder(target);
  const inputs = hashOf(allFiles(), compiler.identity, target, ...howItIsBuilt);
  const before = readManifest(target);
  if (before?.inputs === inputs && isIntact(folder, before)) return before;

  mkdirSync(folder, { recursive: true });
  const objects = await compileAll(compiler, libraryFiles(targets[target].cpu));
  const file = targets[target].library;
  const half = join(folder, `${file}.${process.pid}`);
  const math = systemOf(target) === "linux" ? ["-lm"] : [];
  await runCompiler(compiler, [...linkFlags[systemOf(target)], "-o", half, ...objects, ...math], folder);
  const bytes = readFileSync(half);
  const manifest = {
    target,
    version: readVersion(),
    file,
    bytes: bytes.length,
    sha256: sha256(bytes),
    compiler: compiler.name,
    sources: hashOf(allFiles()),
    inputs,
  };
  renameSync(half, join(folder, file));
  writeManifest(target, manifest);
  return manifest;
}

/** Whether a library is there from the sources as they are, whatever compiled it. */
export function isCurrent(target) {
  const manifest = readManifest(target);
  return manifest?.sources === hashOf(allFiles()) && isIntact(nativeFolder(target), manifest);
}

/** What the last build left, or `undefined`. */
export function readManifest(target) {
  try {
    return JSON.parse(readFileSync(join(nativeFolder(target), "manifest.json"), "utf8"));
  } catch {
    return undefined;
  }
}

export function writeManifest(target, manifest) {
  mkdirSync(nativeFolder(target), { recursive: true });
  writeFileSync(join(nativeFolder(target), "manifest.json"), `${JSON.stringify(manifest, undefined, 2)}\n`);
}

function isIntact(folder, { file, sha256: expected }) {
  const path = join(folder, file ?? "");
  return file !== undefined && existsSync(path) && sha256(readFileSync(path)) === expected;
}

/** The number in c/register.c. */
function readVersion() {
  return Number(readFileSync(join(packageFolder, "c", "register.c"), "utf8").match(/VERSION = (\d+)/)[1]);
}

const systemOf = (target) => target.split("-")[0];
const sha256 = (bytes) => createHash("sha256").update(bytes).digest("hex");
