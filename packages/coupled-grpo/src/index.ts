export { type AdvantageOptions, groupMeanAdvantages, leaveOneOutAdvantages } from "./advantages.ts";
export {
  decoderCompletions,
  type DecoderCompletionsOptions,
  type SampleCompletions,
  type SampledCompletions,
  type SampleRequest,
} from "./completions.ts";
export { type CoupledGrpoConfig, CoupledGrpoConfigSchema, estimatorHasItsOptions } from "./config.ts";
export { coupled, type CoupledBatch, type CoupledCompat, coupledLogProbs } from "./estimators/coupled.ts";
export { type CoupledMasks, coupledMasks } from "./estimators/coupled-masks.ts";
export type { EstimatedNetwork, Estimator, RolloutBatch } from "./estimators/estimator.ts";
export { createEstimator, ESTIMATOR_NAMES, type EstimatorName, type EstimatorOptions, ESTIMATORS } from "./estimators/index.ts";
export { drawnPasses, passesLogProbs, type RowPasses } from "./estimators/masked-passes.ts";
export {
  grpoLoss,
  type GrpoLoss,
  type GrpoLossInputs,
  type GrpoLossOptions,
  type ImportanceSamplingLevel,
  KL_ESTIMATORS,
  type KlEstimator,
} from "./grpo-loss.ts";
export { type PlannedTokens, plannedTokens, type PlannedTokensOptions } from "./planned-tokens.ts";
export { createPolicy, type Policy, type PolicyOptions, type UpdatePosition } from "./policy.ts";
export type { CompletionScore, RewardFunction, RewardRequest } from "./rewards.ts";
export { type Rollout, rollout, type RolloutOptions } from "./rollout.ts";
export {
  type CoupledGrpoState,
  rolloutStage,
  type RolloutStageOptions,
  type StepPolicy,
  type StepRewardRequest,
  type StepSampleRequest,
} from "./rollout-stage.ts";
export { type CoupledGrpoOptions, freshCoupledGrpoState, trainCoupledGrpo } from "./train-coupled-grpo.ts";
