// Prints the test files whose result may be another on a machine that lacks programs, a space between them, as .ci/run wants them:
//
//   node scripts/bare-test-files.mjs REPORT            REPORT: vitest's JSON report of a whole run
//   node scripts/bare-test-files.mjs REPORT BARER      BARER: that of a run on a machine that lacks more
//
// Those are the files that started a program (`vitest.setup.ts` writes down which; calls that block it does not see), but for programs that such
// a machine has too, and for Pyodide, which brings its Python along. A machine that lacks less shows something new only in a file some of whose
// tests skipped on the barer one. Of those, a file that asks for every level of isolation by its name has run all that is left of it in the
// whole run.
import { readFileSync } from "node:fs";
import { relative } from "node:path";

const [whole, barer] = process.argv.slice(2).map((path) => JSON.parse(readFileSync(path, "utf8")).testResults);
const sourceOf = ({ name }) => readFileSync(name, "utf8");
const hasThere = new Set(["esbuild", "redis-server"]);
const startsPrograms = (result) =>
  !/\bfindPyodide\(/.test(sourceOf(result)) &&
  (result.assertionResults.some(({ meta }) => meta?.programs?.some((program) => !hasThere.has(program))) ||
    /\b(execFile|exec|spawn)Sync\(/.test(sourceOf(result)));
const namesLevels = (result) => /levels\.fixture|none-in-a-box\.fixture/.test(sourceOf(result));

const ran = ({ assertionResults }) => assertionResults.filter(({ status }) => status === "passed" || status === "failed").length;
const ranOnBarer = new Map((barer ?? []).map((result) => [result.name, ran(result)]));
const ranMore = (result) => ran(result) > (ranOnBarer.get(result.name) ?? 0);

const files = whole.filter((result) => startsPrograms(result) && (barer === undefined || (ranMore(result) && !namesLevels(result))));
if (files.length === 0) throw new Error(`${process.argv[2]} names no test file that started a program and is to be run again`);
process.stdout.write(`${files.map(({ name }) => relative(process.cwd(), name)).join(" ")}\n`);
