import { join } from "node:path";
import { claimRun, createRandom, JsonLinesLog, type OnProgress, runFingerprint } from "@diffucoder/core";
import { checkExecutor, loadDiffuCoder, modelFolder, type ModelFolder, readModelFolder } from "@diffucoder/engine";
import {
  drawSamples,
  type EvalResult,
  evalResult,
  type EvalRun,
  type KeptSample,
  type ProgramScore,
  type Sample,
  type SampleSource,
  scoreSamples,
} from "@diffucoder/eval";
import { createSandbox, type Sandbox } from "@diffucoder/reward-sandbox";
import {
  type DataFolders,
  defaultFolders,
  type LeftOut,
  loadTasks,
  paperTemplate,
  promptMessages,
  type PromptTemplateName,
  sliceTasks,
  type Task,
  type TaskSet,
} from "@diffucoder/tasks";
import type { QueueOptions } from "../queue/announced-run.ts";
import { type AnswerQueue, openAnswerQueue, PIECES_AT_ONCE } from "../queue/answer-queue.ts";
import { checkModel, checkSettings, isInfilling } from "./check-model.ts";
import { checkpointHash } from "./checkpoint-hash.ts";
import { decodingOf, samplerRecord } from "./decoding-of.ts";
import type { EvalConfig } from "./eval-config.ts";
import { isolationOf } from "./isolation.ts";
import { modelAnswers } from "./model-answers.ts";
import { sampleFiles } from "./sample-files.ts";
import { sweepOf } from "./sweep.ts";
import { writeOutputs } from "./write-outputs.ts";

/** What `runEval` works on. */
export interface RunEvalOptions {
  /** What is evaluated, and how. */
  config: EvalConfig;
  /** Where benchmarks lie, and where computed results are kept. @default `defaultFolders()` */
  folders?: DataFolders | undefined;
  /** Where programs run; the caller closes it. @default one is made by the config's `isolation`, `python` and `workers` */
  sandbox?: Sandbox | undefined;
  /** Tasks, from the first, whose first sample records the order in which it was revealed. @default 0 */
  reveals?: number | undefined;
  /** Every sample of the result keeps its whole `DenoiseTrace`; in the folder, the generations do. @default false */
  traces?: boolean | undefined;
  /** Named in the progress events. @default "generate" and "score" with the dataset's title */
  phase?: string | undefined;
  /** Gets the number of samples that are done. */
  onProgress: OnProgress;
  /** Gets notices for a person that are not part of the result: a sentence without its full stop. */
  onNotice: (notice: string) => void;
  /** Has the answers written by workers, with the same result; the tests run here. @default all is done here */
  queue?: QueueOptions | undefined;
  /** Stops the evaluation; finished work is kept. */
  signal: AbortSignal;
}

/** A set of samples before it is scored. */
interface SampleSet {
  label: string;
  method?: string;
  source: SampleSource;
  samples: readonly Sample[];
  leftOut: readonly LeftOut[];
}

/**
 * Draws or reads samples of a dataset, scores them, and leaves everything in the output folder. An interrupted run resumes there.
 *
 * @throws {ConfigError} if the model cannot do what the tasks ask of it, or a setting does not fit them
 * @throws {InvalidArgumentError} if the executor cannot run on the device or with the quantization
 * @throws {FileError} if the folder holds an evaluation with other settings, or a file is missing or damaged
 * @throws {AbortedError} when `signal` fires
 */
export async function runEval(options: RunEvalOptions): Promise<EvalResult> {
  const { config, folders = defaultFolders(), onProgress, signal } = options;
  checkExecutor(config, config.quantize === "none" ? undefined : config.quantize);
  const modelDir = config.model === undefined ? undefined : await modelFolder(config.model, { signal, onProgress, onNotice: options.onNotice });
  const model = modelDir === undefined ? undefined : readModelFolder(modelDir, { family: config.family });
  const accepts = model && ((task: Task) => fits(model, task));
  const { dataset, data, idRange } = config;
  const whole = await loadTasks({ dataset, data, folders, use: "evaluation", accepts });
  const taskSet = idRange === undefined ? whole : sliceTasks(whole, idRange);
  checkSettings(taskSet, config);
  if (model !== undefined) checkModel(model, taskSet, config);
  const postProcessor = config.postProcessor ?? (model === undefined || isInfilling(taskSet) ? "none" : "fence");
  const files = sampleFiles(config, { whole, taskSet });
  const sandbox = options.sandbox ?? (await createSandbox(sandboxOptions(config)));
  try {
    if (config.output !== undefined) claim(config.output, { config, taskSet, modelDir, traces: options.traces });
    const sets = model === undefined ? files : await modelSets(model, taskSet, options);
    const runs: EvalRun[] = [];
    for (const set of sets) {
      const run = await scoreSet(set, { taskSet, postProcessor, config, sandbox, folders, signal, onProgress, phase: options.phase });
      runs.push({ ...run, leftOut: [...taskSet.leftOut, ...run.leftOut] });
    }
    const result = evalResult({ taskSet, data, postProcessor, sandbox, seed: config.seed, ks: ksOf(config), runs });
    if (config.output !== undefined) writeOutputs(config.output, options.traces === true ? withoutTraces(result) : result, taskSet);
    return result;
  } finally {
    if (options.sandbox === undefined) sandbox.close();
  }
}

export function sandboxOptions({
  workers,
  isolation,
  python,
}: Pick<EvalConfig, "workers" | "isolation" | "python">): Parameters<typeof createSandbox>[0] {
  return { workers, isolation: isolationOf(isolation), ...(python !== undefined && { python }) };
}

