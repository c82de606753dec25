// Rewards of coupled-GRPO, as in Apple's rewards.py: a format reward, and the share of tests passed, which is only paid
// for well-formed completions. Total = 2.0 code + 0.5 format.
// Differs: 1. tests are inputs and outputs, see sandbox.ts; an exit code proves nothing. 2. A reward that could not be
// computed is `null` and left out of the sum, as the NaNs of the reference are.
import { sameValue } from "./equality.ts";
import type { Outcome, VerdictName } from "./jobs.ts";
import type { Sandbox } from "./sandbox.ts";

/** A function to write and its tests. */
export interface CodeTask {
  entryPoint: string;
  tests: readonly (readonly [args: readonly unknown[], expected: unknown])[];
}

export interface Verdict {
  verdict: VerdictName;
  args: readonly unknown[];
  expected: unknown;
  /** The returned value, or a detail such as the exception's name. */
  got: unknown;
}

export interface Score {
  /** Weighted sum; `null` if no part could be computed. */
  reward: number | null;
  /** Share of tests passed. */
  code: number | null;
  /** 1, 0.5 for code that does not parse, 0 for another form. */
  format: number | null;
  verdicts: Verdict[];
}

export interface RewardWeights {
  code: number;
  format: number;
}

export const DEFAULT_WEIGHTS: RewardWeights = { code: 2, format: 0.5 };

/** Text without fences, one block ```` ```python ````, and nothing behind its closing line. */
const WELL_FORMED = /^(?:(?!```)[\s\S])*```python\n(?:(?!```)[\s\S])*```\n$/;

/** The first ```` ```python ```` block; empty if there is none. */
export function extractCode(completion: string): string {
  return /```python\n([\s\S]*?)```/.exec(completion)?.[1] ?? "";
}

/** The weighted sum of the parts that could be computed. */
export function combineRewards(parts: readonly { weight: number; value: number | null }[]): number | null {
  const known = parts.filter(({ value }) => value !== null);
  return known.length === 0 ? null : known.reduce((sum, { weight, value }) => sum + weight * (value as number), 0);
}

/**
 * Format reward and test verdicts of completions, each for its own task; all run at the same time over the sandbox's
 * workers. A broken sandbox gives `null`, which is not the completion's fault.
 */
export function scoreCompletions({
  sandbox,
  completions,
  tasks,
  weights = DEFAULT_WEIGHTS,
}: {
  sandbox: Sandbox;
  completions: readonly string[];
  tasks: readonly CodeTask[];
  weights?: RewardWeights;
}): Promise<Score[]> {
  return Promise.all(completions.map((completion, i) => scoreOne(sandbox, completion, tasks[i] as CodeTask, weights)));
}

async function scoreOne(sandbox: Sandbox, completion: string, { entryPoint, tests }: CodeTask, weights: RewardWeights): Promise<Score> {
  const isWellFormed = WELL_FORMED.test(completion);
  const code = extractCode(completion);
  if (code === "" && !isWellFormed)
    return { reward: 0, code: 0, format: 0, verdicts: tests.map(([args, expected]) => ({ verdict: "exception", args, expected, got: "no code" })) };
  const { parses, outcomes } = await sandbox.run({ code, entryPoint, inputs: tests.map(([args]) => args) });
  const verdicts = tests.map(([args, expected], i): Verdict => ({ args, expected, ...judged(outcomes[i] as Outcome, expected) }));
  if (verdicts.some(({ verdict }) => verdict === "infrastructure")) return { reward: null, code: null, format: null, verdicts };
  const format = !isWellFormed ? 0 : parses ? 1 : 0.5;
  const passed = tests.length === 0 ? 0 : verdicts.filter(({ verdict }) => verdict === "pass").length / tests.length;
  const codeReward = format === 1 ? passed : 0;
  return {
    reward: combineRewards([
      { weight: weights.code, value: codeReward },
      { weight: weights.format, value: format },
    ]),
    code: codeReward,
    format,
    verdicts,
  };
}

function judged(outcome: Outcome, expected: unknown): Pick<Verdict, "verdict" | "got"> {
  if (outcome.status !== "ok") return { verdict: outcome.status, got: outcome.detail };
  return { verdict: sameValue(outcome.value, expected) ? "pass" : "wrong", got: outcome.value };
}
