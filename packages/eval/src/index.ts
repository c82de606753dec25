export { passAtK, type PassCounts } from "./pass-at-k.ts";
export { bootstrapMean, estimatePassAtK, pairedDifference, type BootstrapOptions, type Estimate, type Interval } from "./bootstrap.ts";
export {
  evaluateTasks,
  summarize,
  type EvaluateTasksOptions,
  type Evaluation,
  type GeneratedSample,
  type PassAtKSummary,
  type SampleRequest,
  type SampleResult,
  type SampleScore,
  type TaskResult,
} from "./evaluate-tasks.ts";
export { comparePassAtK, type PassComparison } from "./compare.ts";
export { type BenchmarkName, BENCHMARK_NAMES } from "./benchmarks/catalogue.ts";
export { type DataFolders, defaultFolders } from "./dataset-file.ts";
export { loadBenchmark } from "./benchmarks/load-benchmark.ts";
export type { Benchmark, CallTest, CodeTest, Problem } from "./benchmarks/problem.ts";
export { paperTemplate, PROMPT_TEMPLATES, type PromptMessage, type PromptTemplateName } from "./samples/prompts.ts";
export { FENCE_NAMES, fencedBlock } from "./samples/fenced-code.ts";
export { POST_PROCESSORS, type PostProcessor, toProgram } from "./samples/post-process.ts";
export { printable } from "./samples/printable.ts";
export { formatSamples, type LeftOut, readSamples, type Sample } from "./samples/samples-file.ts";
export { type FailedTest, type ProgramLimits, type ProgramScore, type SuiteScore } from "./scoring/score-program.ts";
export { type SampleScores, type ScoredSample, scoreSamples, type ScoreSamplesOptions, type SuiteSummary } from "./scoring/score-samples.ts";
export { differences, type EarlierResult, type EvalResult, evalResult, type EvalRun, readEvalResult, type SampleSource } from "./eval-result.ts";
