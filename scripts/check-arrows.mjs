// Holds the packages to the arrows drawn in ARCHITECTURE.md:
//   1. a package imports a workspace package if and only if its package.json declares it;
//   2. every declared dependency of a package in the picture follows the arrows, directly or over others;
//   3. every arrow is somebody's dependency, so that the picture does not outlive the code; and there is no cycle.
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { root, workspacePackages } from "./workspace.mjs";

const packages = workspacePackages();
const names = new Set(packages.map(({ name }) => name));
const problems = [];

const arrows = readArrows(); // name -> names it may import directly
for (const { name, folder, manifest } of packages) {
  const declared = new Set(Object.keys({ ...manifest.dependencies, ...manifest.devDependencies, ...manifest.peerDependencies }).filter(isOurs));
  const imported = importsOf(folder);
  for (const target of imported) if (!declared.has(target)) problems.push(`${folder} imports ${target}, which its package.json does not declare`);
  for (const target of declared) if (!imported.has(target)) problems.push(`${folder} declares ${target} and never imports it`);

  if (!arrows.has(name)) continue; // tools outside the packages (bench, scripts) may use them all
  const allowed = reachableFrom(name);
  for (const target of declared) if (!allowed.has(target)) problems.push(`${folder} depends on ${target} against the arrows of ARCHITECTURE.md`);
  for (const target of arrows.get(name))
    if (!declared.has(target)) problems.push(`ARCHITECTURE.md draws ${name} --> ${target}, which is not a dependency`);
  if (allowed.has(name)) problems.push(`ARCHITECTURE.md draws a cycle through ${name}`);
}

for (const problem of problems) process.stderr.write(`check-arrows: ${problem}\n`);
if (problems.length === 0) process.stdout.write(`check-arrows: ${packages.length} packages follow the arrows of ARCHITECTURE.md\n`);
process.exitCode = problems.length === 0 ? 0 : 1;

function isOurs(name) {
  return names.has(name);
}

function readArrows() {
  const picture = readFileSync(join(root, "ARCHITECTURE.md"), "utf8").match(/```mermaid\n([\s\S]*?)```/)?.[1] ?? "";
  const found = new Map(packages.filter(({ folder }) => /^(packages|apps)\//.test(folder)).map(({ name }) => [name, new Set()]));
  for (const [, from, to] of picture.matchAll(/^\s*([\w-]+) --> ([\w-]+)\s*$/gm)) {
    for (const word of [from, to]) if (!names.has(fullName(word))) problems.push(`ARCHITECTURE.md draws ${word}, which is no package`);
    found.get(fullName(from))?.add(fullName(to));
  }
  return found;
}

function fullName(word) {
  return word === "diffucoder" ? word : `@diffucoder/${word}`;
}

function reachableFrom(name) {
  const reached = new Set();
  const open = [...(arrows.get(name) ?? [])];
  while (open.length > 0) {
    const next = open.pop();
    if (reached.has(next)) continue;
    reached.add(next);
    open.push(...(arrows.get(next) ?? []));
  }
  return reached;
}

function importsOf(folder) {
  const found = new Set();
  for (const path of sourcesIn(join(root, folder))) {
    // Statements start their line, so that imports in doc comments do not count.
    const statements = /^(?:import|export)\b[^;"]*?\bfrom\s*"([^"]+)"|^import\s*"([^"]+)"|\bimport\("([^"]+)"\)/gm;
    const source = readFileSync(path, "utf8");
    for (const [, from, bare, dynamic] of source.matchAll(statements)) {
      const target = from ?? bare ?? dynamic;
      if (isOurs(target)) found.add(target);
    }
  }
  return found;
}

/** Does not go into folders of others: node_modules alone leads to everything that is installed. */
function sourcesIn(folder) {
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) return ["node_modules", "dist", "runs"].includes(entry.name) ? [] : sourcesIn(path);
    return /\.(m?ts|mjs)$/.test(entry.name) ? [path] : [];
  });
}
