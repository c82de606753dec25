// Reads vitest's JSON reports: lists the tests that did not run, and ends with the line `N passed, N failed[, N skipped]`
// over all of them. Exits 1 if a test failed, a test file could not be loaded, or there was no test at all.
import { readFileSync } from "node:fs";
import { relative } from "node:path";

const total = { passed: 0, failed: 0, skipped: 0 };
for (const path of process.argv.slice(2)) {
  const { counts, lines } = summarize(readReport(path));
  for (const name of Object.keys(total)) total[name] += counts[name];
  if (process.argv.length > 3) lines.unshift(`-- ${path}: ${line(counts)}`);
  process.stdout.write(lines.map((each) => `${each}\n`).join(""));
}
process.stdout.write(`${line(total)}\n`);
if (total.failed > 0) process.exitCode = 1;

function line({ passed, failed, skipped }) {
  return `${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ""}`;
}

function readReport(path) {
  try {
    return JSON.parse(readFileSync(path, "utf8"));
  } catch (error) {
    process.stdout.write(`No test report: ${error.message}\n`);
    return { success: false, testResults: [] };
  }
}

function summarize({ success, testResults }) {
  const counts = { passed: 0, failed: 0, skipped: 0 };
  const lines = [];
  for (const { name: path, status, message, assertionResults } of testResults) {
    const file = relative(process.cwd(), path);
    let failures = 0;
    for (const test of assertionResults) {
      if (test.status === "passed") counts.passed++;
      else if (test.status === "failed") failures++;
      else {
        counts.skipped++;
        lines.push(`SKIPPED ${file} > ${test.fullName}`);
      }
    }
    // A file that cannot be imported, or whose hooks fail, fails without a failing test.
    if (status === "failed" && failures === 0) {
      failures = 1;
      lines.push(`FAILED ${file}: ${message.split("\n")[0]}`);
    }
    counts.failed += failures;
  }
  if (counts.passed === 0 && counts.failed === 0) lines.push("No test ran.");
  else if (!success && counts.failed === 0) lines.push("vitest reports an error outside the tests (see above).");
  else return { counts, lines };
  return { counts: { ...counts, failed: Math.max(counts.failed, 1) }, lines };
}
