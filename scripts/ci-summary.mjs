// Reads vitest's JSON report: lists the tests that did not run, and ends with the line `N passed, N failed[, N skipped]`.
// Exits 1 if a test failed, a test file could not be loaded, or there was no test at all.
import { readFileSync } from "node:fs";
import { relative } from "node:path";

const { lines, exitCode } = summarize(readReport(process.argv[2]));
process.stdout.write(`${lines.join("\n")}\n`);
process.exitCode = exitCode;

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
  const none = counts.passed === 0 && counts.failed === 0;
  if (none) lines.push("No test ran.");
  else if (!success && counts.failed === 0) lines.push("vitest reports an error outside the tests (see above).");
  const skipped = counts.skipped > 0 ? `, ${counts.skipped} skipped` : "";
  lines.push(`${counts.passed} passed, ${counts.failed} failed${skipped}`);
  return { lines, exitCode: success && counts.failed === 0 && !none ? 0 : 1 };
}
