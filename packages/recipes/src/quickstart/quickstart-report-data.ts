// The figures and examples of a finished quickstart, as its report shows them.
import { arch, cpus, platform } from "node:os";
import { createRandom } from "@diffucoder/core";
import {
  comparePassAtK,
  countsByTask,
  type EvalResult,
  type EvalRun,
  evaluationTests,
  type FailedTest,
  type ScoredSample,
  type TaskCounts,
} from "@diffucoder/eval";
import type { IterationMetrics, QuickstartReportData, ReportAttempt, ReportExample, ReportVerdict, RevealOrder } from "@diffucoder/report";
import { pythonSource, type Sandbox } from "@diffucoder/reward-sandbox";
import { frameOf, type Task, type Tests } from "@diffucoder/tasks";
import type { StepMetrics } from "@diffucoder/trainer";
import { againCommand, type Invocation, nextSteps } from "./invocation.ts";
import type { QuickstartRecipe } from "./quickstart-recipe.ts";

export interface ReportInputs {
  recipe: QuickstartRecipe;
  /** The held-out tasks, in the order of the results. */
  tasks: readonly Task[];
  before: EvalResult;
  after: EvalResult;
  iterations: readonly StepMetrics[];
  seconds: number;
  sandbox: Sandbox;
  modelDir: string;
  invocation: Invocation;
}

/** Everything that the report of the main job shows. */
export function reportData({
  recipe,
  tasks,
  before: resultBefore,
  after: resultAfter,
  iterations,
  seconds,
  sandbox,
  modelDir,
  invocation,
}: ReportInputs): QuickstartReportData {
  const { seed, data, sampling, training, evaluation } = recipe;
  const random = createRandom(seed).split("comparison");
  const [before, after] = [resultBefore.runs[0]!, resultAfter.runs[0]!];
  const [countsBefore, countsAfter] = [countsByTask(before.samples), countsByTask(after.samples)];
  const { tasks: compared, ...passAt1 } = comparePassAtK(countsBefore, countsAfter, { k: 1, random });
  const k = largestK(countsBefore, countsAfter);
  return {
    title: "DiffuCoder quickstart",
    seed,
    passAt1,
    ...(k > 1 && { passAtK: { k, comparison: comparePassAtK(countsBefore, countsAfter, { k, random }) } }),
    tasks: compared,
    samplesPerTask: evaluation.samplesPerTask,
    seconds,
    infrastructureFailures: before.infrastructureFailures + after.infrastructureFailures,
    iterations: iterations.map(toIteration),
    examples: examplesOf(tasks, { before, after }),
    settings: {
      "base model": modelDir.split(/[\\/]/).findLast((part) => part !== "") ?? modelDir,
      "training tasks": `${settingsText({ ...data })}, visible tests only`,
      "held-out tasks": `${settingsText({ dataset: evaluation.dataset, ...evaluation.data })}, hidden tests only`,
      iterations: training.maxSteps,
      "rollouts per iteration": `${training.promptsPerStep} prompts x ${training.numGenerations}`,
      "updates per iteration": training.numIterations,
      "learning rate": training.learningRate,
      "KL weight (beta)": training.beta,
      "rollout decoding": settingsText(sampling),
      "evaluation decoding": before.source.kind === "model" ? settingsText(before.source.sampler) : "",
    },
    environment: {
      node: process.versions.node,
      processor: `${cpus().length} x ${cpus()[0]?.model ?? "unknown"}`,
      platform: `${platform()} ${arch()}`,
      sandbox: sandbox.isolation.level,
    },
    reproduce: [againCommand(invocation)],
    next: nextSteps(invocation, { seed, maxSteps: training.maxSteps }),
  };
}

function settingsText(settings: Readonly<Record<string, unknown>>): string {
  return Object.entries(settings)
    .map(([name, value]) => `${name} ${typeof value === "object" ? JSON.stringify(value) : String(value)}`)
    .join(", ");
}

/** The largest number of scored samples that some task has on both sides, which is smaller than the number drawn if the sandbox failed. */
function largestK(before: readonly TaskCounts[], after: readonly TaskCounts[]): number {
  const scored = new Map(after.map(({ taskId, n }) => [taskId, n]));
  return Math.max(1, ...before.map(({ taskId, n }) => Math.min(n, scored.get(taskId) ?? 0)));
}

function toIteration(metrics: StepMetrics): IterationMetrics {
  const of = (name: string): number => metrics[name] ?? Number.NaN;
  const figures = {
    step: metrics.step,
    reward: of("reward"),
    codeReward: of("rewards/code"),
    formatReward: of("rewards/code_format"),
    kl: of("kl"),
    clipRatio: of("clipRatio"),
  };
  return { ...figures, completionLength: of("completionLength"), gradNorm: of("gradNorm"), loss: of("loss"), secondsPerIteration: of("seconds") };
}

/** The first three tasks of the evaluation, passed or failed, with the first sample of each side. */
function examplesOf(tasks: readonly Task[], { before, after }: Record<"before" | "after", EvalRun>): ReportExample[] {
  const first = ({ samples }: EvalRun, taskId: string): ScoredSample | undefined => samples.find((sample) => sample.taskId === taskId);
  return tasks.slice(0, 3).flatMap((task) => {
    const sample = first(after, task.id);
    if (sample === undefined) return [];
    const earlier = first(before, task.id);
    const reveal = sample.trace as RevealOrder | undefined; // what `runEval` records for the tasks to show
    return [
      { prompt: promptText(task), ...toAttempt(task, sample), ...(earlier && { before: toAttempt(task, earlier) }), ...(reveal && { reveal }) },
    ];
  });
}

function promptText(task: Task): string {
  const { prompt } = task;
  if (prompt.kind === "text") return prompt.text;
  return prompt.kind === "messages" ? prompt.messages.map(({ content }) => content).join("\n\n") : frameOf(task).prefix;
}

function toAttempt(task: Task, { raw, score: { base, plus } }: ScoredSample): ReportAttempt {
  const { verdict, failures } = base.verdict === "pass" ? (plus ?? base) : base;
  const failed = new Map(failures.map((failure) => [failure.index, failure]));
  return { text: raw, passed: verdict === "pass", verdicts: shownTests(evaluationTests(task)).map((shown, i) => toVerdict(shown, failed.get(i))) };
}

/** What the report shows of each test. */
function shownTests(tests: Tests): Pick<ReportVerdict, "args" | "expected">[] {
  switch (tests.kind) {
    case "calls":
      return tests.calls.map(([args, expected]) => ({ args: args.map(pythonSource).join(", "), expected: pythonSource(expected) }));
    case "code":
      return tests.tests.map((test) => ({ args: test, expected: "" }));
    case "runs":
      return tests.runs.map(({ stdin, stdout }) => ({ args: stdin, expected: stdout }));
    case "reference":
      return [];
  }
}

function toVerdict(shown: Pick<ReportVerdict, "args" | "expected">, failure: FailedTest | undefined): ReportVerdict {
  if (failure === undefined) return { ...shown, got: shown.expected, verdict: "passed" };
  const { verdict, got, detail } = failure;
  return { ...shown, got: got === undefined ? (detail ?? verdict) : pythonSource(got), verdict };
}
