// DiffuCoder (arXiv 2506.20639): the order in which a model writes code beside that of text, such as arithmetic.
import type { Random } from "@diffucoder/core";
import type { AnalysisFinding } from "@diffucoder/report";
import { bothOf, change, conclusion, notMeasured, points, share, verdictOf } from "./finding.ts";
import { mean } from "./measures.ts";
import type { StageRun } from "./training-findings.ts";
import { unpairedDifference } from "./unpaired-difference.ts";

export function codeAndTextFinding(code: StageRun, text: StageRun | undefined, random: Random): AnalysisFinding {
  const about = {
    id: "code-and-text",
    title: "Code and text",
    paper: "global AR-ness of code has a lower mean and a higher variance than that of mathematical text.",
  };
  if (text === undefined) return notMeasured(about, "Give text with --against, arithmetic or a file of JSON lines, to measure it.");
  const [ofCode, ofText] = [code, text].map(({ measured }) => measured.tasks.map(({ global }) => global[0]!)) as [number[], number[]];
  if (Math.min(ofCode.length, ofText.length) < 2) return notMeasured(about, "It takes two tasks of each, or more, to measure it.");
  const means = unpairedDifference(ofText, ofCode, { statistic: mean, random: random.split("mean") });
  const spreads = unpairedDifference(ofText, ofCode, { statistic: standardDeviation, random: random.split("spread") });
  const verdict = bothOf(verdictOf(means.interval95, "below"), verdictOf(spreads.interval95, "above"));
  const [one, other] = [code.run.global[0]!, text.run.global[0]!];
  return {
    ...about,
    verdict,
    sentences: [
      `Global AR-ness@${one.k} is ${share(one)} on code and ${share(other)} on text, ${points(means)}; its standard deviation over tasks differs by ${change(spreads)}.`,
      conclusion(verdict),
    ],
    figures: [
      {
        kind: "intervals",
        title: `Global AR-ness@${one.k}`,
        unit: "share",
        rows: [
          { ...one, label: `${code.run.name}:` },
          { ...other, label: `${text.run.name}:`, tone: "before" },
        ],
      },
    ],
  };
}

function standardDeviation(values: readonly number[]): number {
  const middle = mean(values);
  return Math.sqrt(mean(values.map((value) => (value - middle) ** 2)));
}
