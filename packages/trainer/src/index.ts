export {
  type BatchLayout,
  type EncodedExample,
  exampleBatches,
  type ExampleBatchesOptions,
  fits,
  layOutRows,
  type TrainingBatch,
} from "./batches.ts";
export { type Checkpoint, loadCheckpoint, saveCheckpoint } from "./checkpoint.ts";
export { writeMetricsEvents } from "./metrics-events.ts";
export { type HeldOutFigures, type HeldOutLoss, heldOutLoss, type HeldOutLossOptions } from "./held-out-loss.ts";
export { openMetricsLog, type StepMetrics, writeMetricsCsv } from "./metrics-log.ts";
export type { Objective, ObjectiveInputs, ObjectivePosition } from "./objective.ts";
export { objectiveStage, type ObjectiveStageOptions } from "./objective-stage.ts";
export { adaptation } from "./objectives/adaptation.ts";
export { autoregressive } from "./objectives/autoregressive.ts";
export { blockDiffusion } from "./objectives/block-diffusion.ts";
export { diffusion } from "./objectives/diffusion.ts";
export { instructionTuning, type Padding } from "./objectives/instruction-tuning.ts";
export {
  createOptimizerStep,
  type LossFigures,
  type OptimizerStep,
  type OptimizerStepOptions,
  type StepPosition,
  type StepResult,
} from "./optimizer-step.ts";
export { pretrain, type PretrainOptions } from "./pretrain.ts";
export { type PretrainConfig, PretrainConfigSchema } from "./pretrain-config.ts";
export { type PretrainStage, PretrainStageSchema } from "./pretrain-stage.ts";
export type { PreparedStep, Stage, StagePosition, UpdateResult } from "./stage.ts";
export { train, type TrainConfig, type TrainOptions } from "./train.ts";
export { cloneParameters, freshState, type TrainingState } from "./training-state.ts";
