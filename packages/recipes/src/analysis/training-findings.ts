// DiffuCoder (arXiv 2506.20639): what training does to the order, to decoding in fewer steps, and to the length of completions.
import type { Random } from "@diffucoder/core";
import { type Interval, pairedDifference } from "@diffucoder/eval";
import type { AnalysisFinding, AnalyzedRun } from "@diffucoder/report";
import { bare, bothOf, conclusion, notMeasured, points, share, verdictOf } from "./finding.ts";
import { mean, type MeasuredRun, pairedRuns, passRate, type TaskMeasures } from "./measures.ts";

/** A run with its figures. */
export interface StageRun {
  run: AnalyzedRun;
  measured: MeasuredRun;
}

const globalOf = ({ global }: TaskMeasures): number => global[0]!;

/** AR-ness of the models of several stages, in their order. */
export function stagesFinding(stages: readonly StageRun[], random: Random): AnalysisFinding {
  const about = {
    id: "stages",
    title: "AR-ness over the stages of training",
    paper: "AR-ness rises in the beginning of training and then declines: it is not largest at the end.",
  };
  if (stages.length < 3) return notMeasured(about, "Give the models of two earlier stages or more with --compare to measure it.");
  const [first, last] = [stages[0]!, stages.at(-1)!];
  const values = stages.map(({ run }) => run.global[0]!.estimate);
  const peak = values.indexOf(Math.max(...values.slice(1, -1)), 1);
  const rise = pairedRuns(first.measured, stages[peak]!.measured, globalOf, random.split("rise"));
  const fall = pairedRuns(stages[peak]!.measured, last.measured, globalOf, random.split("fall"));
  if (rise === undefined || fall === undefined) return notMeasured(about, "The models have too few tasks in common.");
  const verdict = bothOf(verdictOf(rise.interval95, "above"), verdictOf(fall.interval95, "below"));
  return {
    ...about,
    verdict,
    sentences: [
      `From ${first.run.name} to ${stages[peak]!.run.name}, the most autoregressive in between, global AR-ness@${first.run.global[0]!.k} changes by ${points(rise)}, and from there to ${last.run.name} by ${points(fall)}.`,
      conclusion(verdict),
    ],
    figures: [globalFigure(stages), localFigure(stages)],
  };
}

const RL_ORDER = {
  id: "rl-order",
  title: "AR-ness before and after reinforcement learning",
  paper: "coupled-GRPO makes a model less autoregressive: its global AR-ness falls.",
};
const AFTER = "Give the model after reinforcement learning with --after-rl to measure it.";

export function rlOrderFinding(before: StageRun, after: StageRun | undefined, random: Random): AnalysisFinding {
  if (after === undefined) return notMeasured(RL_ORDER, AFTER);
  const difference = pairedRuns(before.measured, after.measured, globalOf, random.split("global"));
  if (difference === undefined) return notMeasured(RL_ORDER, "The models have too few tasks in common.");
  const verdict = verdictOf(difference.interval95, "below");
  const [one, other] = [before.run.global[0]!, after.run.global[0]!];
  return {
    ...RL_ORDER,
    verdict,
    sentences: [`Global AR-ness@${one.k} is ${share(one)} before and ${share(other)} after: ${points(difference)}.`, conclusion(verdict)],
    figures: [globalFigure([before, after]), localFigure([before, after])],
  };
}

/** One model at full, half and a quarter of the steps. */
export type StepRuns = readonly [full: StageRun, half: StageRun, quarter: StageRun];

export function rlStepsFinding(before: StepRuns | undefined, after: StepRuns | undefined, random: Random): AnalysisFinding {
  const about = {
    id: "rl-steps",
    title: "Fewer steps before and after reinforcement learning",
    paper: "at half of the steps, pass@1 drops less after coupled-GRPO than before it.",
  };
  if (before === undefined || after === undefined) return notMeasured(about, `${AFTER} It takes a decoder that has steps.`);
  const gains = [1, 2].map((at) => {
    const lost = (runs: StepRuns): Map<string, number> => dropByTask(runs[0].measured, runs[at]!.measured);
    return pairedMaps(lost(before), lost(after), random.split("steps", at));
  });
  const [half, quarter] = gains as [Gain | undefined, Gain | undefined];
  if (half === undefined || quarter === undefined) return notMeasured(about, "The models have too few scored tasks in common.");
  const verdict = verdictOf(half.interval95, "above");
  const names = ["all steps:", "half:", "a quarter:"];
  const figure = (runs: StepRuns, title: string, tone: "before" | "after") =>
    ({
      kind: "intervals",
      title,
      unit: "share",
      rows: runs.flatMap(({ run }, i) => (run.passAtK === undefined ? [] : [{ ...run.passAtK[0]!, label: names[i]!, tone }])),
    }) as const;
  return {
    ...about,
    verdict,
    sentences: [
      `At half of the steps pass@1 changes by ${bare(half.before)} before and by ${bare(half.after)} points after, a difference of ${points(half)}; at a quarter it changes by ${bare(quarter.before)} and ${bare(quarter.after)}, a difference of ${points(quarter)}.`,
      conclusion(verdict),
    ],
    figures: [figure(before, "pass@1 before", "before"), figure(after, "pass@1 after", "after")],
  };
}

interface Gain {
  difference: number;
  interval95: Interval;
  before: number;
  after: number;
}

function dropByTask(full: MeasuredRun, fewer: MeasuredRun): Map<string, number> {
  const rate = passRate(1);
  const fewerById = new Map(fewer.tasks.map((task) => [task.taskId, rate(task)]));
  return new Map(
    full.tasks.flatMap((task) => {
      const [all, some] = [rate(task), fewerById.get(task.taskId)];
      return all === undefined || some === undefined ? [] : [[task.taskId, some - all] as const];
    }),
  );
}

function pairedMaps(before: ReadonlyMap<string, number>, after: ReadonlyMap<string, number>, random: Random): Gain | undefined {
  const ids = [...before.keys()].filter((id) => after.has(id));
  if (ids.length < 2) return undefined;
  const [firsts, seconds] = [ids.map((id) => before.get(id)!), ids.map((id) => after.get(id)!)];
  return { ...pairedDifference(firsts, seconds, { random }), before: mean(firsts), after: mean(seconds) };
}

function globalFigure(runs: readonly StageRun[]) {
  return {
    kind: "intervals",
    title: `Global AR-ness@${runs[0]!.run.global[0]!.k}`,
    unit: "share",
    rows: runs.map(({ run }) => ({ ...run.global[0]!, label: `${run.name}:` })),
  } as const;
}

function localFigure(runs: readonly StageRun[]) {
  return {
    kind: "intervals",
    title: `Local AR-ness@${runs[0]!.run.local[0]!.k}`,
    unit: "share",
    rows: runs.map(({ run }) => ({ ...run.local[0]!, label: `${run.name}:`, tone: "before" as const })),
  } as const;
}
