// Prints the test files whose result may be another on a machine that lacks programs, a space between them, as .ci/run wants them:
//
//   node scripts/bare-test-files.mjs REPORT            REPORT: vitest's JSON report of a whole run
//   node scripts/bare-test-files.mjs REPORT BARER      BARER: that of a run on a machine that lacks more
//
// Those are the files that started a program (`vitest.setup.ts` writes down which; calls that block it does not see). A machine that lacks
// less shows something new only in a file some of whose tests skipped on the barer one. Of those, a file that asks for every level of
// isolation by its name has run all that is left of it in the whole run.
import { readFileSync } from "node:fs";
import { relative } from "node:path";

const [whole, barer] = process.argv.slice(2).map((path) => JSON.parse(readFileSync(path, "utf8")).testResults);
const startsPrograms = ({ name, assertionResults }) =>
  assertionResults.some(({ meta }) => meta?.programs?.length > 0) || /\b(execFile|exec|spawn)Sync\(/.test(readFileSync(name, "utf8"));
const namesLevels = ({ name }) => /levels\.fixture|none-in-a-box\.fixture/.test(readFileSync(name, "utf8"));

const ran = ({ assertionResults }) => assertionResults.filter(({ status }) => status === "passed" || status === "failed").length;
const ranOnBarer = new Map((barer ?? []).map((result) => [result.name, ran(result)]));
const ranMore = (result) => ran(result) > (ranOnBarer.get(result.name) ?? 0);

const files = whole.filter((result) => startsPrograms(result) && (barer === undefined || (ranMore(result) && !namesLevels(result))));
if (files.length === 0) throw new Error(`${process.argv[2]} names no test file that started a program and is to be run again`);
process.stdout.write(`${files.map(({ name }) => relative(process.cwd(), name)).join(" ")}\n`);
