// Prints a PATH with every program of this one but those named: a folder of links, which stands in for a machine that lacks them.
//
//   PATH=$(node scripts/path-without.mjs FOLDER NAME ...)     names may end in *
import { mkdirSync, readdirSync, rmSync, symlinkSync } from "node:fs";
import { delimiter, isAbsolute, join, resolve } from "node:path";

const [folder, ...names] = process.argv.slice(2);
const lacks = new RegExp(`^(${names.map((name) => name.replace(/[.+]/g, "\\$&").replaceAll("*", ".*")).join("|")})$`);
const target = resolve(folder);
rmSync(target, { recursive: true, force: true });
mkdirSync(target, { recursive: true });
const seen = new Set();
for (const each of (process.env.PATH ?? "").split(delimiter).filter(isAbsolute)) {
  for (const name of programsIn(each)) {
    if (seen.has(name) || lacks.test(name)) continue;
    seen.add(name);
    symlinkSync(join(each, name), join(target, name));
  }
}
process.stdout.write(`${target}\n`);

function programsIn(path) {
  try {
    return readdirSync(path);
  } catch {
    return []; // a PATH may name folders that are not there
  }
}