/** Whether a task's prompt fits a model's canvas; a source that makes its tasks replaces those that do not. */
function fits({ tokenizer, generationConfig }: ModelFolder, task: Task): boolean {
  return !tokenizer.hasChat || tokenizer.encodeChat([...promptMessages(task, "chat")]).length <= generationConfig.promptLength;
}

/** A folder holds one evaluation: the first run records its settings. */
function claim(
  output: string,
  { config, taskSet, modelDir, traces }: { config: EvalConfig; taskSet: TaskSet; modelDir: string | undefined; traces: boolean | undefined },
): void {
  const { output: _, workers: _workers, batchSize: _batch, model: _model, dataset: _dataset, samples, ...recipe } = config;
  const contents = {
    "dataset (its content)": `sha256 ${taskSet.sha256.slice(0, 16)}`,
    ...(samples !== undefined && { samples }),
    ...(traces === true && { traces }),
  };
  claimRun(output, { settings: { command: "eval", ...runFingerprint({ recipe, modelDir }), ...contents }, startOver: "start over with --fresh" });
}

function withoutTraces(result: EvalResult): EvalResult {
  return { ...result, runs: result.runs.map((run) => ({ ...run, samples: run.samples.map(({ trace: _, ...sample }) => sample) })) };
}

interface ScoreContext {
  taskSet: TaskSet;
  postProcessor: EvalResult["postProcessor"];
  config: Pick<EvalConfig, "output" | "seed" | "ks" | "workers" | "model" | "samplesPerTask">;
  sandbox: Sandbox;
  folders: DataFolders;
  signal: AbortSignal;
  onProgress: OnProgress;
  phase?: string | undefined;
}

/** Scores one set; scores are saved as they come, so that a resumed run does not repeat them. */
export async function scoreSet({ label, method, source, samples, leftOut }: SampleSet, context: ScoreContext): Promise<EvalRun> {
  const { taskSet, postProcessor, config, sandbox, folders, signal, onProgress, phase } = context;
  const log = config.output === undefined ? undefined : new JsonLinesLog<[key: string, score: ProgramScore]>(join(config.output, "scores.jsonl"));
  const scores = await scoreSamples({
    taskSet,
    samples,
    postProcessor,
    sandbox,
    cacheFolder: folders.cache,
    concurrency: config.workers,
    random: createRandom(config.seed).split("eval", label),
    ks: ksOf(config),
    finished: new Map(log?.kept),
    onScore: (key, score) => log?.append([key, score]),
    onProgress: (event) => onProgress(phase === undefined ? event : { ...event, phase: `${phase}, tests` }),
    signal,
  });
  return { ...scores, leftOut: [...leftOut, ...scores.leftOut], label, ...(method !== undefined && { method }), source };
}

function ksOf({ ks, model, samplesPerTask }: Pick<EvalConfig, "ks" | "model" | "samplesPerTask">): number[] {
  return ks ?? [...new Set([1, 10, 100, ...(model === undefined ? [] : [samplesPerTask])])].toSorted((a, b) => a - b);
}

/** One set for each run of the sweep. */
async function modelSets(folder: ModelFolder, taskSet: TaskSet, options: RunEvalOptions) {
  const { config, reveals = 0, traces = false, phase, signal, onProgress, onNotice } = options;
  const { output = ".", samplesPerTask, batchSize, masks, seed, family, quantize, executor, device, precision } = config;
  const sha256 = await checkpointHash(folder.dir);
  const holes = isInfilling(taskSet);
  const templateOf = (task: Task): PromptTemplateName => config.template ?? taskSet.template ?? paperTemplate(task);
  const template = holes ? "none, the text around the hole" : [...new Set(taskSet.tasks.map(templateOf))].join(", ");
  const shown = new Set(taskSet.tasks.slice(0, reveals).map(({ id }) => id));
  const { adapter, prefixCacheBytes, maxCacheBytes } = config;
  const load = { family, quantize, executor, device, precision, adapter, prefixCacheBytes, maxCacheBytes };
  const coder = await loadDiffuCoder(folder.dir, { ...load, maxRows: batchSize, signal, onProgress });
  coder.notices.forEach(onNotice);
  const onNote = (note: string): void => onNotice(note.replace(/\.$/, ""));
  let queue: AnswerQueue | undefined;
  try {
    queue = options.queue && (await openAnswerQueue({ queue: options.queue, coder, modelDir: folder.dir, load, batchSize, signal, onNote }));
    const sets: SampleSet[] = [];
    for (const { point, label, method, fileName } of sweepOf(config)) {
      const log = new JsonLinesLog<KeptSample>(join(output, `generations-${fileName}.jsonl`));
      const asked = { templateOf, decoding: decodingOf(config, point), masks, reveals: shown, traces, signal };
      const { samples, leftOut } = await drawSamples({
        tasks: taskSet.tasks,
        samplesPerTask,
        batchSize: queue === undefined ? batchSize : batchSize * PIECES_AT_ONCE,
        generate: queue === undefined ? modelAnswers(coder, asked) : queue.answersBy(asked),
        seed,
        finished: log.kept,
        onSample: (sample) => log.append(sample),
        onProgress,
        ...(phase !== undefined && { phase }),
        signal,
      });
      const record = samplerRecord(config, point, { model: folder, holes });
      const sampler = { ...record, quantize: coder.quantization, executor, device, precision, adapter };
      const source: SampleSource = { kind: "model", dir: folder.dir, sha256, template, sampler, seed, samplesPerTask };
      sets.push({ label, method, source, samples, leftOut });
    }
    return sets;
  } finally {
    await queue?.close();
    await coder.close();
  }
}
