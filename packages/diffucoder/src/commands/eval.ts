// The commands `eval`, `rescore` and `score`: flags in, tables or JSON out.
import { addSettingOptions, showProgress } from "@diffucoder/command-line";
import { AbortedError, InvalidArgumentError, type OnProgress, parseConfig, readBytes } from "@diffucoder/core";
import { LoadSettingsSchema } from "@diffucoder/engine";
import type { EvalResult } from "@diffucoder/eval";
import { evalTable } from "@diffucoder/report";
import { createSandbox, type Sandbox } from "@diffucoder/reward-sandbox";
import { type LeftOut, printable, type TaskLine } from "@diffucoder/tasks";
import { type Command, InvalidArgumentError as InvalidFlagError } from "commander";
import { type Flags, readSettings, settingsText } from "./setting-flags.ts";
import type { CommandContext } from "../command-context.ts";
import {
  besideTheCard,
  besideTheCardText,
  cardSettings,
  clearEvaluation,
  EvalConfigSchema,
  type ProgramReward,
  readScoreLines,
  rescore,
  RESULT_FILE,
  runEval,
  scoreLine,
} from "@diffucoder/recipes";

type Context = Pick<CommandContext, "terminal" | "signal" | "fail">;

const EVAL_TEXTS = ["dataset", "model", "output", "python"];
const PYTHON = "Python to run programs with, including its installed packages (default: the system's python3, without packages)";

/** How programs are run. */
interface RunFlags {
  workers: number;
  python?: string;
  json?: boolean;
}

const repeated = (value: string, before: string[] = []): string[] => [...before, value];

/** Adds the commands to `diffucoder`. */
export function addEvalCommands(program: Command, context: Context): void {
  addSettingOptions(program.command("eval"), LoadSettingsSchema.shape)
    .description("scores samples of a benchmark, of TinyCode or of tasks of your own: pass@k with intervals")
    .option(
      "--dataset <name>",
      "tinycode, tinycode-full, humaneval, humaneval+, mbpp, mbpp+, infilling-..., multipl-e-js, multipl-e-ts, bigcodebench, or a file of JSON lines",
    )
    .option("--samples <file>", "samples in EvalPlus's format; several files are a sweep", repeated)
    .option("--model <dir-or-repo>", "model that writes the samples, instead of a file; a known one is asked as its published score was measured")
    .option("--output <dir>", "folder for samples, scores and the report; an interrupted evaluation resumes there")
    .option("--workers <n>", "programs that run at the same time (default: 2)")
    .option("--python <path>", PYTHON)
    .option("--fresh", "start over instead of resuming the run in the folder")
    .option("--config <file>", "settings as JSON")
    .option("--set <key=value>", "one setting, e.g. temperature=[0.2,0.3,0.4]; may be repeated", repeated, [])
    .option("--print-config", "show every setting with its value, source, default and meaning, then exit")
    .option("--json", "print the result as JSON")
    .allowExcessArguments(false)
    .action((flags: Flags) => evaluate(flags, context));
  program
    .command("rescore")
    .description(`scores the raw generations of an ${RESULT_FILE} again, and fails if the score differs`)
    .argument("<result>", RESULT_FILE)
    .option("--workers <n>", "programs that run at the same time", positiveInteger, 2)
    .option("--python <path>", "Python to run programs with (default: the one that the result names)")
    .option("--json", "print the result as JSON")
    .action((path: string, flags: RunFlags) => rescoreResult(path, flags, context));
  program
    .command("score")
    .description("runs programs against the tests on their own line")
    .requiredOption("--input <file>", "JSON lines of tasks with a completion or code each (docs/task-format.md)")
    .option("--workers <n>", "programs that run at the same time", positiveInteger, 2)
    .option("--python <path>", PYTHON)
    .option("--json", "print a JSON line per program")
    .allowExcessArguments(false)
    .action((flags: RunFlags & { input: string }) => score(flags, context));
}

async function evaluate({ fresh, ...flags }: Flags, { terminal, signal, fail }: Context): Promise<void> {
  const { json } = flags;
  const source = flags.config ?? "eval settings";
  if (flags.printConfig === true) {
    const defaults = [{ source: "published evaluation", data: cardSettings(readSettings(flags, EVAL_TEXTS)) }];
    terminal.out(settingsText(EvalConfigSchema, { flags, texts: EVAL_TEXTS, defaults, source }));
    return;
  }
  const given = readSettings(flags, EVAL_TEXTS);
  const config = parseConfig(EvalConfigSchema, { ...cardSettings(given), ...given }, { source });
  if (fresh === true && config.output !== undefined) clearEvaluation(config.output);
  const onNotice = (notice: string): void => terminal.error(`Note: ${notice}.`);
  const result = await showProgress({ terminal, json }, (onProgress) => runEval({ config, onProgress, onNotice, signal }));
  const beside = besideTheCard(result, config);
  terminal.out(json === true ? JSON.stringify(beside === undefined ? result : { ...result, besideTheCard: beside }) : evalTable(result));
  if (json !== true && beside !== undefined) terminal.out(`\n${besideTheCardText(beside)}`);
  if (json !== true && config.output !== undefined) terminal.out(`\n${config.output}: ${RESULT_FILE}, report.html, samples`);
  if (!hasScore(result)) fail();
}

