// Reward functions under the names of TRL and open-r1. Each is created with its options and takes all completions of a batch.
//
//   code, code_format         Apple's rewards.py: share of tests passed, paid only for well-formed answers; the form
//   binary_code               open-r1: 1 if that share is 1, else 0
//   soft_overlong_punishment  DAPO (arXiv 2503.14476, Eq. 13), L the completion's length in tokens:
//                             0 if L <= max - cache;  (max - cache - L) / cache if L <= max;  else -1
//   length                    Kimi k1.5 (arXiv 2501.12599, section 2.3.3), within the completions of one task:
//                             lambda = 0.5 - (L - min) / (max - min) if all tests passed, else min(0, lambda); 0 if max = min
// Differs: 1. a value that could not be computed is `null`, as the reference's NaN; 2. lengths are in tokens.
import { InvalidArgumentError } from "@diffucoder/core";
import type { ProgramTests, Verdict } from "./test-program.ts";

/** What a reward function sees of a completion. */
export interface RewardSample {
  /** What the model wrote. */
  completion: string;
  /** Its task, with the tests. */
  task: ProgramTests;
  /** Tokens of the completion, if the caller gave them. */
  completionLength: number | undefined;
  /** The code in it; empty if there is none. */
  code: string;
  /** Score of the form, see `formOf`; `null` if the sandbox failed. */
  form: number | null;
  /** Share of tests passed, whatever the form; `null` if the sandbox failed. */
  passRate: number | null;
  /** One for each test. */
  verdicts: readonly Verdict[];
}

/** Values for the completions of a batch, in their order; `null` for those that it cannot judge. */
export type RewardFunction = (samples: readonly RewardSample[]) => readonly (number | null)[] | Promise<readonly (number | null)[]>;

/** Makes a reward function from options, as given in a configuration. */
export type RewardMaker = (options: Readonly<Record<string, unknown>>) => RewardFunction;

const paid = ({ form, passRate }: RewardSample): number | null => (form === null || passRate === null ? null : form === 1 ? passRate : 0);

const code: RewardMaker = () => (samples) => samples.map(paid);

const binaryCode: RewardMaker = () => (samples) =>
  samples.map((sample) => {
    const share = paid(sample);
    return share === null ? null : Number(share === 1);
  });

const codeFormat: RewardMaker = () => (samples) => samples.map(({ form }) => form);

const softOverlong: RewardMaker = (options) => {
  const [max, cache] = [tokens(options, "maxCompletionLen"), tokens(options, "softPunishCache")];
  return (samples) =>
    samples.map((sample) => {
      const length = lengthOf(sample, "soft_overlong_punishment");
      if (length <= max - cache) return 0;
      return length <= max ? (max - cache - length) / cache : -1;
    });
};

const length: RewardMaker = () => (samples) =>
  samples.map((sample) => {
    if (sample.passRate === null) return null;
    const lengths = samples.filter(({ task }) => task === sample.task).map((other) => lengthOf(other, "length"));
    const [shortest, longest] = [Math.min(...lengths), Math.max(...lengths)];
    if (shortest === longest) return 0;
    const lambda = 0.5 - (lengthOf(sample, "length") - shortest) / (longest - shortest);
    return paid(sample) === 1 ? lambda : Math.min(0, lambda);
  });

function tokens(options: Readonly<Record<string, unknown>>, argument: string): number {
  const value = options[argument];
  if (typeof value === "number" && Number.isInteger(value) && value > 0) return value;
  throw new InvalidArgumentError({ argument, value, expected: "a positive number of tokens" });
}

function lengthOf({ completionLength }: RewardSample, reward: string): number {
  if (completionLength !== undefined) return completionLength;
  throw new InvalidArgumentError({ argument: "completionLengths", value: completionLength, expected: `given for the reward ${reward}` });
}

/** The reward functions that a configuration can name; add your own as `{ ...REWARD_FUNCTIONS, mine: () => (samples) => ... }`. */
export const REWARD_FUNCTIONS: Readonly<Record<string, RewardMaker>> = {
  code,
  binary_code: binaryCode,
  code_format: codeFormat,
  length,
  soft_overlong_punishment: softOverlong,
};
