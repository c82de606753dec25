// Prints the test files whose result may be another on a machine that lacks programs, a space between them, as .ci/run wants them:
//
//   node scripts/bare-test-files.mjs bare|bare-without-python REPORT     REPORT: vitest's JSON report of a whole run
//
// Those are the files that started a program (`vitest.setup.ts` writes down which; calls that block it does not see). Where there is still Python, a file that asks for every
// level of isolation by its name has run all that is left of it in the whole run; where there is none, it must skip.
import { readFileSync } from "node:fs";
import { relative } from "node:path";

const [machine, report] = process.argv.slice(2);
const { testResults } = JSON.parse(readFileSync(report, "utf8"));
const startsPrograms = ({ name, assertionResults }) =>
  assertionResults.some(({ meta }) => meta?.programs?.length > 0) || /\b(execFile|exec|spawn)Sync\(/.test(readFileSync(name, "utf8"));
const namesLevels = ({ name }) => /levels\.fixture|none-in-a-box\.fixture/.test(readFileSync(name, "utf8"));

const files = testResults.filter((result) => startsPrograms(result) && !(machine === "bare" && namesLevels(result)));
if (files.length === 0) throw new Error(`${report} names no test file that started a program`);
process.stdout.write(`${files.map(({ name }) => relative(process.cwd(), name)).join(" ")}\n`);
