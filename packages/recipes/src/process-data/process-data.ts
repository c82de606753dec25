// `train process-data`: a file of training data without what should not be learned, and a report of what was left out, by line.
import { closeSync, openSync, renameSync, writeSync } from "node:fs";
import { join } from "node:path";
import { AbortedError, claimRun, contentHash, FileError, type OnProgress, runFingerprint, UnavailableError, writeFileAtomic } from "@diffucoder/core";
import type { ExecutorOptions } from "@diffucoder/engine";
import type { Sandbox } from "@diffucoder/reward-sandbox";
import {
  benchmarkGrams,
  type DataFolders,
  defaultFolders,
  isTrainable,
  readDataLines,
  type Task,
  type TrainableTask,
  type WordGrams,
} from "@diffucoder/tasks";
import { Tokenizer } from "@diffucoder/tokenizer";
import { type Difficulty, filterByDifficulty } from "./difficulty.ts";
import { judgeTasks } from "./judge-tasks.ts";
import { lineFilter, type LeftOutLine, type Reason } from "./line-filter.ts";
import type { ProcessDataConfig } from "./process-data-config.ts";

/** A run of `process-data`, and where it happens. */
export interface ProcessDataOptions {
  /** What stays. */
  config: ProcessDataConfig;
  /** File of JSON lines (docs/training-data.md). */
  input: string;
  /** Folder of the run. */
  output: string;
  /** tokenizer.json that counts the tokens. */
  tokenizerFile: string;
  /** Folders of models that judge how hard tasks are. @default none: the difficulty is not looked at */
  judges?: readonly string[] | undefined;
  /** How they are run. @default as `diffucoder generate` does */
  execution?: ExecutorOptions | undefined;
  /** Where their programs run; needed with judges. */
  sandbox?: Sandbox | undefined;
  /** Where benchmarks lie. @default `defaultFolders()` */
  folders?: DataFolders | undefined;
  /** Gets the number of samples that are done. */
  onProgress: OnProgress;
  /** Gets a notice of what could not be checked. */
  onNote: (note: string) => void;
  /** Stops the run; samples that were drawn are kept. */
  signal: AbortSignal;
}

/** What a run found. */
export interface ProcessDataReport {
  /** Lines with something on them. */
  readonly lines: number;
  /** Lines in `data.jsonl`. */
  readonly kept: number;
  /** Lines that were left out, by reason; each is in `left-out.jsonl`. */
  readonly leftOut: Readonly<Partial<Record<Reason, number>>>;
  /** Benchmarks that the lines were compared with. */
  readonly comparedWith: readonly string[];
  /** Benchmarks that are not available, so that nothing is known of them. */
  readonly notCompared: readonly string[];
  /** Limits of the difficulty filter. @default nothing was judged */
  readonly limits?:
    | {
        /** A task's mean pass rate is at most this. */
        readonly mean: number;
        /** The standard deviation of its pass rates is at least this. */
        readonly std: number;
      }
    | undefined;
  /** Hash of `data.jsonl`. */
  readonly sha256: string;
}

/** Names of the files of a run. */
export const PROCESSED = { data: "data.jsonl", leftOut: "left-out.jsonl", report: "report.json" };

/**
 * Filters a file of texts, prompts with responses, or tasks. The lines that stay are written to `data.jsonl` as they stand in the file, the others to
 * `left-out.jsonl` with the reason, and the counts to `report.json`. A run that was stopped while its judges drew samples goes on where it was.
 *
 * @throws {FileError} if the file cannot be read, has no usable line or mixes kinds, if nothing stays, or if the folder holds a run with other settings
 * @throws {AbortedError} when `signal` fires
 */
export async function processData(options: ProcessDataOptions): Promise<ProcessDataReport> {
  const { config, input, output, tokenizerFile, judges = [] } = options;
  const files = Object.fromEntries(
    judges.flatMap((modelDir, i) =>
      Object.entries(runFingerprint({ recipe: {}, modelDir })).map(([name, hash]) => [`judge ${i + 1}: ${name}`, hash]),
    ),
  );
  const settings = {
    command: "process-data",
    ...config,
    "input (its content)": contentHash(input),
    "tokenizer (its content)": contentHash(tokenizerFile),
    ...files,
  };
  claimRun(output, { settings });
  const { grams, comparedWith, notCompared } = await gramsOf(options);
  const { kept, tasks, leftOut, lines } = sift(options, grams);
  const limits = judges.length === 0 ? undefined : await judge(options, { kept, tasks, leftOut });
  if (kept.size === 0) throw nothingStays(input, leftOut, limits && { ...config.difficulty, ...limits });
  writeKept(input, join(output, PROCESSED.data), kept);
  const sorted = leftOut.toSorted((a, b) => a.line - b.line);
  writeFileAtomic(join(output, PROCESSED.leftOut), sorted.map((line) => `${JSON.stringify(line)}\n`).join(""));
  const report: ProcessDataReport = {
    lines,
    kept: kept.size,
    leftOut: countsOf(leftOut),
    comparedWith,
    notCompared,
    ...(limits && { limits: { mean: limits.meanLimit, std: limits.stdLimit } }),
    sha256: contentHash(join(output, PROCESSED.data)),
  };
  writeFileAtomic(join(output, PROCESSED.report), `${JSON.stringify(report, null, 2)}\n`);
  return report;
}

