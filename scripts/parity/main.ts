// `npm run parity -- DIR...`: one line for each golden file; exit code 1 if one does not match.
import { statSync } from "node:fs";
import { checkDirectory } from "./check-directory.ts";
import type { CheckResult } from "./check.ts";

process.exitCode = await main(process.argv.slice(2));

async function main(directories: readonly string[]): Promise<number> {
  if (directories.length === 0) {
    process.stderr.write("usage: npm run parity -- DIR...   (directories of the form of golden/dream-f32)\n");
    return 1;
  }
  let failed = false;
  for (const directory of directories) {
    if (!statSync(directory, { throwIfNoEntry: false })?.isDirectory()) {
      process.stderr.write(`${directory}: no such directory.\n`);
      failed = true;
      continue;
    }
    process.stdout.write(`${directory}\n`);
    for (const result of await checkDirectory(directory)) {
      process.stdout.write(`${line(result)}\n`);
      failed ||= result.status === "mismatch";
    }
  }
  return failed ? 1 : 0;
}

function line({ file, status, largestError, detail }: CheckResult): string {
  const error = largestError === undefined ? "-" : largestError.toExponential(1);
  return `  ${status.padEnd(11)}  ${file.padEnd(20)}  largest error ${error.padEnd(8)}  ${detail}`;
}
