// Rewards of coupled-GRPO: a weighted sum of terms. The default is Apple's, 2.0 code + 0.5 code_format.
// Differs: 1. tests are inputs and outputs, or asserts that run apart from the program: an exit code proves nothing. 2. A term that
// could not be computed is `null` and left out of the sum, as the NaNs of the reference are. 3. The form is judged strictly; see form.ts.
import { InvalidArgumentError } from "@diffucoder/core";
import { checkList, checkObject } from "../check-arguments.ts";
import { sameOutput } from "../equality.ts";
import type { Language, Outcome, Trust, VerdictName } from "../jobs.ts";
import type { IsolationLevel } from "../provider.ts";
import type { Sandbox } from "../sandbox.ts";
import { checkScoreOptions } from "./check-score-options.ts";
import { extractCode, formOf, isWellFormed, type RewardMode } from "./form.ts";
import { REWARD_FUNCTIONS, type RewardMaker, type RewardSample } from "./reward-functions.ts";

/** A function to write and its tests: inputs and outputs, or statements. */
export type CodeTask = {
  /** Of the program, and of the fence around it. @default "python" */
  language?: Language;
} & (
  | {
      /** Name of the function. */
      entryPoint: string;
      /**
       * Arguments of a call and what it should return. JavaScript has one kind of number: where Python should get or give a float without a
       * fraction write `{ float: 4 }`, and a large integer as `2n ** 64n` or `{ int: "18446744073709551616" }`. Objects and Maps are dicts, Sets are
       * sets, and `{ tuple: [1, 2] }` is a tuple: an object with one key that is a tag of `PythonValue` is what the tag says.
       */
      tests: readonly (readonly [args: readonly unknown[], expected: unknown])[];
    }
  | {
      /** Name of the function. Without it the asserts run where the program does, and their verdicts have low trust. */
      entryPoint?: string;
      /** Statements that raise if the program is wrong; each runs for itself. */
      asserts: readonly string[];
    }
);

/** How a test of a completion ended, and the test. */
export type Verdict = {
  /** `"pass"`, or how it failed. */
  verdict: VerdictName;
  /** The returned value, or a detail such as the exception's name. */
  got: unknown;
} & (
  | {
      /** Arguments of the call. */
      args: readonly unknown[];
      /** What it should return. */
      expected: unknown;
    }
  | {
      /** The statement. */
      assert: string;
    }
);

/** A part of a reward: a function of `rewardFunctions`, its options and its weight. */
export interface RewardTerm {
  /** A key of `rewardFunctions`. */
  name: string;
  /** What its value is multiplied with. */
  weight: number;
  /** What its function is made of. @default {} */
  options?: Readonly<Record<string, unknown>>;
}

/** DiffuCoder's: 2.0 `code` + 0.5 `code_format`. */
export const DEFAULT_REWARD: readonly RewardTerm[] = [
  { name: "code", weight: 2 },
  { name: "code_format", weight: 0.5 },
];

/** What came of a completion. */
export interface Score {
  /** Weighted sum of the terms; `null` if none could be computed. */
  reward: number | null;
  /** What each term gave, in the order of the terms. */
  terms: {
    /** Name of its reward function. */
    name: string;
    /** What its value is multiplied with. */
    weight: number;
    /** What the function gave; `null` where it could not judge. */
    value: number | null;
  }[];
  /** Share of tests passed, paid only for a well-formed answer. */
  code: number | null;
  /** 1, 0.5 for code that its language does not take, 0 for another form. */
  format: number | null;
  /** Whether a program could have forged its verdicts. */
  trust: Trust;
  /** What kept the program apart. */
  isolation: IsolationLevel;
  /** One for each test. */
  verdicts: Verdict[];
}

