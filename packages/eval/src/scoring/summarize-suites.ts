import type { Random } from "@diffucoder/core";
import { estimatePassAtK, type Interval } from "../bootstrap.ts";
import type { PassCounts } from "../pass-at-k.ts";
import type { ProgramScore } from "./score-program.ts";

/** pass@k over the tasks with at least `k` scored samples; `tasks` says how many those are. */
export interface PassAtKSummary {
  /** Samples of which one has to pass. */
  readonly k: number;
  /** Unbiased estimate of pass@k. */
  readonly estimate: number;
  /** By bootstrap over tasks. */
  readonly interval95: Interval;
  /** Tasks with at least `k` samples. */
  readonly tasks: number;
}

/** pass@k of one suite: `base` tests, or `plus`, which is base and plus tests together. */
export interface SuiteSummary {
  /** `"base"`, or `"plus"` for base and plus tests together. */
  readonly suite: "base" | "plus";
  /** One for each `k`. */
  readonly passAtK: readonly PassAtKSummary[];
  /** Samples by verdict. */
  readonly verdicts: Readonly<Record<string, number>>;
}

/** How a task went. */
export interface TaskCounts extends PassCounts {
  /** Id of the task. */
  readonly taskId: string;
}

interface Scored {
  /** Id of the task. */
  readonly taskId: string;
  /** How the sample did. */
  readonly score: ProgramScore;
}

/** How each task went in a suite, in the order in which its first sample comes. */
export function countsByTask(samples: readonly Scored[], suite: SuiteSummary["suite"] = "base"): TaskCounts[] {
  const counts = new Map<string, { taskId: string; n: number; c: number }>();
  for (const { taskId, score } of samples) {
    const { n, c } = counts.get(taskId) ?? { n: 0, c: 0 };
    counts.set(taskId, { taskId, n: n + 1, c: verdictOf(score, suite) === "pass" ? c + 1 : c });
  }
  return [...counts.values()];
}

/** Both suites where some task has plus tests. A `k` for which no task has enough samples is left out. */
export function summarizeSuites(samples: readonly Scored[], { random, ks }: { random: Random; ks: readonly number[] }): SuiteSummary[] {
  const suites = samples.some(({ score }) => score.plus !== undefined) ? (["base", "plus"] as const) : (["base"] as const);
  return suites.map((suite) => {
    const verdicts: Record<string, number> = {};
    for (const { score } of samples) verdicts[verdictOf(score, suite)] = (verdicts[verdictOf(score, suite)] ?? 0) + 1;
    const counts = countsByTask(samples, suite);
    const passAtK = ks.flatMap((k) => {
      const enough = counts.filter(({ n }) => n >= k);
      return enough.length === 0 ? [] : [{ k, ...estimatePassAtK(enough, k, { random: random.split(suite, k) }), tasks: enough.length }];
    });
    return { suite, passAtK, verdicts };
  });
}

function verdictOf({ base, plus }: ProgramScore, suite: SuiteSummary["suite"]): string {
  return (suite === "base" ? base : (plus ?? base)).verdict;
}
