// `train process-data`: training data without copies, lines of the wrong length, texts of benchmarks and, with a judge, tasks that are too easy.
import { existsSync } from "node:fs";
import { addSettingOptions, showProgress, type Terminal } from "@diffucoder/command-line";
import { FileError, parseConfig, readConfigData, withFolder } from "@diffucoder/core";
import { PROCESSED, processData, ProcessDataConfigSchema, type ProcessDataReport, recipeFile } from "@diffucoder/recipes";
import { type ExecutorOptions, ExecutorOptionsSchema } from "diffucoder";
import type { Command } from "commander";
import { PYTHON, withSandbox } from "./sandbox.ts";

interface ProcessDataFlags extends ExecutorOptions {
  input: string;
  output: string;
  judge: string[];
  tokenizer?: string;
  python?: string;
  config?: string;
  set: string[];
  json?: boolean;
}

const repeated = (value: string, before: string[]): string[] => [...before, value];

/** Adds `process-data` to the program. */
export function addProcessDataCommand(program: Command, context: { terminal: Terminal; signal: AbortSignal }): void {
  addSettingOptions(program.command("process-data"), ExecutorOptionsSchema.shape)
    .description("filters training data of your own: copies, lengths, overlap with benchmarks and, with a judge, how hard tasks are")
    .requiredOption("--input <file>", "JSON lines of texts, of prompts with responses, or of tasks (docs/training-data.md)")
    .option("--output <dir>", "folder of the run", "runs/process-data")
    .option("--judge <dir>", "model whose samples say how hard a task is; may be repeated (default: none)", repeated, [])
    .option("--tokenizer <file>", "tokenizer.json that counts a line's tokens (default: the small model's)")
    .option("--python <path>", PYTHON)
    .option("--config <file>", "settings as JSON")
    .option("--set <key=value>", "one setting, e.g. maxTokens=512; may be repeated", repeated, [])
    .option("--json", "print the report as JSON, and progress as JSON lines")
    .allowExcessArguments(false)
    .action((flags: ProcessDataFlags) => run(flags, context));
}

async function run(flags: ProcessDataFlags, { terminal, signal }: { terminal: Terminal; signal: AbortSignal }): Promise<void> {
  const { input, output, judge: judges, tokenizer, config: file, set, json, executor, device, precision } = flags;
  const config = parseConfig(ProcessDataConfigSchema, readConfigData({ ...(file !== undefined && { file }), set }), { source: file ?? "settings" });
  const execution = parseConfig(
    ExecutorOptionsSchema,
    Object.fromEntries(Object.entries({ executor, device, precision }).filter(([, value]) => value !== undefined)),
    { source: "settings" },
  );
  const onNote = (note: string): void => terminal.error(note);
  const tokenizerFile = tokenizer ?? recipeFile("tokenizer");
  const process = (sandbox?: Parameters<typeof processData>[0]["sandbox"]): Promise<ProcessDataReport> =>
    showProgress({ terminal, json }, (onProgress) =>
      processData({ config, input, output, tokenizerFile, judges, execution, sandbox, signal, onProgress, onNote }),
    );
  if (!existsSync(input)) throw new FileError({ path: input, problem: "no such file" }); // before a sandbox is opened for the judges
  const report = await withFolder(output, () => (judges.length === 0 ? process() : withSandbox(flags, terminal, process)));
  terminal.out(json === true ? JSON.stringify(report) : reportText(report, output));
}

function reportText({ lines, kept, leftOut, comparedWith, limits }: ProcessDataReport, output: string): string {
  const reasons = Object.entries(leftOut).map(([reason, count]) => `  ${String(count).padStart(8)} ${reason}`);
  return [
    `${kept} of ${lines} lines stay${reasons.length === 0 ? "." : "; left out:"}`,
    ...reasons,
    ...(comparedWith.length > 0 ? [`Compared with ${comparedWith.join(", ")}.`] : []),
    ...(limits
      ? [`Hard enough: a mean pass rate of at most ${limits.mean.toFixed(3)}, with a standard deviation of at least ${limits.std.toFixed(3)}.`]
      : []),
    `${output}: ${Object.values(PROCESSED).join(", ")}`,
  ].join("\n");
}
