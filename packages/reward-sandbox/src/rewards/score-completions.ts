// Rewards of coupled-GRPO: a weighted sum of terms. The default is Apple's, 2.0 code + 0.5 code_format.
// Differs: 1. tests are inputs and outputs, or asserts that run apart from the program: an exit code proves nothing. 2. A term that
// could not be computed is `null` and left out of the sum, as the NaNs of the reference are. 3. The form is judged strictly; see form.ts.
import { InvalidArgumentError } from "@diffucoder/core";
import { sameValue } from "../equality.ts";
import type { Outcome, Trust, VerdictName } from "../jobs.ts";
import type { IsolationLevel } from "../provider.ts";
import type { Sandbox } from "../sandbox.ts";
import { extractCode, formOf, isWellFormed, type RewardMode } from "./form.ts";
import { REWARD_FUNCTIONS, type RewardMaker, type RewardSample } from "./reward-functions.ts";

/** A function to write and its tests: inputs and outputs, or statements. */
export type CodeTask =
  | { entryPoint: string; tests: readonly (readonly [args: readonly unknown[], expected: unknown])[] }
  /** Without `entryPoint` the asserts run where the program does, and their verdicts have low trust. */
  | { entryPoint?: string; asserts: readonly string[] };

export type Verdict = {
  verdict: VerdictName;
  /** The returned value, or a detail such as the exception's name. */
  got: unknown;
} & ({ args: readonly unknown[]; expected: unknown } | { assert: string });

/** A part of a reward: a function of `rewardFunctions`, its options and its weight. */
export interface RewardTerm {
  name: string;
  weight: number;
  options?: Readonly<Record<string, unknown>>;
}

export const DEFAULT_REWARD: readonly RewardTerm[] = [
  { name: "code", weight: 2 },
  { name: "code_format", weight: 0.5 },
];

export interface Score {
  /** Weighted sum of the terms; `null` if none could be computed. */
  reward: number | null;
  /** What each term gave, in the order of the terms. */
  terms: { name: string; weight: number; value: number | null }[];
  /** Share of tests passed, paid only for a well-formed answer. */
  code: number | null;
  /** 1, 0.5 for code that Python does not take, 0 for another form. */
  format: number | null;
  /** Whether a program could have forged its verdicts. */
  trust: Trust;
  /** What kept the program apart. */
  isolation: IsolationLevel;
  verdicts: Verdict[];
}

export interface ScoreOptions {
  sandbox: Sandbox;
  completions: readonly string[];
  /** One for each completion. */
  tasks: readonly CodeTask[];
  /** Tokens of each completion, for terms that look at it. */
  completionLengths?: readonly number[];
  /** @default `DEFAULT_REWARD` */
  terms?: readonly RewardTerm[];
  /** @default `REWARD_FUNCTIONS` */
  rewardFunctions?: Readonly<Record<string, RewardMaker>>;
  /** @default "strict" */
  mode?: RewardMode;
  signal?: AbortSignal;
}

/** The weighted sum of the parts that could be computed. */
export function combineRewards(parts: readonly { weight: number; value: number | null }[]): number | null {
  const known = parts.filter(({ value }) => value !== null);
  return known.length === 0 ? null : known.reduce((sum, { weight, value }) => sum + weight * (value as number), 0);
}

/**
 * Rewards and test verdicts of completions, each for its own task; all run at the same time over the sandbox's workers.
 * Where the sandbox failed, `code`, `format` and what depends on them are `null`: that is not the completion's fault.
 *
 * @throws {InvalidArgumentError} if a term has no function, or a function gives another number of values than completions
 * @throws {AbortedError} if the signal says so
 */
