// `train quickstart`, which is `npm start`: evaluate the base model on held-out tasks, improve it by coupled-GRPO, evaluate
// it again on the same tasks, and report. Every part can be stopped and goes on where it was.
import { existsSync, rmSync } from "node:fs";
import { join } from "node:path";
import { type ClaimedRun, claimRun, JsonLinesLog, type OnProgress, readJsonObject, runFingerprint, writeFileAtomic } from "@diffucoder/core";
import type { Evaluation } from "@diffucoder/eval";
import { quickstartReport, type QuickstartReportData, resultJson, type RevealOrder } from "@diffucoder/report";
import type { Sandbox, Verdict } from "@diffucoder/reward-sandbox";
import type { StepMetrics } from "@diffucoder/trainer";
import type { Invocation } from "./invocation.ts";
import { loadDiffusionModel } from "../training/load-diffusion-model.ts";
import type { QuickstartRecipe } from "./quickstart-recipe.ts";
import { reportData } from "./quickstart-report-data.ts";
import { heldOutTasks } from "../training/tiny-code-run.ts";
import { clearTraining, isEvaluation, METRICS_FILE, START_OVER } from "../training/training-run.ts";
import { WorkClock } from "./work-clock.ts";
import { continueCoupledGrpo, STEPS_KEY } from "../training/coupled-grpo.ts";
import { runEvaluation } from "../training/evaluate.ts";

export interface QuickstartOptions {
  recipe: QuickstartRecipe;
  /** Folder of the model to start from. */
  modelDir: string;
  sandbox: Sandbox;
  output: string;
  signal: AbortSignal;
  onProgress: OnProgress;
  /** Hears what a person should know and no figure says. */
  onNote: (note: string) => void;
  /** What was typed; the report says how to run it again. */
  invocation: Invocation;
}

/** What a finished run left behind. */
export interface QuickstartOutcome {
  report: QuickstartReportData;
  reportPath: string;
  modelDir: string;
}

const files = { data: "report-data.json", report: "report.html", result: "result.json" } as const;

/** A run that becomes longer keeps the evaluation before training and goes on from its checkpoint; what came after is made again. */
function claim({ recipe, modelDir, output }: Pick<QuickstartOptions, "recipe" | "modelDir" | "output">): ClaimedRun {
  const onLonger = (): void => {
    for (const name of [...Object.values(files), "after.jsonl"]) rmSync(join(output, name), { force: true });
  };
  return claimRun(output, {
    settings: { command: "quickstart", ...runFingerprint({ recipe, modelDir }) },
    results: ["before.jsonl"],
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
  const { seed, data, sampling, training, evaluation } = recipe;
  const { raisedFrom } = claim({ recipe, modelDir, output });
  const clock = new WorkClock(join(output, "seconds.jsonl"));
  const progress: OnProgress = (event) => {
    clock.tick();
    onProgress(event);
  };
  const common = { sandbox, signal, onProgress: progress, onNote };
  const evaluate = async (dir: string, name: "before" | "after"): Promise<Evaluation<Verdict, RevealOrder>> => {
    const coder = await loadDiffusionModel(dir);
    try {
      return await runEvaluation({ ...common, coder, config: evaluation, seed, phase: `evaluate ${name}`, output: join(output, `${name}.jsonl`) });
    } finally {
      await coder.close();
    }
  };

  const coder = await loadDiffusionModel(modelDir);
  const before = await evaluate(modelDir, "before");
  const trained = await continueCoupledGrpo({
    ...common,
    recipe: { data, sampling, training: { ...training, seed }, evaluation: { ...evaluation, split: "dev" } },
    coder,
    modelDir,
    output,
    raisedFrom,
  });
  const after = await evaluate(trained, "after");
  clock.tick();

  const report = reportData({
    recipe,
    tasks: heldOutTasks(coder, evaluation).tasks,
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

/** Removes what a run left, and nothing else. */
export function clearQuickstart(output: string): void {
  clearTraining(output);
  for (const name of [...Object.values(files), "before.jsonl", "after.jsonl", "seconds.jsonl"]) rmSync(join(output, name), { force: true });
}

function outcomeOf(report: QuickstartReportData, output: string): QuickstartOutcome {
  return { report, reportPath: join(output, files.report), modelDir: join(output, "model") };
}
