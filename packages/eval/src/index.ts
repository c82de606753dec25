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
export { QuickstartResultSchema, resultJson, type QuickstartResult } from "./quickstart-result.ts";
export { quickstartReport } from "./report/quickstart-report.ts";
export type { IterationMetrics, QuickstartReportData, ReportExample, ReportVerdict, RevealOrder } from "./report/report-data.ts";
export { revealOrder, type RevealedPositions } from "./report/reveal-order.ts";
