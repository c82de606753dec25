// HumanEval-Infilling (Bavarian et al. 2022, arXiv 2207.14255): HumanEval's programs with a hole of one line, several lines, or a random span.
import type { Benchmark } from "./benchmark.ts";
import { readHumanEval } from "./human-eval.ts";

const holes = (kind: string, sha256: string): Benchmark => ({
  title: `HumanEval-Infilling, ${kind}`,
  version: "88062ff",
  licence: "MIT",
  test: {
    file: {
      path: `humaneval-infilling/HumanEval-${kind}.jsonl.gz`,
      sha256,
      url: `https://github.com/openai/human-eval-infilling/raw/88062ff9859c875d04db115b698ed4b0f0395170/data/HumanEval-${kind}.jsonl.gz`,
    },
    read: (text, path) => readHumanEval(text, path, ({ prompt, suffix }) => ({ kind: "hole", prefix: prompt, suffix })),
  },
});

export const infilling = {
  singleLine: holes("SingleLineInfilling", "1277073e7ddce163ef68598c2bca777f688a53df99422f097e37362090f88e1f"),
  multiLine: holes("MultiLineInfilling", "2f341612eee1d35da1357a4f365e0c0b3ba6e2b62eb491e88aaefa4855af0349"),
  randomSpan: holes("RandomSpanInfilling", "b4f330d8a8ff97bf85d9def497dffcae4d741e506449386a877236e422e33e8d"),
  randomSpanLight: holes("RandomSpanInfillingLight", "1432250ecac0cb56e6f97f8faf0970419ef892a98fda7e1f5aa4c4b87209b760"),
};
