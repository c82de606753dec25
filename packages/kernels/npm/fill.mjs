// Puts the library for its platform into the platform package in the current folder. Its `prepack` runs this, its `postpack` runs
// it with --clean: in a clone the library lies where build.mjs made it.
import { copyFileSync, existsSync, readFileSync, rmSync } from "node:fs";
import { basename, join } from "node:path";
import { nativeFolder, readManifest } from "../build/library.mjs";
import { targets } from "../build/targets.mjs";

const target = basename(process.cwd());
const files = [targets[target].library, "manifest.json"];
for (const file of files) rmSync(file, { force: true });
if (!process.argv.includes("--clean")) fill();

function fill() {
  const { name } = JSON.parse(readFileSync("package.json", "utf8"));
  const folder = nativeFolder(target);
  if (readManifest(target)?.sha256 === undefined || !existsSync(join(folder, files[0])))
    throw new Error(`${name} has no library to hold: run node packages/kernels/build.mjs --release ${target}`);
  for (const file of files) copyFileSync(join(folder, file), file);
}
