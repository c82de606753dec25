// Packs every public package as npm would get it and looks at the tarball: the right files and no others, publint
// (strict), @arethetypeswrong (ESM only), and no more bytes than budgets.json allows, with room for a tenth. One line per package; run it
// after a build. `--update` writes today's sizes there (`pnpm budgets:update`).
import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { root, workspacePackages } from "./workspace.mjs";

const budgetFile = join(root, "scripts", "budgets.json");
const budgets = JSON.parse(readFileSync(budgetFile, "utf8"));
const ROOM = 1.1;
const isUpdate = process.argv.includes("--update");
if (isUpdate) budgets.packedBytes = {};
const folder = mkdtempSync(join(tmpdir(), "check-pack-"));
let failures = 0;
try {
  for (const each of workspacePackages()) {
    if (each.manifest.private) continue;
    const problems = checkPackage(each);
    process.stdout.write(`${problems.length === 0 ? "ok  " : "FAIL"} ${each.name}\n`);
    for (const problem of problems) process.stdout.write(`     ${problem.trimEnd().replaceAll("\n", "\n     ")}\n`);
    if (problems.length > 0) failures++;
  }
} finally {
  rmSync(folder, { recursive: true, force: true });
}
if (isUpdate) writeFileSync(budgetFile, `${JSON.stringify(budgets, null, 2)}\n`);
process.exitCode = failures === 0 ? 0 : 1;

function checkPackage({ name, folder: source, manifest }) {
  const target = join(folder, name.replace(/[@/]/g, "_"));
  const packed = run("pnpm/pnpm", ["pack", "--json", "--pack-destination", target], join(root, source));
  if (packed.exitCode !== 0) return [`pnpm pack failed:\n${packed.output}`];
  const { filename: tarball, files: entries } = JSON.parse(packed.output);

  const problems = [];
  const files = entries.map(({ path }) => path);
  for (const wanted of ["package.json", "README.md", "LICENSE"]) if (!files.includes(wanted)) problems.push(`the tarball lacks ${wanted}`);
  for (const path of exportedPaths(manifest)) if (!files.includes(path)) problems.push(`package.json promises ${path}, which is not in the tarball`);
  for (const file of files) if (!belongs(file, manifest.files ?? [])) problems.push(`the tarball should not hold ${file}`);

  const { size } = statSync(tarball);
  if (isUpdate) budgets.packedBytes[name] = size;
  if (!(size <= ROOM * budgets.packedBytes[name]))
    problems.push(
      `the tarball has ${size} bytes; scripts/budgets.json allows ${budgets.packedBytes[name]} and a tenth. Find what came in, or put ${size} there`,
    );

  const publint = run("publint/src/cli.js", [tarball, "--strict"], root);
  if (publint.exitCode !== 0) problems.push(publint.output);
  const attw = run("@arethetypeswrong/cli/dist/index.js", [tarball, "--profile", "esm-only", "--format", "ascii", "--no-color"], root);
  if (attw.exitCode !== 0) problems.push(attw.output);
  return problems;
}

function belongs(file, allowed) {
  if (/\.(test|fixture)\.|(^|\/)(fixtures|__snapshots__)\//.test(file)) return false;
  if (["package.json", "README.md", "LICENSE", "NOTICE", "CHANGELOG.md"].includes(file)) return true;
  return allowed.some((entry) => file === entry || file.startsWith(`${entry}/`));
}

/** Every file that `exports` and `bin` name. */
function exportedPaths({ exports = {}, bin = {} }) {
  const paths = [];
  const visit = (value) => {
    if (typeof value === "string") paths.push(value.replace(/^\.\//, ""));
    else for (const inner of Object.values(value ?? {})) visit(inner);
  };
  visit(exports);
  visit(bin);
  return paths.filter((path) => !path.includes("*"));
}

function run(script, args, cwd) {
  const path = join(root, "node_modules", script);
  const [program, all] = /\.m?js$/.test(script) ? [process.execPath, [path, ...args]] : [path, args];
  const result = spawnSync(program, all, { cwd, encoding: "utf8", env: { ...process.env, NO_COLOR: "1", FORCE_COLOR: "0" } });
  if (result.error) return { exitCode: 1, output: result.error.message };
  return { exitCode: result.status, output: result.status === 0 ? result.stdout : `${result.stdout}${result.stderr}` };
}
