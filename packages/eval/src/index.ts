export { passAtK, type PassCounts } from "./pass-at-k.ts";
export { accuracyUnderParallelism, type ParallelPoint } from "./aup.ts";
export { bootstrapMean, estimatePassAtK, pairedDifference, type BootstrapOptions, type Estimate, type Interval } from "./bootstrap.ts";
export { bootstrapTasksAndSeeds, pairedDifferenceOverSeeds } from "./crossed-bootstrap.ts";
export { evaluate, type EvaluateOptions } from "./evaluate.ts";
export {
  type DrawnSample,
  drawSamples,
  type DrawSamplesOptions,
  type Generate,
  type KeptSample,
  type SampleRequest,
} from "./drawing/draw-samples.ts";
export { comparePassAtK, type PassComparison } from "./compare.ts";
export { FENCE_NAMES, fencedBlock } from "./samples/fenced-code.ts";
export { POST_PROCESSORS, type PostProcessor, toProgram } from "./samples/post-process.ts";
export { formatSamples, readSamples, type DecodingCost, type Sample } from "./samples/samples-file.ts";
export { evaluationTests, type FailedTest, type ProgramLimits, type ProgramScore, type SuiteScore } from "./scoring/score-program.ts";
export { type SampleScores, type ScoredSample, scoreSamples, type ScoreSamplesOptions } from "./scoring/score-samples.ts";
export type { DecodingFigures, MethodFigure } from "./scoring/decoding-figures.ts";
export { countsByTask, type PassAtKSummary, type SuiteSummary, type TaskCounts } from "./scoring/summarize-suites.ts";
export { differences, type EarlierResult, type EvalResult, evalResult, type EvalRun, readEvalResult, type SampleSource } from "./eval-result.ts";
