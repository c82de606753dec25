// The benchmarks, their files and where those come from. A file is taken only if its SHA-256 is the one below, so that a
// score names exactly what it was measured on.

/** Name of a benchmark as `--dataset` takes it. */
export type BenchmarkName = keyof typeof CATALOGUE;

export interface DatasetFile {
  /** Path below the data folder, which is how `../shared/bench` is laid out too. */
  path: string;
  sha256: string;
  /** Where it is downloaded from; absent if it must be put there by hand. */
  url?: string;
}

export interface CatalogueEntry {
  title: string;
  /** How its tasks are written down; decides who reads the file. */
  form: "evalplus" | "human-eval" | "mbpp" | "infilling" | "multipl-e" | "big-code-bench";
  file: DatasetFile;
  licence: string;
  /** What was pinned: a release, or a commit. */
  version: string;
}

const evalPlus = (name: string, version: string, repository: string): string =>
  `https://github.com/evalplus/${repository}/releases/download/${version}/${name}.jsonl.gz`;
const infilling = (kind: string, sha256: string): CatalogueEntry => ({
  title: `HumanEval-Infilling, ${kind}`,
  form: "infilling",
  file: {
    path: `humaneval-infilling/HumanEval-${kind}.jsonl.gz`,
    sha256,
    url: `https://github.com/openai/human-eval-infilling/raw/88062ff9859c875d04db115b698ed4b0f0395170/data/HumanEval-${kind}.jsonl.gz`,
  },
  licence: "MIT",
  version: "88062ff",
});
const multiplE = (language: string, sha256: string, title: string): CatalogueEntry => ({
  title: `MultiPL-E HumanEval, ${title}`,
  form: "multipl-e",
  file: {
    path: `multipl-e/humaneval-${language}.jsonl`,
    sha256,
    url: `https://github.com/deepseek-ai/DeepSeek-Coder/raw/a4ba628dfdc2e56f1fd6cdd86df103ce4d3df73e/Evaluation/HumanEval/data/humaneval-${language}.jsonl`,
  },
  licence: "BSD-3-Clause with machine learning restriction",
  version: "DeepSeek-Coder a4ba628",
});

export const CATALOGUE = {
  humaneval: {
    title: "HumanEval",
    form: "human-eval",
    file: {
      path: "humaneval/HumanEval.jsonl.gz",
      sha256: "b796127e635a67f93fb35c04f4cb03cf06f38c8072ee7cee8833d7bee06979ef",
      url: "https://github.com/openai/human-eval/raw/6d43fb980f9fee3c892a914eda09951f772ad10d/data/HumanEval.jsonl.gz",
    },
    licence: "MIT",
    version: "6d43fb9",
  },
  "humaneval+": {
    title: "HumanEval+",
    form: "evalplus",
    file: {
      path: "humanevalplus/HumanEvalPlus.jsonl.gz",
      sha256: "272720b90ac375502c8ed23cd791c2a93dfb22a911641a494da74a426c09f101",
      url: evalPlus("HumanEvalPlus", "v0.1.10", "humanevalplus_release"),
    },
    licence: "Apache-2.0",
    version: "v0.1.10",
  },
  mbpp: {
    title: "MBPP sanitized",
    form: "mbpp",
    file: {
      path: "mbpp/sanitized-mbpp.json",
      sha256: "7fec016546acaee11dbe14f9f0bb670e59f41919f7b522a59fba34871da78551",
      url: "https://github.com/google-research/google-research/raw/master/mbpp/sanitized-mbpp.json",
    },
    licence: "CC-BY-4.0",
    version: "sanitized",
  },
  "mbpp+": {
    title: "MBPP+",
    form: "evalplus",
    file: {
      path: "mbppplus/MbppPlus.jsonl.gz",
      sha256: "af43697e8791c4c149bdfd6b489d8b5412507551ac20e28a439f650b8225db63",
      url: evalPlus("MbppPlus", "v0.2.0", "mbppplus_release"),
    },
    licence: "Apache-2.0",
    version: "v0.2.0",
  },
  "infilling-single-line": infilling("SingleLineInfilling", "1277073e7ddce163ef68598c2bca777f688a53df99422f097e37362090f88e1f"),
  "infilling-multi-line": infilling("MultiLineInfilling", "2f341612eee1d35da1357a4f365e0c0b3ba6e2b62eb491e88aaefa4855af0349"),
  "infilling-random-span": infilling("RandomSpanInfilling", "b4f330d8a8ff97bf85d9def497dffcae4d741e506449386a877236e422e33e8d"),
  "infilling-random-span-light": infilling("RandomSpanInfillingLight", "1432250ecac0cb56e6f97f8faf0970419ef892a98fda7e1f5aa4c4b87209b760"),
  "multipl-e-js": multiplE("js", "634e2eee8d6e22de07c121b972207683dd96be76256bf44bdfc1a3386b739287", "JavaScript"),
  "multipl-e-ts": multiplE("ts", "4b1af1050c9f226335d54a8c80553c39454a525cace3e67bdcfcc9092ba02637", "TypeScript"),
  bigcodebench: {
    title: "BigCodeBench-Complete",
    form: "big-code-bench",
    file: { path: "bigcodebench/BigCodeBench.hf_data.jsonl.gz", sha256: "58142744edaf6036387f8761701f1b353432b0ed33f2edec1de8a59e7431ef7a" },
    licence: "Apache-2.0",
    version: "a3b8985",
  },
} as const satisfies Record<string, CatalogueEntry>;

/** Every name that `--dataset` takes. */
export const BENCHMARK_NAMES = Object.keys(CATALOGUE) as BenchmarkName[];

/** The entry of a name, with the common type. */
export function catalogueEntry(name: BenchmarkName): CatalogueEntry {
  return CATALOGUE[name];
}
