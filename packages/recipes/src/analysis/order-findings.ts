// DiffuCoder (arXiv 2506.20639): how far from left to right a model writes, and where it is sure at the first pass.
import type { AnalysisFinding, AnalyzedRun } from "@diffucoder/report";
import { conclusion, notMeasured, number, share } from "./finding.ts";
import { mean, type MeasuredRun } from "./measures.ts";

export function arNessFinding({ name, local, global }: AnalyzedRun): AnalysisFinding {
  const [first, near] = [global[0]!, local[0]!];
  const [low, high] = first.interval95;
  const isOrdered = low > first.random;
  const verdict = isOrdered && high < 1 ? "holds" : high <= first.random || low >= 1 ? "does not hold" : "undecided";
  const random = `${(first.random * 100).toFixed(1)} %`;
  return {
    id: "ar-ness",
    title: "Local and global AR-ness",
    paper: "a model adapted from an autoregressive one leans to the order from left to right, yet does not keep it strictly.",
    verdict,
    sentences: [
      `${name} has a local AR-ness@${near.k} of ${share(near)} and a global AR-ness@${first.k} of ${share(first)}, where left to right has 100 % and random orders have ${random} globally.`,
      conclusion(verdict),
    ],
    figures: [
      { kind: "intervals", title: "Local AR-ness@k", unit: "share", rows: local.map((one) => ({ ...one, label: `k = ${one.k}`, tone: "before" })) },
      {
        kind: "intervals",
        title: "Global AR-ness@k",
        unit: "share",
        rows: global.map((one) => ({ ...one, label: `k = ${one.k}, random ${(one.random * 100).toFixed(1)} %:` })),
      },
    ],
  };
}

export function entropySinkFinding({ name, entropySink }: AnalyzedRun, { tasks }: MeasuredRun): AnalysisFinding {
  const about = {
    id: "entropy-sink",
    title: "Entropy sink at the first step",
    paper: "at the first step the model is surest next to the prompt, and less sure the farther to the right.",
  };
  if (entropySink === undefined) return notMeasured(about, "These traces do not tell what the first pass proposed; record them again to measure it.");
  const [low, high] = entropySink.interval95;
  const verdict = low > 0 ? "holds" : high < 0 ? "does not hold" : "undecided";
  const curve = entropyCurve(tasks);
  const nearest = curve[0]!.entropy;
  const [highest] = curve.toSorted((a, b) => b.entropy - a.entropy);
  return {
    ...about,
    verdict,
    sentences: [
      `At the first pass of ${name} the entropy is ${nearest.toFixed(2)} nats next to the prompt and at most ${highest!.entropy.toFixed(2)}, ${highest!.distance} positions from it; Kendall's tau of entropy and distance is ${number(entropySink)}.`,
      conclusion(verdict),
    ],
    figures: [
      {
        kind: "curve",
        title: "Entropy at the first pass",
        description:
          "Mean over tasks of the entropy of a position's distribution, nats; positions that fewer than a tenth of the tasks have are left out.",
        xLabel: "positions from the prompt",
        x: curve.map(({ distance }) => distance),
        y: curve.map(({ entropy }) => entropy),
      },
    ],
  };
}

/** Mean over the tasks that have a position, if at least a tenth have it. */
function entropyCurve(tasks: MeasuredRun["tasks"]): { distance: number; entropy: number }[] {
  const farthest = Math.max(...tasks.map(({ firstPass }) => firstPass.length));
  return Array.from({ length: farthest }, (_, distance) => {
    const known = tasks.flatMap(({ firstPass }) => firstPass[distance] ?? []);
    return { distance, entropy: known.length < tasks.length / 10 ? Number.NaN : mean(known) };
  }).filter(({ entropy }) => Number.isFinite(entropy));
}
