// `train report`, which is `npm run report`: the pages of the experiments.
import type { Terminal } from "@diffucoder/command-line";
import { writeExperiments } from "@diffucoder/recipes";
import type { Command } from "commander";

interface ReportFlags {
  experiments: string;
  output: string;
  json?: boolean;
}

/** Adds `report` to the program. */
export function addReportCommand(program: Command, { terminal }: { terminal: Terminal }): void {
  program
    .command("report")
    .description("rebuilds the report of the experiments from their records")
    .option("--experiments <dir>", "folder of the experiments", "docs/experiments")
    .option("--output <dir>", "folder of the pages", "report")
    .option("--json", "print the result as JSON")
    .allowExcessArguments(false)
    .action(({ experiments: folder, output, json }: ReportFlags) => {
      const written = writeExperiments({ folder, output });
      terminal.out(json === true ? JSON.stringify(written) : reportText(written, folder));
    });
}

function reportText({ index, experiments }: ReturnType<typeof writeExperiments>, folder: string): string {
  if (experiments.length === 0) return `${index}: there is no experiment in ${folder} yet.`;
  const lines = experiments.map(({ name, recorded, planned }) => `  ${name}: ${recorded} of ${planned} runs are recorded`);
  return [`${index} shows ${experiments.length} experiment${experiments.length === 1 ? "" : "s"}:`, ...lines].join("\n");
}
