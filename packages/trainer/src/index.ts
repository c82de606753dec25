export {
  type Checkpoint,
  loadCheckpoint,
  type LoadCheckpointOptions,
  type ParameterArrays,
  saveCheckpoint,
  type TrainingState,
} from "./checkpoint.ts";
export {
  type CompletionReward,
  type CoupledGrpoOptions,
  type CoupledGrpoState,
  freshCoupledGrpoState,
  type RewardRequest,
  trainCoupledGrpo,
} from "./coupled-grpo.ts";
export { createOptimizerStep, type OptimizerStep, type OptimizerStepOptions, type StepResult } from "./optimizer-step.ts";
export { openMetricsLog, type StepMetrics, writeMetricsCsv } from "./metrics-log.ts";
export { settingsProblem } from "./settings-problem.ts";
export { freshState, pretrain, type PretrainConfig, PretrainConfigSchema, type PretrainOptions } from "./pretrain.ts";