/** What `scoreCompletions` works on. */
export interface ScoreOptions {
  /** Where the programs run. */
  sandbox: Sandbox;
  /** What a model wrote. Of more than 2^20 characters nothing is read: such a completion fails all tests, and its form is 0. */
  completions: readonly string[];
  /** One for each completion. */
  tasks: readonly CodeTask[];
  /** Tokens of each completion, for terms that look at it. */
  completionLengths?: readonly number[];
  /** What the reward is the sum of. @default `DEFAULT_REWARD` */
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
 * @throws {InvalidArgumentError} if a weight is not a finite number, or a value neither that nor `null`
 */
export function combineRewards(
  parts: readonly {
    /** What the value is multiplied with. */
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
 * Where the sandbox failed, `code`, `format` and what depends on them are `null`: that is not the completion's fault.
 *
 * @throws {InvalidArgumentError} naming an argument of the wrong kind, or if a term has no function, or a function gives another number of values than completions
 * @throws {AbortedError} if the signal says so
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
      const task = tasks[i] as CodeTask;
      return { completion, task, completionLength: completionLengths?.[i], ...(await runTask({ sandbox, completion, task, mode, signal })) };
    }),
  );
  const columns = await Promise.all(
    functions.map(async (reward, i) => {
      const values = await reward(samples);
      if (Array.isArray(values) && values.length === samples.length && values.every((value) => value === null || Number.isFinite(value)))
        return values;
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

/** Characters of a completion; more are not read. */
const COMPLETION_LENGTH = 2 ** 20;

/** What becomes of a completion that is not run: every test ends alike. */
function notRun(task: CodeTask, ending: Pick<Verdict, "verdict" | "got">): Omit<Ran, "trust"> {
  const verdicts =
    "tests" in task ? task.tests.map(([args, expected]) => ({ ...ending, args, expected })) : task.asserts.map((assert) => ({ ...ending, assert }));
  return { code: "", form: 0, passRate: 0, verdicts };
}

/** Runs a completion's code on its task's tests; without any code it fails them without being run. */
async function runTask(options: {
  sandbox: Sandbox;
  completion: string;
  task: CodeTask;
  mode: RewardMode;
  signal: AbortSignal | undefined;
}): Promise<Ran> {
  const { completion, task, mode } = options;
  const { language } = task;
  const trust: Trust = task.entryPoint === undefined ? "low" : "high";
  const { length } = completion;
  if (length > COMPLETION_LENGTH) {
    const got = `a completion of ${length} characters; at most ${COMPLETION_LENGTH} are read`;
    return { ...notRun(task, { verdict: "memory", got }), trust };
  }
  const code = extractCode(completion, language);
  if (code === "" && !isWellFormed(completion, language)) return { ...notRun(task, { verdict: "exception", got: "no code" }), trust };
  const { parses, verdicts } = await verdictsOf({ ...options, code });
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

async function verdictsOf({ sandbox, code, task, signal }: { sandbox: Sandbox; code: string; task: CodeTask; signal: AbortSignal | undefined }) {
  const { language } = task;
  if ("tests" in task) {
    const { entryPoint, tests } = task;
    const { parses, outcomes } = await sandbox.run(
      { ...(language && { language }), code, entryPoint, inputs: tests.map(([args]) => args) },
      { signal },
    );
    return {
      parses,
      verdicts: tests.map(([args, expected], i): Verdict => ({ args, expected, ...judged(outcomes[i] as Outcome, expected, language) })),
    };
  }
  const { entryPoint, asserts } = task;
  const { parses, verdicts } = await sandbox.runTests(
    { ...(language && { language }), code, tests: asserts, ...(entryPoint !== undefined && { entryPoint }) },
    { signal },
  );
  return { parses, verdicts: verdicts.map(({ verdict, detail }, i): Verdict => ({ assert: asserts[i] as string, verdict, got: detail })) };
}

function judged(outcome: Outcome, expected: unknown, language: Language | undefined): Pick<Verdict, "verdict" | "got"> {
  if (outcome.status !== "ok") return { verdict: outcome.status, got: outcome.detail };
  return { verdict: sameOutput(outcome.value, expected, { language }) ? "pass" : "wrong", got: outcome.value };
}