export async function scoreCompletions(options: ScoreOptions): Promise<Score[]> {
  const {
    sandbox,
    completions,
    tasks,
    completionLengths,
    terms = DEFAULT_REWARD,
    rewardFunctions = REWARD_FUNCTIONS,
    mode = "strict",
    signal,
  } = options;
  const functions = terms.map(({ name, options: own = {} }) => {
    const make = Object.hasOwn(rewardFunctions, name) ? rewardFunctions[name] : undefined;
    if (make) return make(own);
    throw new InvalidArgumentError({ argument: "terms", value: name, expected: `one of ${Object.keys(rewardFunctions).join(", ")}` });
  });
  if (tasks.length !== completions.length)
    throw new InvalidArgumentError({ argument: "tasks", value: tasks.length, expected: `one for each of ${completions.length} completions` });
  const samples = await Promise.all(
    completions.map(async (completion, i): Promise<RewardSample & { trust: Trust }> => {
      const task = tasks[i] as CodeTask;
      return { completion, task, completionLength: completionLengths?.[i], ...(await runTask({ sandbox, completion, task, mode, signal })) };
    }),
  );
  const columns = await Promise.all(
    functions.map(async (reward, i) => {
      const values = await reward(samples);
      if (values.length === samples.length && values.every((value) => value === null || Number.isFinite(value))) return values;
      const { name } = terms[i] as RewardTerm;
      throw new InvalidArgumentError({ argument: `rewardFunctions.${name}`, value: values, expected: "a finite number or null for each completion" });
    }),
  );
  return samples.map((sample, i) => {
    const { form: format, passRate, trust, verdicts } = sample;
    const record = terms.map(({ name, weight }, term) => ({ name, weight, value: columns[term]?.[i] ?? null }));
    const code = format === null || passRate === null ? null : format === 1 ? passRate : 0;
    return { reward: combineRewards(record), terms: record, code, format, trust, isolation: sandbox.isolation.level, verdicts: [...verdicts] };
  });
}

type Ran = Pick<RewardSample, "code" | "form" | "passRate" | "verdicts"> & { trust: Trust };

/** Runs a completion's code on its task's tests; without any code it fails them without being run. */
async function runTask(options: {
  sandbox: Sandbox;
  completion: string;
  task: CodeTask;
  mode: RewardMode;
  signal: AbortSignal | undefined;
}): Promise<Ran> {
  const { completion, task, mode } = options;
  const code = extractCode(completion);
  const trust: Trust = task.entryPoint === undefined ? "low" : "high";
  if (code === "" && !isWellFormed(completion)) {
    const missing = { verdict: "exception", got: "no code" } as const;
    const verdicts =
      "tests" in task
        ? task.tests.map(([args, expected]) => ({ ...missing, args, expected }))
        : task.asserts.map((assert) => ({ ...missing, assert }));
    return { code, form: 0, passRate: 0, trust, verdicts };
  }
  const { parses, verdicts } = await verdictsOf({ ...options, code });
  if (verdicts.some(({ verdict }) => verdict === "infrastructure")) return { code, form: null, passRate: null, trust, verdicts };
  const compiles = verdicts.length === 0 || verdicts.some(({ verdict, got }) => verdict !== "exception" || got !== "SyntaxError");
  const passed = verdicts.filter(({ verdict }) => verdict === "pass").length;
  return {
    code,
    form: formOf({ completion, parses, compiles, mode }),
    passRate: verdicts.length === 0 ? 0 : passed / verdicts.length,
    trust,
    verdicts,
  };
}

async function verdictsOf({ sandbox, code, task, signal }: { sandbox: Sandbox; code: string; task: CodeTask; signal: AbortSignal | undefined }) {
  if ("tests" in task) {
    const { entryPoint, tests } = task;
    const { parses, outcomes } = await sandbox.run({ code, entryPoint, inputs: tests.map(([args]) => args) }, { signal });
    return { parses, verdicts: tests.map(([args, expected], i): Verdict => ({ args, expected, ...judged(outcomes[i] as Outcome, expected) })) };
  }
  const { entryPoint, asserts } = task;
  const { parses, verdicts } = await sandbox.runTests({ code, tests: asserts, ...(entryPoint !== undefined && { entryPoint }) }, { signal });
  return { parses, verdicts: verdicts.map(({ verdict, detail }, i): Verdict => ({ assert: asserts[i] as string, verdict, got: detail })) };
}

function judged(outcome: Outcome, expected: unknown): Pick<Verdict, "verdict" | "got"> {
  if (outcome.status !== "ok") return { verdict: outcome.status, got: outcome.detail };
  return { verdict: sameValue(outcome.value, expected) ? "pass" : "wrong", got: outcome.value };
}
