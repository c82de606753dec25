// From records to figures: pass@k of each arm, paired differences, verdicts and the check of equal compute. Pure functions.
import { createRandom } from "@diffucoder/core";
import { bootstrapTasksAndSeeds, type Estimate, pairedDifferenceOverSeeds, passAtK } from "@diffucoder/eval";
import type { ExperimentComparison, ExperimentPlan } from "./plan.ts";
import type { ExperimentRecord } from "./record.ts";
import { type Verdict, verdictOf } from "./verdict.ts";

/** pass@k of an arm on one evaluation. */
export interface ArmPassAtK extends Estimate {
  /** Name of the evaluation. */
  evaluation: string;
  /** Its k. */
  k: number;
  /** Tasks that have at least `k` scored samples with each seed. */
  tasks: number;
}

/** What an arm came to, over its recorded seeds. */
export interface ArmResult {
  /** Its name. */
  arm: string;
  /** The seeds that are recorded. */
  seeds: number[];
  /** For each evaluation and k. */
  passAtK: ArmPassAtK[];
  /** Tokens of a training, mean over seeds; 0 for the base line. */
  networkTokens: number;
  /** Of training and evaluations on the clock, mean over seeds. */
  seconds: number;
  /** Of training and evaluations of the processor, mean over seeds. */
  processorSeconds: number;
}

/** A prediction and what became of it. */
export interface ComparisonResult extends ExperimentComparison {
  /** pass@k of `arm` minus that of `against`, paired by task and seed. @default absent while no seed is recorded of both */
  difference?: Estimate | undefined;
  /** Tasks that count. */
  tasks: number;
  /** Seeds that are recorded of both arms. */
  seeds: number;
  /** What the plan's rule says. */
  verdict: Verdict;
  /** Tokens of `arm`'s training over those of `against`'s. @default absent where one of them has none */
  computeRatio?: number | undefined;
  /** Whether the two had the same compute, within 2 %. @default absent as `computeRatio` */
  isEqualCompute?: boolean | undefined;
}

/** All figures of an experiment. */
export interface ExperimentAnalysis {
  /** In the plan's order. */
  arms: ArmResult[];
  /** In the plan's order. */
  comparisons: ComparisonResult[];
}

/** Compute of two arms that differ by more is not equal. */
const COMPUTE_TOLERANCE = 0.02;
const RESAMPLES = 4000;

/** Analyzes the records that there are. */
export function analyzeExperiment(plan: ExperimentPlan, records: readonly ExperimentRecord[]): ExperimentAnalysis {
  const byArm = (arm: string): ExperimentRecord[] => plan.seeds.flatMap((seed) => records.find((one) => one.arm === arm && one.seed === seed) ?? []);
  const arms = Object.keys(plan.arms).map((arm) => armResult(plan, arm, byArm(arm)));
  const comparisons = plan.decision.map((comparison) => compare(plan, comparison, [byArm(comparison.arm), byArm(comparison.against)]));
  return { arms, comparisons };
}

/** The k of an evaluation that are shown: those that it names, or 1 and its number of samples; and those of predictions. */
export function shownKs({ evaluations, decision }: ExperimentPlan, evaluation: string): number[] {
  const { ks, samplesPerTask } = evaluations[evaluation]!;
  const decided = decision.flatMap((one) => (one.evaluation === evaluation ? [one.k] : []));
  return [...new Set([...(ks ?? [1, samplesPerTask]), ...decided])].filter((k) => k <= samplesPerTask).toSorted((a, b) => a - b);
}

function armResult(plan: ExperimentPlan, arm: string, records: readonly ExperimentRecord[]): ArmResult {
  const passAtK = Object.keys(plan.evaluations).flatMap((evaluation) =>
    shownKs(plan, evaluation).flatMap((k): ArmPassAtK[] => {
      const ids = commonTasks(records, { evaluation, k });
      if (ids.length === 0) return [];
      const random = createRandom(0).split("arm", arm, evaluation, k);
      return [
        { evaluation, k, tasks: ids.length, ...bootstrapTasksAndSeeds(rates(records, { evaluation, k, ids }), { random, resamples: RESAMPLES }) },
      ];
    }),
  );
  return {
    arm,
    seeds: records.map(({ seed }) => seed),
    passAtK,
    networkTokens: meanTokens(records),
    seconds: mean(records.map(({ seconds }) => seconds)),
    processorSeconds: mean(records.map(({ processorSeconds }) => processorSeconds)),
  };
}

function compare(
  plan: ExperimentPlan,
  comparison: ExperimentComparison,
  [ours, theirs]: readonly [readonly ExperimentRecord[], readonly ExperimentRecord[]],
): ComparisonResult {
  const { arm, against, evaluation, k } = comparison;
  const seeds = plan.seeds.filter((seed) => [ours, theirs].every((side) => side.some((record) => record.seed === seed)));
  const paired = (records: readonly ExperimentRecord[]): ExperimentRecord[] => seeds.map((seed) => records.find((record) => record.seed === seed)!);
  const [after, before] = [paired(ours), paired(theirs)];
  const ids = commonTasks([...after, ...before], { evaluation, k });
  const result = { ...comparison, ...compute(after, before), tasks: ids.length, seeds: seeds.length };
  if (ids.length === 0) return { ...result, verdict: "pending" };
  const random = createRandom(0).split("comparison", arm, against, evaluation, k);
  const which = { evaluation, k, ids };
  const difference = pairedDifferenceOverSeeds(rates(before, which), rates(after, which), { random, resamples: RESAMPLES });
  const isWhole = seeds.length === plan.seeds.length;
  return { ...result, difference, verdict: isWhole ? verdictOf(comparison, difference.interval95) : "pending" };
}

function compute(after: readonly ExperimentRecord[], before: readonly ExperimentRecord[]): Pick<ComparisonResult, "computeRatio" | "isEqualCompute"> {
  const [ours, theirs] = [meanTokens(after), meanTokens(before)];
  if (ours === 0 || theirs === 0) return {};
  const computeRatio = ours / theirs;
  return { computeRatio, isEqualCompute: Math.abs(computeRatio - 1) <= COMPUTE_TOLERANCE };
}

/** Tasks that have enough scored samples in all records, so that a failing sandbox cannot look like a difference of models. */
function commonTasks(records: readonly ExperimentRecord[], { evaluation, k }: { evaluation: string; k: number }): string[] {
  const enough = records.map(({ evaluations }) => new Set((evaluations[evaluation]?.counts ?? []).flatMap(([id, n]) => (n >= k ? [id] : []))));
  return [...(enough[0] ?? [])].filter((id) => enough.every((ids) => ids.has(id)));
}

/** pass@k of each task in each record: `[seeds][tasks]`. */
function rates(records: readonly ExperimentRecord[], { evaluation, k, ids }: { evaluation: string; k: number; ids: readonly string[] }): number[][] {
  return records.map(({ evaluations }) => {
    const counts = new Map(evaluations[evaluation]!.counts.map(([id, n, c]) => [id, { n, c }]));
    return ids.map((id) => passAtK({ ...counts.get(id)!, k }));
  });
}

/** Tokens of a training, mean over records. */
function meanTokens(records: readonly ExperimentRecord[]): number {
  return mean(records.map(({ curve }) => (curve["networkTokens"] ?? []).reduce((sum: number, one) => sum + (one ?? 0), 0)));
}

function mean(values: readonly number[]): number {
  return values.length === 0 ? 0 : values.reduce((sum, value) => sum + value, 0) / values.length;
}