function hasScore({ runs }: EvalResult): boolean {
  return runs.some(({ samples }) => samples.length > 0);
}

async function rescoreResult(path: string, { workers, python, json }: RunFlags, { terminal, signal, fail }: Context): Promise<void> {
  const result = await showProgress({ terminal, json }, (onProgress) => rescore({ path, workers, python, onProgress, signal }));
  const sentence = result.reproduced
    ? `The score of ${result.samples} samples is the same.`
    : ["The score differs:", ...result.differences].join("\n  ");
  terminal.out(json === true ? JSON.stringify(result) : sentence);
  if (!result.reproduced) fail();
}

async function score({ input, workers, python, json }: RunFlags & { input: string }, { terminal, signal, fail }: Context): Promise<void> {
  const { lines, leftOut: refused } = readScoreLines(readBytes(input, { wayOut: "Give a file of JSON lines with --input." }));
  const tell = ({ where, reason }: LeftOut): void => terminal.error(`${input}: ${where}: ${reason}`);
  for (const line of refused) tell(line);
  const refuse = (line: LeftOut): void => {
    refused.push(line);
    tell(line);
  };
  const sandbox = await createSandbox({ workers, ...(python !== undefined && { python }) });
  if (sandbox.isolation.level !== "bubblewrap") terminal.error(`The sandbox runs with ${sandbox.isolation.description}.`);
  try {
    const rewards = await showProgress({ terminal, json }, (onProgress) => scoreLines(lines, { workers, sandbox, signal, onProgress, refuse }));
    for (const reward of rewards) terminal.out(json === true ? rewardJson(reward) : rewardText(reward));
    terminal.error(summary(rewards, refused));
    if (rewards.length === 0) fail();
  } finally {
    sandbox.close();
  }
}

interface ScoreLinesOptions {
  workers: number;
  sandbox: Sandbox;
  signal: AbortSignal;
  onProgress: OnProgress;
  /** Gets each line that the sandbox refuses. */
  refuse: (line: LeftOut) => void;
}

/** Rewards in the order of the lines, without those that were refused. */
async function scoreLines(lines: readonly TaskLine[], { workers, sandbox, signal, onProgress, refuse }: ScoreLinesOptions): Promise<ProgramReward[]> {
  const rewards: (ProgramReward | undefined)[] = lines.map(() => undefined);
  const open = [...lines.entries()];
  let done = 0;
  const work = async (): Promise<void> => {
    for (let entry = open.shift(); entry !== undefined; entry = open.shift()) {
      if (signal.aborted) throw new AbortedError("Scoring");
      const [i, line] = entry;
      try {
        rewards[i] = await scoreLine(line, { sandbox, signal });
      } catch (error) {
        if (!(error instanceof InvalidArgumentError)) throw error;
        refuse({ where: `line ${line.line}`, reason: printable(error.message) });
      }
      onProgress({ phase: "score", step: ++done, total: lines.length });
    }
  };
  await Promise.all(Array.from({ length: workers }, work));
  return rewards.filter((reward) => reward !== undefined);
}

/** The id is JSON already. */
const rewardJson = ({ id, ...rest }: ProgramReward): string => `{"id":${id},${JSON.stringify(rest).slice(1)}`;

function rewardText({ id, reward, verdicts, details, trust }: ProgramReward): string {
  const tests = verdicts.map((verdict, i) => `  test ${i + 1}: ${verdict}${details[i] ? ` (${printable(details[i])})` : ""}`);
  return [
    `${printable(id.startsWith('"') ? (JSON.parse(id) as string) : id)}: reward ${reward === null ? "none, the sandbox failed" : reward.toFixed(3)}${trust === "low" ? ", low trust" : ""}`,
    ...tests,
  ].join("\n");
}

function summary(rewards: readonly ProgramReward[], refused: readonly LeftOut[]): string {
  const failed = rewards.filter(({ reward }) => reward === null).length;
  const parts = [
    `${counted(rewards.length - failed, "program")} scored, ${rewards.filter(({ reward }) => reward === 1).length} pass every test`,
    ...(failed > 0 ? [`${failed} without a reward because the sandbox failed`] : []),
    ...(refused.length > 0 ? [`${counted(refused.length, "line")} left out`] : []),
  ];
  return `${parts.join("; ")}.`;
}

const counted = (count: number, noun: string): string => `${count} ${noun}${count === 1 ? "" : "s"}`;

function positiveInteger(text: string): number {
  const value = Number(text);
  if (!Number.isInteger(value) || value < 1 || value > 256) throw new InvalidFlagError("It must be a whole number from 1 to 256.");
  return value;
}
