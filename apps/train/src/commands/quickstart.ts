// `train quickstart`, which is `npm start`: evaluate the base model on held-out tasks, improve it by coupled-GRPO, evaluate
// it again on the same tasks, and report. Every part can be stopped and goes on where it was.
import { existsSync, rmSync } from "node:fs";
import { arch, cpus, platform } from "node:os";
import { join } from "node:path";
import { createRandom, JsonLinesLog, type OnProgress, readJsonObject, writeFileAtomic } from "@diffucoder/core";
import { CoupledGrpoConfigSchema } from "@diffucoder/coupled-grpo";
import {
  comparePassAtK,
  type Evaluation,
  type IterationMetrics,
  type QuickstartReportData,
  quickstartReport,
  type ReportExample,
  type ReportVerdict,
  resultJson,
  type RevealOrder,
} from "@diffucoder/eval";
import type { CodeTaskRecord } from "@diffucoder/data";
import { pythonSource, type Sandbox, type Verdict } from "@diffucoder/reward-sandbox";
import type { StepMetrics } from "@diffucoder/trainer";
import { loadDiffuCoder } from "diffucoder";
import { z } from "zod";
import { claimFolder, SETTINGS_FILE } from "../run-folder.ts";
import { heldOutTasks, TrainingTasksSchema } from "../tiny-code-run.ts";
import { runCoupledGrpo } from "./coupled-grpo.ts";
import { EvaluationSchema, runEvaluation } from "./evaluate.ts";

export const QuickstartRecipeSchema = z.strictObject({
  seed: z.int().nonnegative().default(0).describe("of the rollouts, the masks and the evaluation's samples"),
  data: TrainingTasksSchema,
  training: CoupledGrpoConfigSchema.omit({ seed: true }),
  evaluation: EvaluationSchema,
});

export type QuickstartRecipe = z.output<typeof QuickstartRecipeSchema>;

export interface QuickstartOptions {
  recipe: QuickstartRecipe;
  /** Folder of the model to start from. */
  modelDir: string;
  sandbox: Sandbox;
  output: string;
  signal: AbortSignal;
  onProgress: OnProgress;
}

/** What a finished run left behind. */
export interface QuickstartOutcome {
  report: QuickstartReportData;
  reportPath: string;
  modelDir: string;
}

const files = { data: "report-data.json", report: "report.html", result: "result.json" } as const;

/** The outcome of a finished run with these settings, if there is one. @throws {FileError} if the folder holds a run with others */
export function finishedQuickstart({
  recipe,
  modelDir,
  output,
}: Pick<QuickstartOptions, "recipe" | "modelDir" | "output">): QuickstartOutcome | undefined {
  claimFolder(output, { recipe, modelDir });
  const path = join(output, files.data);
  return existsSync(path) ? outcomeOf(readJsonObject(path) as unknown as QuickstartReportData, output) : undefined;
}

/** Runs or resumes the main job. */
export async function runQuickstart({ recipe, modelDir, sandbox, output, signal, onProgress }: QuickstartOptions): Promise<QuickstartOutcome> {
  const { seed, data, training, evaluation } = recipe;
  claimFolder(output, { recipe, modelDir });
  const clock = new WorkClock(join(output, "seconds.jsonl"));
  const progress: OnProgress = (event) => {
    clock.tick();
    onProgress(event);
  };
  const common = { sandbox, signal, onProgress: progress };
  const evaluate = async (dir: string, name: "before" | "after"): Promise<Evaluation<Verdict, RevealOrder>> => {
    const coder = await loadDiffuCoder(dir);
    try {
      return await runEvaluation({ ...common, coder, config: evaluation, seed, phase: `evaluate ${name}`, output: join(output, `${name}.jsonl`) });
    } finally {
      coder.dispose();
    }
  };

  const coder = await loadDiffuCoder(modelDir);
  const before = await evaluate(modelDir, "before");
  const trained = await runCoupledGrpo({
    ...common,
    recipe: { data, training: { ...training, seed } },
    coder,
    modelDir,
    output,
    fresh: false,
  });
  const after = await evaluate(trained, "after");
  clock.tick();

  const report = reportData({
    recipe,
    tasks: heldOutTasks(coder, evaluation),
    before,
    after,
    iterations: new JsonLinesLog<StepMetrics>(join(output, "metrics.jsonl")).kept,
    seconds: clock.seconds,
    sandbox,
    modelDir,
  });
  const { tasks, samplesPerTask, seconds, passAt1 } = report;
  writeFileAtomic(join(output, files.report), quickstartReport(report));
  writeFileAtomic(join(output, files.result), `${JSON.stringify(resultJson({ seed, passAt1, tasks, samplesPerTask, seconds }), null, 2)}\n`);
  writeFileAtomic(join(output, files.data), JSON.stringify(report)); // last: it says that the run is finished
  return outcomeOf(report, output);
}

/** Removes what a run left, and nothing else. */
export function clearQuickstart(output: string): void {
  for (const name of [
    SETTINGS_FILE,
    ...Object.values(files),
    "before.jsonl",
    "after.jsonl",
    "metrics.jsonl",
    "seconds.jsonl",
    "checkpoint.safetensors",
    "model",
  ]) {
    rmSync(join(output, name), { recursive: true, force: true });
  }
}

