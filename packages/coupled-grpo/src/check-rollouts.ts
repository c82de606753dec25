// Rollouts are plain data that anyone may make. Inside a graph, a wrong id would be read as another token, and a row of another
// length would shift its neighbours.
import { InvalidArgumentError } from "@diffucoder/core";
import { checkTokenIds } from "@diffucoder/diffusion";
import type { Rollout } from "./rollout.ts";

/** What the checks depend on. */
export interface CheckRolloutsOptions {
  /** The inner iteration whose masks are read. */
  iteration: number;
  /** Tokens of the vocabulary. @default not known */
  vocabSize?: number | undefined;
}

/**
 * Checks what scoring reads: ids, masks and seeds.
 *
 * @throws {InvalidArgumentError} naming the first rollout and field that is wrong
 */
export function checkScored(rollouts: readonly Rollout[], { iteration, vocabSize }: CheckRolloutsOptions): void {
  if (!Array.isArray(rollouts) || rollouts.length === 0)
    throw new InvalidArgumentError({ argument: "rollouts", value: rollouts, expected: "at least one rollout" });
  rollouts.forEach((rollout: Rollout, i) => {
    const { promptIds, completionIds } = rollouts[0]!;
    const at = `rollouts[${i}]`;
    checkTokenIds(`${at}.promptIds`, rollout.promptIds, vocabSize);
    checkTokenIds(`${at}.completionIds`, rollout.completionIds, vocabSize);
    checkLength(`${at}.promptIds`, rollout.promptIds, promptIds.length, "rollouts[0]'s");
    checkLength(`${at}.completionIds`, rollout.completionIds, completionIds.length, "rollouts[0]'s");
    checkBits(`${at}.promptMask`, rollout.promptMask, promptIds.length);
    checkBits(`${at}.completionMask`, rollout.completionMask, completionIds.length);
    const seed = rollout.maskSeeds?.[iteration];
    if (!Number.isSafeInteger(seed) || (seed as number) < 0)
      throw new InvalidArgumentError({ argument: `${at}.maskSeeds[${iteration}]`, value: seed, expected: "a seed, an integer of at least 0" });
  });
}

/**
 * Checks what an update also reads: advantages and earlier estimates.
 *
 * @throws as `checkScored`
 */
export function checkTrained(rollouts: readonly Rollout[], { iteration }: CheckRolloutsOptions): void {
  rollouts.forEach((rollout, i) => {
    const at = `rollouts[${i}]`;
    const { advantage, completionIds } = rollout;
    if (typeof advantage !== "number" || !Number.isFinite(Math.fround(advantage)))
      throw new InvalidArgumentError({ argument: `${at}.advantage`, value: advantage, expected: "a finite number" });
    for (const key of ["oldPerTokenLogProbs", "refPerTokenLogProbs"] as const) {
      const logProbs = rollout[key]?.[iteration];
      // All have them or none: an update cannot compare some with another policy and others with themselves.
      if ((logProbs === undefined) !== (rollouts[0]?.[key]?.[iteration] === undefined))
        throw new InvalidArgumentError({ argument: `${at}.${key}[${iteration}]`, value: logProbs, expected: "present or absent, as in rollouts[0]" });
      // One number is an estimate of the whole completion.
      if (logProbs !== undefined && logProbs.length !== 1) checkLength(`${at}.${key}[${iteration}]`, logProbs, completionIds.length, "completionIds");
    }
  });
}

function checkLength(argument: string, values: ArrayLike<number>, length: number, as: string): void {
  if (values.length === length) return;
  throw new InvalidArgumentError({ argument, value: `${values.length} of them`, expected: `${length} numbers, as ${as}` });
}

/** Checks a list of zeros and ones. */
function checkBits(argument: string, values: readonly number[], length: number): void {
  if (!Array.isArray(values)) throw new InvalidArgumentError({ argument, value: values, expected: `${length} numbers, each 0 or 1` });
  checkLength(argument, values, length, "its ids");
  const bad = values.findIndex((value) => value !== 0 && value !== 1);
  if (bad !== -1) throw new InvalidArgumentError({ argument: `${argument}[${bad}]`, value: values[bad], expected: "0 or 1" });
}
