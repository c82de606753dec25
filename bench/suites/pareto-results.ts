// The lines of the pareto suite: what each setting achieves and costs on the development split, accuracy under parallelism of each method, and
// the recommended setting against the baseline on the test split.
import { accuracyUnderParallelism, type Interval } from "@diffucoder/eval";
import type { DecodingSetting } from "@diffucoder/report";
import { measured, type Result } from "../measurement.ts";
import { type Contender, MARGIN, type Standing, standing } from "../recommendation.ts";

/** A setting with what it has achieved. */
export interface Swept extends DecodingSetting, Omit<Contender, "forwardPasses" | "forwardTokens"> {
  /** Settings of one method make one curve. */
  method: string;
  passed: readonly boolean[];
  /** Tokens of an answer, up to its end. */
  answerTokens: number;
}

/** The recommended setting and the baseline on tasks that have chosen nothing. */
export interface Confirmation {
  baseline: Swept;
  chosen: Swept;
  difference: number;
  interval95: Interval;
  standing: Standing;
  /** Smallest and largest tokens a second. */
  spread: Interval;
  baselineSpread: Interval;
}

const suite = "pareto";
const percent = (value: number): string => (100 * value).toFixed(1);
const toPercent = ([low, high]: Interval): [number, number] => [100 * low, 100 * high];
const against = ({ difference, interval95 }: { difference: number; interval95: Interval }): string =>
  `difference ${percent(difference)} (${interval95.map(percent).join(" to ")})`;

export function paretoResults(swept: readonly Swept[], confirmation: Confirmation): Result[] {
  const [first] = swept as [Swept, ...Swept[]];
  return [
    ...swept.map((one) => settingLine(one, first)),
    ...curves(swept).map(({ name, aup }) => measured({ suite, name: `dev: accuracy under parallelism: ${name}`, ours: aup, unit: "AUP" })),
    ...confirmed(confirmation),
  ];
}

/** Accuracy under parallelism of each method. */
export function curves(swept: readonly Swept[]): { name: string; aup: number }[] {
  const best = Math.max(...swept.map(({ passAt1 }) => passAt1));
  return [...new Set(swept.map(({ method }) => method))].map((name) => {
    const curve = swept.filter(({ method }) => method === name).map(({ tokensPerPass, passAt1 }) => ({ tokensPerPass, accuracy: passAt1 }));
    return { name, aup: accuracyUnderParallelism(curve, best) };
  });
}

function settingLine(one: Swept, first: Swept): Result {
  const compared = one === first ? "" : `; ${against(standing(first.passed, one.passed))}, ${one.standing} on ${one.tasks} tasks`;
  const { forwardPasses, tokensPerPass, forwardTokens, milliseconds } = one;
  const costs = `${forwardPasses.toFixed(1)} passes, ${tokensPerPass.toFixed(2)} tokens a pass, ${forwardTokens.toFixed(0)} tokens, ${milliseconds.toFixed(1)} ms`;
  return measured({
    suite,
    name: `dev: ${one.name}: ${costs}${compared}`,
    ours: 100 * one.passAt1,
    spread: toPercent(one.interval95),
    unit: "% pass@1",
  });
}

function confirmed({ baseline, chosen, spread, baselineSpread, ...paired }: Confirmation): Result[] {
  const verdict = paired.standing === "as good" ? "confirmed" : `not confirmed, ${paired.standing}`;
  const rate = ({ answerTokens, milliseconds }: Swept): number => answerTokens / (milliseconds / 1000);
  const peerName = baseline.name;
  return [
    measured({
      suite,
      name: `test: ${chosen.name}, recommended; ${against(paired)}, within ${percent(MARGIN)} points: ${verdict}`,
      ours: 100 * chosen.passAt1,
      spread: toPercent(chosen.interval95),
      unit: "% pass@1",
      peer: 100 * baseline.passAt1,
      peerSpread: toPercent(baseline.interval95),
      peerName,
    }),
    measured({
      suite,
      name: "test: tokens of the answers, a second",
      ours: rate(chosen),
      spread,
      unit: "tokens/s",
      peer: rate(baseline),
      peerSpread: baselineSpread,
      peerName,
      target: { of: "ratio", atLeast: 4 },
    }),
    measured({
      suite,
      name: "test: tokens of the answers, a forward pass",
      ours: chosen.tokensPerPass,
      unit: "tokens",
      peer: baseline.tokensPerPass,
      peerName,
    }),
    measured({
      suite,
      name: "test: tokens through the network, for a completion",
      ours: chosen.forwardTokens,
      unit: "tokens",
      peer: baseline.forwardTokens,
      peerName,
      target: { of: "ratio", atMost: 0.25 },
    }),
  ];
}
