// The figures and examples of a finished quickstart, as its report shows them.
import { arch, cpus, platform } from "node:os";
import { createRandom } from "@diffucoder/core";
import type { CodeTask } from "@diffucoder/tasks";
import { comparePassAtK, type Evaluation, type SampleResult } from "@diffucoder/eval";
import type { IterationMetrics, QuickstartReportData, ReportAttempt, ReportExample, ReportVerdict, RevealOrder } from "@diffucoder/report";
import { pythonSource, type Sandbox, type Verdict } from "@diffucoder/reward-sandbox";
import type { StepMetrics } from "@diffucoder/trainer";
import { againCommand, type Invocation, nextSteps } from "./invocation.ts";
import type { QuickstartRecipe } from "./quickstart-recipe.ts";

export interface ReportInputs {
  recipe: QuickstartRecipe;
  /** The held-out tasks, in the order of the results. */
  tasks: readonly CodeTask[];
  before: Evaluation<Verdict, RevealOrder>;
  after: Evaluation<Verdict, RevealOrder>;
  iterations: readonly StepMetrics[];
  seconds: number;
  sandbox: Sandbox;
  modelDir: string;
  invocation: Invocation;
}

/** Everything that the report of the main job shows. */
export function reportData({ recipe, tasks, before, after, iterations, seconds, sandbox, modelDir, invocation }: ReportInputs): QuickstartReportData {
  const { seed, data, sampling, training, evaluation } = recipe;
  const random = createRandom(seed).split("comparison");
  const { tasks: compared, ...passAt1 } = comparePassAtK(before.results, after.results, { k: 1, random });
  const k = largestK(before, after);
  const tiers = (shares: Readonly<Record<string, number>>): string => Object.keys(shares).join(", ");
  return {
    title: "DiffuCoder quickstart",
    seed,
    passAt1,
    ...(k > 1 && { passAtK: { k, comparison: comparePassAtK(before.results, after.results, { k, random }) } }),
    tasks: compared,
    samplesPerTask: evaluation.samplesPerTask,
    seconds,
    infrastructureFailures: before.infrastructureFailures + after.infrastructureFailures,
    iterations: iterations.map(toIteration),
    examples: examplesOf(tasks, { before, after }),
    settings: {
      "base model": modelDir.split(/[\\/]/).findLast((part) => part !== "") ?? modelDir,
      "training tasks": `${data.tasks}, tiers ${tiers(data.tiers)}, visible tests only`,
      "held-out tasks": `${evaluation.tasks}, tiers ${tiers(evaluation.tiers)}, hidden tests only`,
      iterations: training.maxSteps,
      "rollouts per iteration": `${training.promptsPerStep} prompts x ${training.numGenerations}`,
      "updates per iteration": training.numIterations,
      "learning rate": training.learningRate,
      "KL weight (beta)": training.beta,
      "rollout decoding": Object.entries(sampling)
        .map(([name, value]) => `${name} ${typeof value === "object" ? JSON.stringify(value) : value}`)
        .join(", "),
      "evaluation temperature": evaluation.temperature,
      "evaluation denoising steps": evaluation.steps,
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

/** The largest number of scored samples that some task has on both sides; where the sandbox failed, fewer than were drawn. */
function largestK(before: Evaluation, after: Evaluation): number {
  const scored = new Map(after.results.map(({ taskId, n }) => [taskId, n]));
  return Math.max(1, ...before.results.map(({ taskId, n }) => Math.min(n, scored.get(taskId) ?? 0)));
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

/** The first three tasks of the evaluation, whatever became of them, with the first sample of each side. */
function examplesOf(tasks: readonly CodeTask[], { before, after }: Record<"before" | "after", Evaluation<Verdict, RevealOrder>>): ReportExample[] {
  return after.results.slice(0, 3).flatMap(({ samples: [sample] }, i) => {
    const prompt = tasks[i]?.prompt;
    if (sample === undefined || prompt === undefined) return [];
    const earlier = before.results[i]?.samples[0];
    return [{ prompt, ...toAttempt(sample), ...(earlier && { before: toAttempt(earlier) }), ...(sample.trace && { reveal: sample.trace }) }];
  });
}

function toAttempt({ text, passed, verdicts }: SampleResult<Verdict, RevealOrder>): ReportAttempt {
  return { text, passed: passed === true, verdicts: verdicts.map(toReportVerdict) };
}

function toReportVerdict(tested: Verdict): ReportVerdict {
  const { verdict, got } = tested;
  const returned = verdict === "pass" || verdict === "wrong";
  return {
    args: "assert" in tested ? tested.assert : tested.args.map(pythonSource).join(", "),
    expected: "assert" in tested ? "" : pythonSource(tested.expected),
    got: returned ? pythonSource(got) : String(got ?? verdict),
    verdict: verdict === "pass" ? "passed" : verdict,
  };
}
