// The figures and examples of a finished quickstart, as its report shows them.
import { arch, cpus, platform } from "node:os";
import { createRandom } from "@diffucoder/core";
import type { CodeTaskRecord } from "@diffucoder/data";
import {
  comparePassAtK,
  type Evaluation,
  type IterationMetrics,
  type QuickstartReportData,
  type ReportExample,
  type ReportVerdict,
  type RevealOrder,
} from "@diffucoder/eval";
import { pythonSource, type Sandbox, type Verdict } from "@diffucoder/reward-sandbox";
import type { StepMetrics } from "@diffucoder/trainer";
import type { QuickstartRecipe } from "./quickstart-recipe.ts";

export interface ReportInputs {
  recipe: QuickstartRecipe;
  /** The held-out tasks, in the order of the results. */
  tasks: readonly CodeTaskRecord[];
  before: Evaluation<Verdict, RevealOrder>;
  after: Evaluation<Verdict, RevealOrder>;
  iterations: readonly StepMetrics[];
  seconds: number;
  sandbox: Sandbox;
  modelDir: string;
}

/** Everything that the report of the main job shows. */
export function reportData({ recipe, tasks, before, after, iterations, seconds, sandbox, modelDir }: ReportInputs): QuickstartReportData {
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
const NEXT: readonly string[] = [
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
