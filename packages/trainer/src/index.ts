export { type Checkpoint, loadCheckpoint, type ParameterArrays, saveCheckpoint, type TrainingState } from "./checkpoint.ts";
export { MetricsLog, readMetrics, type StepMetrics } from "./metrics-log.ts";
export { freshState, pretrain, type PretrainConfig, PretrainConfigSchema, type PretrainOptions } from "./pretrain.ts";
