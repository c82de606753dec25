// One arm with one seed: its training and its evaluations in a folder of its own, and the record of them.
import { join } from "node:path";
import { JsonLinesLog, type OnProgress, runFingerprint } from "@diffucoder/core";
import { countsByTask, type EvalResult } from "@diffucoder/eval";
import type { Sandbox } from "@diffucoder/reward-sandbox";
import type { StepMetrics } from "@diffucoder/trainer";
import { checkpointHash } from "../evaluation/checkpoint-hash.ts";
import { runEval } from "../evaluation/run-eval.ts";
import { type CoupledGrpoRecipe, runCoupledGrpo } from "../training/coupled-grpo.ts";
import { loadPolicyModel } from "../training/load-diffusion-model.ts";
import { isEvaluation, METRICS_FILE } from "../training/training-run.ts";
import { processorClock, WorkClock } from "../work-clock.ts";
import type { ExperimentPlan } from "./plan.ts";
import { type EvaluationRecord, type ExperimentRecord } from "./record.ts";
import { trainingCurve } from "./training-curve.ts";

/** Programs that run at the same time in an evaluation. */
const WORKERS = 2;

/** An arm with a seed, and where it runs. */
export interface RunArmOptions {
  plan: ExperimentPlan;
  arm: string;
  seed: number;
  /** What the arm trains, with the seed in it. */
  recipe: CoupledGrpoRecipe;
  /** The model that it starts from. */
  modelDir: string;
  /** Folder of the run. */
  output: string;
  sandbox: Sandbox;
  signal: AbortSignal;
  onProgress: OnProgress;
  onNote: (note: string) => void;
}

/** What a finished run adds to a record by itself. */
export type RunFigures = Pick<ExperimentRecord, "arm" | "seed" | "recipe" | "modelSha256" | "seconds" | "processorSeconds" | "curve" | "evaluations">;

/** Runs or resumes an arm with a seed. */
export async function runArm(options: RunArmOptions): Promise<RunFigures> {
  const { plan, arm, seed, recipe, modelDir, output } = options;
  const { train } = plan.arms[arm]!;
  const wall = new WorkClock(join(output, "seconds.jsonl"));
  const processor = new WorkClock(join(output, "processor-seconds.jsonl"), processorClock);
  const tick = (): void => {
    wall.tick();
    processor.tick();
  };
  const onProgress: OnProgress = (event) => {
    tick();
    options.onProgress(event);
  };
  const trained = train ? await trainArm({ ...options, onProgress }) : modelDir;
  const evaluations: Record<string, EvaluationRecord> = {};
  for (const name of Object.keys(plan.evaluations))
    evaluations[name] = evaluationRecord(await evaluateArm(name, trained, { ...options, onProgress }));
  const modelSha256 = await checkpointHash(trained);
  tick();
  return {
    arm,
    seed,
    recipe: train ? runFingerprint({ recipe, modelDir }) : null,
    modelSha256,
    seconds: rounded(wall.seconds),
    processorSeconds: rounded(processor.seconds),
    curve: train ? trainingCurve(stepsOf(join(output, METRICS_FILE))) : {},
    evaluations,
  };
}

async function trainArm({ recipe, modelDir, output, sandbox, signal, onProgress, onNote }: RunArmOptions): Promise<string> {
  const coder = await loadPolicyModel(modelDir, recipe);
  try {
    return await runCoupledGrpo({ recipe, coder, modelDir, sandbox, output, fresh: false, signal, onProgress, onNote });
  } finally {
    await coder.close();
  }
}

function evaluateArm(
  name: string,
  model: string,
  { plan, seed, recipe, output, sandbox, signal, onProgress, onNote }: RunArmOptions,
): Promise<EvalResult> {
  const { executor, device, precision } = recipe;
  const where = { model, output: join(output, "tests", name), seed, isolation: "auto", workers: WORKERS } as const;
  return runEval({
    config: { ...plan.evaluations[name]!, executor, device, precision, ...where },
    sandbox,
    phase: `evaluate ${name}`,
    onProgress,
    onNotice: (notice) => onNote(`${notice}.`),
    signal,
  });
}

function evaluationRecord({ dataset, runs }: EvalResult): EvaluationRecord {
  const [{ samples, infrastructureFailures }] = runs as [EvalResult["runs"][number]];
  // The stricter suite, where a benchmark has two.
  const counts = countsByTask(samples, "plus").map(({ taskId, n, c }): [string, number, number] => [taskId, n, c]);
  return { tasksSha256: dataset.sha256, infrastructureFailures, counts };
}

function stepsOf(path: string): StepMetrics[] {
  return new JsonLinesLog<StepMetrics>(path).kept.filter((line) => !isEvaluation(line));
}

function rounded(seconds: number): number {
  return Math.round(seconds * 10) / 10;
}
