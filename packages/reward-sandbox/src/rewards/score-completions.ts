// Rewards of coupled-GRPO: a weighted sum of terms. The default is Apple's, 2.0 code + 0.5 code_format.
// Differs: 1. tests are inputs and outputs, or asserts that run in a separate process: an exit code proves nothing. 2. A term that
// could not be computed is `null` and left out of the sum, as the NaNs of the reference are. 3. The form is judged strictly; see form.ts.
import { InvalidArgumentError } from "@diffucoder/core";
import { checkList, checkObject } from "../check-arguments.ts";
import type { Trust } from "../jobs.ts";
import type { IsolationLevel } from "../provider.ts";
import type { Sandbox } from "../sandbox.ts";
import { checkScoreOptions } from "./check-score-options.ts";
import { extractCode, formOf, isWellFormed, type RewardMode } from "./form.ts";
import { REWARD_FUNCTIONS, type RewardMaker, type RewardSample } from "./reward-functions.ts";
import { endAlike, type ProgramTests, testProgram, type Verdict } from "./test-program.ts";

/** A part of a reward: a function of `rewardFunctions`, its options and its weight. */
export interface RewardTerm {
  /** A key of `rewardFunctions`. */
  name: string;
  /** Factor of its value. */
  weight: number;
  /** Options of its function. @default {} */
  options?: Readonly<Record<string, unknown>>;
}

/** DiffuCoder's: 2.0 `code` + 0.5 `code_format`. */
export const DEFAULT_REWARD: readonly RewardTerm[] = [
  { name: "code", weight: 2 },
  { name: "code_format", weight: 0.5 },
];

/** The score of a completion. */
export interface Score {
  /** Weighted sum of the terms; `null` if none could be computed. */
  reward: number | null;
  /** The value of each term, in the order of the terms. */
  terms: {
    /** Name of its reward function. */
    name: string;
    /** Factor of its value. */
    weight: number;
    /** The function's value; `null` if it could not judge. */
    value: number | null;
  }[];
  /** Share of tests passed, paid only for a well-formed answer. */
  code: number | null;
  /** 1, 0.5 for code that does not compile, 0 for any other form. */
  format: number | null;
  /** Whether a program could have forged its verdicts. */
  trust: Trust;
  /** How the program was isolated. */
  isolation: IsolationLevel;
  /** One for each test. */
  verdicts: Verdict[];
}

/** What `scoreCompletions` works on. */
export interface ScoreOptions {
  /** Where the programs run. */
  sandbox: Sandbox;
  /** What a model wrote. A completion of more than 2^20 characters is not read: it fails all tests, and its form is 0. */
  completions: readonly string[];
  /** One for each completion. */
  tasks: readonly ProgramTests[];
  /** Tokens of each completion, for terms that depend on it. */
  completionLengths?: readonly number[];
  /** The terms of the reward. @default `DEFAULT_REWARD` */
  terms?: readonly RewardTerm[];
  /** Functions that the terms name. @default `REWARD_FUNCTIONS` */
  rewardFunctions?: Readonly<Record<string, RewardMaker>>;
  /** How the form is judged. @default "strict" */
  mode?: RewardMode;
  /** Stops it. */
  signal?: AbortSignal;
}

/**
 * The weighted sum of the parts that could be computed; `null` if there are none.
 *
 * @throws {InvalidArgumentError} if a weight is not a finite number, or a value is neither finite nor `null`
 */
export function combineRewards(
  parts: readonly {
    /** Factor of the value. */
    weight: number;
    /** `null` if it could not be computed. */
    value: number | null;
  }[],
): number | null {
  checkList("parts", parts);
  for (const [i, part] of parts.entries()) {
    checkObject(`parts[${i}]`, part, "an object such as { weight, value }");
    if (Number.isFinite(part.weight) && (part.value === null || Number.isFinite(part.value))) continue;
    throw new InvalidArgumentError({ argument: `parts[${i}]`, value: part, expected: "a finite weight and a finite value or null" });
  }
  const known = parts.filter(({ value }) => value !== null);
  return known.length === 0 ? null : known.reduce((sum, { weight, value }) => sum + weight * (value as number), 0);
}

/**
 * Rewards and test verdicts of completions, each for its own task; all run at the same time over the sandbox's workers.
 * If the sandbox failed, `code`, `format` and what depends on them are `null`: it is not the completion's fault.
 *
 * @throws {InvalidArgumentError} naming an argument of the wrong kind, or if a term has no function, or a function does not return one value per
 * completion
 * @throws {AbortedError} if the signal fires
 */
export async function scoreCompletions(options: ScoreOptions): Promise<Score[]> {
  checkScoreOptions(options);
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
    if (typeof make === "function") return make(own);
    throw new InvalidArgumentError({ argument: "terms", value: name, expected: `one of ${Object.keys(rewardFunctions).join(", ")}` });
  });
  const samples = await Promise.all(
    completions.map(async (completion, i): Promise<RewardSample & { trust: Trust }> => {
      const task = tasks[i]!;
      return { completion, task, completionLength: completionLengths?.[i], ...(await runTask({ sandbox, completion, task, mode, signal })) };
    }),
  );
  const columns = await Promise.all(
    functions.map(async (reward, i) => {
      const values = await reward(samples);
      if (Array.isArray(values) && values.length === samples.length && values.every((value) => value === null || Number.isFinite(value)))
        return values;
      const { name } = terms[i]!;
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

/** Characters of a completion; more are not read. */
const COMPLETION_LENGTH = 2 ** 20;

/** The score of a completion that is not run: every test ends the same way. */
function notRun(task: ProgramTests, ending: Pick<Verdict, "verdict" | "got">): Omit<Ran, "trust"> {
  return { code: "", form: 0, passRate: 0, verdicts: endAlike(task, ending) };
}

/** Runs a completion's code on its task's tests; without any code it fails them without being run. */
async function runTask(options: {
  sandbox: Sandbox;
  completion: string;
  task: ProgramTests;
  mode: RewardMode;
  signal: AbortSignal | undefined;
}): Promise<Ran> {
  const { completion, task, mode } = options;
  const { language } = task;
  const trust: Trust = "asserts" in task && task.entryPoint === undefined ? "low" : "high";
  const { length } = completion;
  if (length > COMPLETION_LENGTH) {
    const got = `a completion of ${length} characters; at most ${COMPLETION_LENGTH} are read`;
    return { ...notRun(task, { verdict: "memory", got }), trust };
  }
  const code = extractCode(completion, language);
  if (code === "" && !isWellFormed(completion, language)) return { ...notRun(task, { verdict: "exception", got: "no code" }), trust };
  const { parses, verdicts } = await testProgram({ sandbox: options.sandbox, code, tests: task, signal: options.signal });
  if (verdicts.some(({ verdict }) => verdict === "infrastructure")) return { code, form: null, passRate: null, trust, verdicts };
  const compiles = verdicts.length === 0 || verdicts.some(({ verdict, got }) => verdict !== "exception" || got !== "SyntaxError");
  const passed = verdicts.filter(({ verdict }) => verdict === "pass").length;
  return {
    code,
    form: formOf({ completion, language, parses, compiles, mode }),
    passRate: verdicts.length === 0 ? 0 : passed / verdicts.length,
    trust,
    verdicts,
  };
}
