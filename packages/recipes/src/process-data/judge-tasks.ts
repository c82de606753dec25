// The pass rates of tasks: samples of the judges, run on the tasks' visible tests. Samples and rates are kept as they come, so that a stopped run
// goes on where it was.
import { join } from "node:path";
import { AbortedError, JsonLinesLog, type OnProgress } from "@diffucoder/core";
import { type ExecutorOptions, loadDiffuCoder } from "@diffucoder/engine";
import { drawSamples, type KeptSample } from "@diffucoder/eval";
import { type Sandbox, scoreCompletions } from "@diffucoder/reward-sandbox";
import { type LeftOut, rewardTests, type TrainableTask } from "@diffucoder/tasks";
import { modelAnswers } from "../evaluation/model-answers.ts";
import type { JudgedTask } from "./difficulty.ts";
import type { DifficultyConfig } from "./process-data-config.ts";

/** What the judges work with. */
export interface JudgeOptions {
  tasks: readonly TrainableTask[];
  /** Folders of the models that draw samples. */
  judges: readonly string[];
  /** How each is run. */
  execution: ExecutorOptions;
  config: DifficultyConfig;
  seed: number;
  sandbox: Sandbox;
  /** Folder of the run. */
  output: string;
  onProgress: OnProgress;
  signal: AbortSignal;
}

/** A sample's pass rate, as it is kept; null if the sandbox could not judge. */
type KeptRate = [sample: number, rate: number | null];

/** Programs that are scored between two looks at the signal. */
const SCORED_AT_ONCE = 64;

/** @returns tasks with their pass rates, and those that no sample of could be judged */
export async function judgeTasks(options: JudgeOptions): Promise<{ judged: JudgedTask[]; leftOut: LeftOut[] }> {
  const rates = new Map<string, number[]>(options.tasks.map(({ id }) => [id, []]));
  const reasons = new Map<string, string>();
  for (const [i, dir] of options.judges.entries()) {
    const { samples, leftOut } = await drawn(dir, i, options);
    for (const { where, reason } of leftOut) reasons.set(where, reason);
    for (const [taskId, rate] of await scored(samples, i, options)) if (rate !== null) rates.get(taskId)!.push(rate);
  }
  const judged = [...rates].flatMap(([id, passRates]): JudgedTask[] => (passRates.length === 0 || reasons.has(id) ? [] : [{ id, passRates }]));
  const known = new Set(judged.map(({ id }) => id));
  const leftOut = options.tasks.flatMap(({ id }): LeftOut[] =>
    known.has(id) ? [] : [{ where: id, reason: reasons.get(id) ?? "the sandbox failed" }],
  );
  return { judged, leftOut };
}

async function drawn(dir: string, judge: number, options: JudgeOptions): ReturnType<typeof drawSamples> {
  const { tasks, config, seed, output, execution, onProgress, signal } = options;
  const log = new JsonLinesLog<KeptSample>(join(output, `samples-${judge + 1}.jsonl`));
  const coder = await loadDiffuCoder(dir, { ...execution, maxRows: config.batchSize, signal, onProgress });
  try {
    return await drawSamples({
      tasks,
      samplesPerTask: config.samplesPerTask,
      batchSize: config.batchSize,
      generate: modelAnswers(coder, {
        templateOf: () => "chat",
        decoding: { temperature: config.temperature },
        masks: 1, // no task has a hole
        reveals: new Set(),
        signal,
      }),
      seed,
      finished: log.kept,
      onSample: (sample) => log.append(sample),
      onProgress,
      phase: `judge ${judge + 1}`,
      signal,
    });
  } finally {
    await coder.close();
  }
}

async function scored(
  samples: Awaited<ReturnType<typeof drawSamples>>["samples"],
  judge: number,
  { tasks, sandbox, output, onProgress, signal }: JudgeOptions,
): Promise<[taskId: string, rate: number | null][]> {
  const log = new JsonLinesLog<KeptRate>(join(output, `pass-rates-${judge + 1}.jsonl`));
  const known = new Map<number, number | null>(log.kept);
  const byId = new Map(tasks.map((task) => [task.id, rewardTests(task)]));
  const open = samples.filter(({ line }) => !known.has(line));
  for (let start = 0; start < open.length; start += SCORED_AT_ONCE) {
    if (signal.aborted) throw new AbortedError("Judging");
    const batch = open.slice(start, start + SCORED_AT_ONCE);
    const scores = await scoreCompletions({
      sandbox,
      completions: batch.map(({ text }) => text),
      tasks: batch.map(({ taskId }) => byId.get(taskId)!),
    });
    for (const [i, { code }] of scores.entries()) {
      known.set(batch[i]!.line, code);
      if (code !== null) log.append([batch[i]!.line, code]);
    }
    onProgress({ phase: `judge ${judge + 1}, tests`, step: samples.length - open.length + start + batch.length, total: samples.length });
  }
  return samples.map(({ line, taskId }) => [taskId, known.get(line)!]);
}