/** The benchmarks' texts; one whose file is not there is passed over, with a notice. */
async function gramsOf({ config, folders = defaultFolders(), onNote }: ProcessDataOptions) {
  const comparedWith: string[] = [];
  const notCompared: string[] = [];
  let grams: WordGrams | undefined;
  for (const name of config.benchmarks) {
    try {
      grams = await benchmarkGrams([name], { folders, ...(grams && { grams }) });
      comparedWith.push(name);
    } catch (error) {
      if (!(error instanceof UnavailableError)) throw error;
      notCompared.push(name);
      onNote(`The lines are NOT compared with ${name}. ${error.message}`);
    }
  }
  return { grams, comparedWith, notCompared };
}

interface Sifted {
  /** Numbers of the lines that stay. */
  kept: Set<number>;
  /** Their tasks, if they are tasks and there are judges. */
  tasks: Map<number, Task>;
  leftOut: LeftOutLine[];
}

function sift({ config, input, tokenizerFile, judges = [], signal }: ProcessDataOptions, grams: WordGrams | undefined): Sifted & { lines: number } {
  const reasonOf = lineFilter({ config, tokenizer: Tokenizer.fromFile(tokenizerFile), grams });
  const sifted: Sifted = { kept: new Set(), tasks: new Map(), leftOut: [] };
  const ids = new Set<string>();
  let lines = 0;
  for (const one of readDataLines(input)) {
    if (signal.aborted) throw new AbortedError("Processing the data");
    lines++;
    const { line } = one;
    if (!("record" in one)) {
      sifted.leftOut.push({ line, reason: "unusable", detail: one.reason });
      continue;
    }
    const { record } = one;
    const reason = reasonOf(line, record) ?? (record.kind === "task" && judges.length > 0 ? notJudged(line, record.task.task, ids) : undefined);
    if (reason !== undefined) sifted.leftOut.push(reason);
    else {
      sifted.kept.add(line);
      if (record.kind === "task" && judges.length > 0) sifted.tasks.set(line, record.task.task as Task);
      else if (judges.length > 0)
        throw new FileError({ path: input, problem: "holds no tasks, so nothing can be judged", wayOut: "Leave out --judge." });
    }
  }
  return { ...sifted, lines };
}

/** Tasks that no judge can answer or no test can judge. */
function notJudged(line: number, task: Omit<Task, "prompt"> & Partial<Pick<Task, "prompt">>, ids: Set<string>): LeftOutLine | undefined {
  const left = (detail: string): LeftOutLine => ({ line, reason: "not judged", detail });
  if (task.prompt === undefined || task.prompt.kind === "hole") return left("a judge needs a prompt without a hole");
  if (!isTrainable({ ...task, prompt: task.prompt })) return left("no visible tests to judge by");
  if (ids.has(task.id)) return left(`an earlier line has the id ${JSON.stringify(task.id)}`);
  ids.add(task.id);
  return undefined;
}

/** Takes out of `kept` what the judges find too easy or hopeless. */
async function judge(options: ProcessDataOptions, { kept, tasks, leftOut }: Sifted): Promise<Difficulty | undefined> {
  const { config, judges = [], execution = {}, sandbox, output, onProgress, signal } = options;
  if (tasks.size === 0) return undefined;
  const lineOf = new Map([...tasks].map(([line, { id }]) => [id, line]));
  const { judged, leftOut: unjudged } = await judgeTasks({
    tasks: [...tasks.values()] as TrainableTask[],
    judges,
    execution,
    config: config.difficulty,
    seed: config.seed,
    sandbox: sandbox!,
    output,
    onProgress,
    signal,
  });
  const drop = (id: string, reason: Reason, detail: string): void => {
    kept.delete(lineOf.get(id)!);
    leftOut.push({ line: lineOf.get(id)!, reason, detail });
  };
  for (const { where, reason } of unjudged) drop(where, "not judged", reason);
  if (judged.length === 0) return undefined;
  const difficulty = filterByDifficulty(judged, config.difficulty);
  for (const { id, passRates } of judged) {
    const rates = passRates.map((rate) => Number(rate.toFixed(3))).join(", ");
    if (!difficulty.kept.has(id)) drop(id, "difficulty", `pass rates ${rates}`);
  }
  return difficulty;
}

function countsOf(leftOut: readonly LeftOutLine[]): Partial<Record<Reason, number>> {
  const counts: Partial<Record<Reason, number>> = {};
  for (const { reason } of leftOut) counts[reason] = (counts[reason] ?? 0) + 1;
  return counts;
}

function nothingStays(path: string, leftOut: readonly LeftOutLine[], limits: (ProcessDataConfig["difficulty"] & Difficulty) | undefined): FileError {
  const counts = Object.entries(countsOf(leftOut)).map(([reason, count]) => `${count} ${reason}`);
  const problem = `no line is left: ${counts.join(", ")}`;
  if (limits === undefined) return new FileError({ path, problem });
  const { meanPercentile, stdPercentile, meanLimit, stdLimit } = limits;
  const wanted = `No task has a mean pass rate of at most ${meanLimit.toFixed(3)} (percentile ${meanPercentile}) and a standard deviation of at least ${stdLimit.toFixed(3)} (percentile ${stdPercentile})`;
  return new FileError({ path, problem, wayOut: `${wanted}: raise difficulty.meanPercentile or lower difficulty.stdPercentile.` });
}

/** Copies the lines that stay, as they stand in the file. */
function writeKept(input: string, path: string, kept: ReadonlySet<number>): void {
  const file = openSync(`${path}.part`, "w");
  try {
    for (const one of readDataLines(input)) if ("text" in one && kept.has(one.line)) writeSync(file, `${one.text}\n`);
  } finally {
    closeSync(file);
  }
  renameSync(`${path}.part`, path);
}
