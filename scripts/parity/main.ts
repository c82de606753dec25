// `npm run parity -- DIR...`: one line for each golden file; exit code 1 if one does not match. Files beside the directories, which `golden/*`
// names too, are passed over.
import { existsSync, statSync } from "node:fs";
import { checkDirectory } from "./check-directory.ts";
import type { CheckResult } from "./check.ts";

process.exitCode = await main(process.argv.slice(2));

async function main(paths: readonly string[]): Promise<number> {
  const missing = paths.filter((path) => !existsSync(path));
  const directories = paths.filter((path) => existsSync(path) && statSync(path).isDirectory());
  for (const path of missing) process.stderr.write(`${path}: no such directory.\n`);
  if (directories.length === 0) {
    process.stderr.write("usage: npm run parity -- DIR...   (directories of the form of golden/dream-f32)\n");
    return 1;
  }
  let failed = missing.length > 0;
  for (const directory of directories) {
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