function outcomeOf(report: QuickstartReportData, output: string): QuickstartOutcome {
  return { report, reportPath: join(output, files.report), modelDir: join(output, "model") };
}

/** Seconds of work in all, over every start of a run; time between two starts does not count. */
class WorkClock {
  readonly #log: JsonLinesLog<number>;
  #last = performance.now();
  #saved = performance.now();
  #pending = 0;
  seconds: number;

  constructor(path: string) {
    this.#log = new JsonLinesLog<number>(path);
    this.seconds = this.#log.kept.reduce((sum, one) => sum + one, 0);
  }

  tick(): void {
    const now = performance.now();
    const passed = (now - this.#last) / 1000;
    this.#last = now;
    this.seconds += passed;
    this.#pending += passed;
    if (now - this.#saved < 1000) return;
    this.#log.append(this.#pending);
    [this.#saved, this.#pending] = [now, 0];
  }
}

interface ReportInputs {
  recipe: QuickstartRecipe;
  tasks: readonly CodeTaskRecord[];
  before: Evaluation<Verdict, RevealOrder>;
  after: Evaluation<Verdict, RevealOrder>;
  iterations: readonly StepMetrics[];
  seconds: number;
  sandbox: Sandbox;
  modelDir: string;
}

function reportData({ recipe, tasks, before, after, iterations, seconds, sandbox, modelDir }: ReportInputs): QuickstartReportData {
  const { seed, data, training, evaluation } = recipe;
  const random = createRandom(seed).split("comparison");
  const { tasks: compared, ...passAt1 } = comparePassAtK(before.results, after.results, { k: 1, random });
  const { tasks: _, ...passAt8 } = comparePassAtK(before.results, after.results, { k: evaluation.samplesPerTask, random });
  const tiers = (shares: Readonly<Record<string, number>>): string => Object.keys(shares).join(", ");
  return {
    title: "DiffuCoder quickstart",
    seed,
    passAt1,
    passAt8,
    tasks: compared,
    samplesPerTask: evaluation.samplesPerTask,
    seconds,
    infrastructureFailures: before.infrastructureFailures + after.infrastructureFailures,
    iterations: iterations.map(toIteration),
    examples: examplesOf(tasks, after),
    settings: {
      "base model": modelDir.split(/[\\/]/).findLast((part) => part !== "") ?? modelDir,
      "training tasks": `${data.tasks}, tiers ${tiers(data.tiers)}, visible tests only`,
      "held-out tasks": `${evaluation.tasks}, tiers ${tiers(evaluation.tiers)}, hidden tests only`,
      iterations: training.maxSteps,
      "rollouts per iteration": `${training.promptsPerStep} prompts x ${training.numGenerations}`,
      "updates per iteration": training.numIterations,
      "learning rate": training.learningRate,
      "KL weight (beta)": training.beta,
      "rollout temperature": training.temperature,
      "rollout denoising steps": training.diffusionSteps,
      "evaluation temperature": evaluation.temperature,
      "evaluation denoising steps": evaluation.steps,
    },
    environment: {
      node: process.versions.node,
      processor: `${cpus().length} x ${cpus()[0]?.model ?? "unknown"}`,
      platform: `${platform()} ${arch()}`,
      sandbox: sandbox.isolation.level,
    },
    reproduce: [`npm start -- --fresh --set seed=${seed}`],
    next: NEXT,
  };
}

/** What to try after the main job; `backticks` mark commands. */
export const NEXT: readonly string[] = [
  "Talk to the trained model in a browser: `npm run serve -- --model runs/quickstart/model`",
  "See whether the gain holds for another seed: `npm start -- --set seed=1 --output runs/seed-1`",
  "Train longer: `npm start -- --set training.maxSteps=300 --output runs/longer`",
  "Train the base model yourself first: `npm start -- --from-scratch --output runs/from-scratch`",
];

function toIteration(metrics: StepMetrics): IterationMetrics {
  const of = (name: string): number => metrics[name] ?? Number.NaN;
  const figures = {
    step: metrics.step,
    reward: of("reward"),
    codeReward: of("codeReward"),
    formatReward: of("formatReward"),
    kl: of("kl"),
    clipRatio: of("clipRatio"),
  };
  return { ...figures, completionLength: of("completionLength"), gradNorm: of("gradNorm"), loss: of("loss"), secondsPerIteration: of("seconds") };
}

/** The first three tasks of the evaluation, whatever became of them. */
function examplesOf(tasks: readonly CodeTaskRecord[], { results }: Evaluation<Verdict, RevealOrder>): ReportExample[] {
  return results.slice(0, 3).flatMap(({ samples }, i) => {
    const sample = samples[0];
    const prompt = tasks[i]?.prompt;
    if (sample === undefined || prompt === undefined) return [];
    const { text, passed, verdicts, trace } = sample;
    return [{ prompt, text, passed: passed === true, verdicts: verdicts.map(toReportVerdict), ...(trace && { reveal: trace }) }];
  });
}

function toReportVerdict({ verdict, args, expected, got }: Verdict): ReportVerdict {
  const returned = verdict === "pass" || verdict === "wrong";
  return {
    args: args.map(pythonSource).join(", "),
    expected: pythonSource(expected),
    got: returned ? pythonSource(got) : String(got ?? verdict),
    verdict: verdict === "pass" ? "passed" : verdict,
  };
}
