// DiffuCoder (arXiv 2506.20639): the length of completions over reinforcement learning, from the metrics of a run.
import { type Random, readJsonLines } from "@diffucoder/core";
import type { AnalysisFinding } from "@diffucoder/report";
import { conclusion, notMeasured } from "./finding.ts";
import { mean } from "./measures.ts";
import { unpairedDifference } from "./unpaired-difference.ts";

const ABOUT = {
  id: "completion-length",
  title: "Completion length over reinforcement learning",
  paper: "the completions do not grow longer during coupled-GRPO, unlike those of autoregressive models.",
};

/** Iterations below which the ends of a run say nothing. */
const FEWEST = 20;
/** A growth by less than this share of the first length is none. */
const NEGLIGIBLE = 0.1;

/**
 * @param metrics a run's `metrics.jsonl`
 * @throws {FileError} if it cannot be read, or a line is not JSON
 */
export function completionLengthFinding(metrics: string | undefined, random: Random): AnalysisFinding {
  if (metrics === undefined) return notMeasured(ABOUT, "Give the metrics.jsonl of a run with --metrics to measure it.");
  const lines = readJsonLines(metrics, { check: lengthOf, dropCutLine: true }).filter((line) => line !== undefined);
  if (lines.length < FEWEST)
    return notMeasured(ABOUT, `${metrics} has the completionLength of ${lines.length} iterations, and it takes ${FEWEST} to measure it.`);
  const atEnd = Math.floor(lines.length / 10);
  const lengths = lines.map(({ length }) => length);
  const [first, last] = [lengths.slice(0, atEnd), lengths.slice(-atEnd)];
  const { difference, interval95 } = unpairedDifference(first, last, { statistic: mean, random: random.split("completion length") });
  const [low, high] = interval95;
  const verdict = low > 0 ? "does not hold" : high <= NEGLIGIBLE * mean(first) ? "holds" : "undecided";
  return {
    ...ABOUT,
    verdict,
    sentences: [
      `A completion has ${mean(first).toFixed(1)} tokens in the first ${atEnd} iterations and ${mean(last).toFixed(1)} in the last ${atEnd}: ${difference < 0 ? "" : "+"}${difference.toFixed(1)} (${low.toFixed(1)} to ${high.toFixed(1)}).`,
      conclusion(verdict),
    ],
    figures: [
      {
        kind: "curve",
        title: "Completion length",
        description: "Mean length of the completions of an iteration, tokens.",
        xLabel: "iteration",
        x: lines.map(({ step }) => step),
        y: lengths,
      },
    ],
  };
}

/** Lines without a length are those of evaluations. */
function lengthOf(line: unknown): { step: number; length: number } | undefined {
  const { step, completionLength } = (line ?? {}) as { step?: unknown; completionLength?: unknown };
  return typeof step === "number" && typeof completionLength === "number" ? { step, length: completionLength } : undefined;
}
