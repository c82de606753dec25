export { evalReport } from "./eval-report.ts";
export { evalTable } from "./eval-table.ts";
export { type DecodingSetting, paretoReport, type ParetoReportData } from "./pareto-report.ts";
export { quickstartReport } from "./quickstart-report.ts";
export { type QuickstartResult, QuickstartResultSchema, resultJson } from "./quickstart-result.ts";
export type { IterationMetrics, QuickstartReportData, ReportAttempt, ReportExample, ReportVerdict, RevealOrder } from "./report-data.ts";
export { type RevealedPositions, revealOrder } from "./reveal-order.ts";
export { trainingReport, type TrainingReportData } from "./training-report.ts";
