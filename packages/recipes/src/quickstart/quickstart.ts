// `train quickstart`, which is `npm start`: evaluate the base model on held-out tasks, improve it with coupled-GRPO, evaluate
// it again on the same tasks, and report. Every part can be stopped and resumed.
import { existsSync, rmSync } from "node:fs";
import { join } from "node:path";
import {
  type ClaimedRun,
  claimRun,
  JsonLinesLog,
  type OnProgress,
  readJsonObject,
  RUN_FILE,
  runFingerprint,
  writeFileAtomic,
} from "@diffucoder/core";
import { checkExecutor } from "@diffucoder/engine";
import type { EvalResult } from "@diffucoder/eval";
import { quickstartReport, type QuickstartReportData, resultJson } from "@diffucoder/report";
import type { Sandbox } from "@diffucoder/reward-sandbox";
import { defaultFolders, loadTasks, type Task } from "@diffucoder/tasks";
import type { StepMetrics } from "@diffucoder/trainer";
import type { Invocation } from "./invocation.ts";
import { loadDiffusionModel } from "../training/load-diffusion-model.ts";
import type { QuickstartRecipe } from "./quickstart-recipe.ts";
import { reportData } from "./quickstart-report-data.ts";
import { clearTraining, isEvaluation, METRICS_FILE, START_OVER } from "../training/training-run.ts";
import { WorkClock } from "../work-clock.ts";
import { continueCoupledGrpo, STEPS_KEY } from "../training/coupled-grpo.ts";
import { runEval } from "../evaluation/run-eval.ts";

/** A quickstart, and where it happens. */
export interface QuickstartOptions {
  /** What is done. */
  recipe: QuickstartRecipe;
  /** Folder of the model to start from. */
  modelDir: string;
  /** Where programs run. */
  sandbox: Sandbox;
  /** Folder of the run. */
  output: string;
  /** Stops it; the same call resumes it. */
  signal: AbortSignal;
  /** Gets an event for every step. */
  onProgress: OnProgress;
  /** Gets notices for a person that no figure shows. */
  onNote: (note: string) => void;
  /** What was typed; the report says how to run it again. */
  invocation: Invocation;
}

/** What a finished run left behind. */
export interface QuickstartOutcome {
  /** What the report shows. */
  report: QuickstartReportData;
  /** Where the report lies. */
  reportPath: string;
  /** Folder of the trained model. */
  modelDir: string;
}

/** Held-out tasks whose answers the report shows. */
const SHOWN_TASKS = 3;
/** Programs that run at the same time in an evaluation. */
const WORKERS = 2;

const files = { data: "report-data.json", report: "report.html", result: "result.json" } as const;

/** An extended run keeps the evaluation before training and resumes from its checkpoint; everything after that is done again. */
function claim({ recipe, modelDir, output }: Pick<QuickstartOptions, "recipe" | "modelDir" | "output">): ClaimedRun {
  checkExecutor(recipe); // before the folder is this recipe's
  const onLonger = (): void => {
    for (const name of [...Object.values(files), "after"]) rmSync(join(output, name), { recursive: true, force: true });
  };
  return claimRun(output, {
    settings: { command: "quickstart", ...runFingerprint({ recipe, modelDir }) },
    results: [join("before", RUN_FILE)],
    stepsKey: STEPS_KEY,
    onLonger,
    startOver: START_OVER,
  });
}

/** The outcome of a finished run with these settings, if there is one. @throws {FileError} if the folder holds a run with others */
export function finishedQuickstart({
  recipe,
  modelDir,
  output,
}: Pick<QuickstartOptions, "recipe" | "modelDir" | "output">): QuickstartOutcome | undefined {
  claim({ recipe, modelDir, output });
  const path = join(output, files.data);
  return existsSync(path) ? outcomeOf(readJsonObject(path) as unknown as QuickstartReportData, output) : undefined;
}

/** Runs or resumes the main job. */
export async function runQuickstart({
  recipe,
  modelDir,
  sandbox,
  output,
  signal,
  onProgress,
  onNote,
  invocation,
}: QuickstartOptions): Promise<QuickstartOutcome> {
  const { seed, data, sampling, training, evaluation, executor, device, precision } = recipe;
  const { raisedFrom } = claim({ recipe, modelDir, output });
  const clock = new WorkClock(join(output, "seconds.jsonl"));
  const progress: OnProgress = (event) => {
    clock.tick();
    onProgress(event);
  };
  const common = { sandbox, signal, onProgress: progress, onNote };
  const evaluate = (dir: string, name: "before" | "after"): Promise<EvalResult> =>
    runEval({
      config: { ...evaluation, executor, device, precision, model: dir, output: join(output, name), seed, isolation: "auto", workers: WORKERS },
      sandbox,
      reveals: SHOWN_TASKS,
      phase: `evaluate ${name}`,
      onProgress: progress,
      onNotice: (notice) => onNote(`${notice}.`),
      signal,
    });

  const coder = await loadDiffusionModel(modelDir, recipe);
  const before = await evaluate(modelDir, "before");
  const trained = await continueCoupledGrpo({
    ...common,
    recipe: { data, sampling, training: { ...training, seed }, evaluation: duringTraining(evaluation) },
    coder,
    modelDir,
    output,
    raisedFrom,
  });
  const after = await evaluate(trained, "after");
  clock.tick();

  const report = reportData({
    recipe,
    tasks: await tasksOf(before),
    before,
    after,
    iterations: new JsonLinesLog<StepMetrics>(join(output, METRICS_FILE)).kept.filter((line) => !isEvaluation(line)),
    seconds: clock.seconds,
    sandbox,
    modelDir,
    invocation,
  });
  const { tasks, samplesPerTask, seconds, passAt1 } = report;
  writeFileAtomic(join(output, files.report), quickstartReport(report));
  writeFileAtomic(join(output, files.result), `${JSON.stringify(resultJson({ seed, passAt1, tasks, samplesPerTask, seconds }), null, 2)}\n`);
  writeFileAtomic(join(output, files.data), JSON.stringify(report)); // last: it says that the run is finished
  return outcomeOf(report, output);
}

/** The tasks of an evaluation. */
async function tasksOf({ dataset: { name, data, ids } }: EvalResult): Promise<readonly Task[]> {
  return (await loadTasks({ dataset: name, data, ids, folders: defaultFolders(), use: "evaluation" })).tasks;
}

/** TinyCode's test split is for before and after. */
function duringTraining(evaluation: QuickstartRecipe["evaluation"]): QuickstartRecipe["evaluation"] {
  const isTinyCode = evaluation.dataset === "tinycode" || evaluation.dataset === "tinycode-full";
  return isTinyCode ? { ...evaluation, data: { ...evaluation.data, split: "dev" } } : evaluation;
}

/** Removes the files of a run, and nothing else. */
export function clearQuickstart(output: string): void {
  clearTraining(output);
  for (const name of [...Object.values(files), "before", "after", "seconds.jsonl"]) rmSync(join(output, name), { recursive: true, force: true });
}

function outcomeOf(report: QuickstartReportData, output: string): QuickstartOutcome {
  return { report, reportPath: join(output, files.report), modelDir: join(output, "model") };
}
