export { type AdvantageOptions, groupMeanAdvantages, leaveOneOutAdvantages } from "./advantages.ts";
export {
  decoderCompletions,
  type DecoderCompletionsOptions,
  type SampleCompletions,
  type SampledCompletions,
  type SampleRequest,
} from "./completions.ts";
export { type CoupledGrpoConfig, CoupledGrpoConfigSchema } from "./config.ts";
export { coupled, type CoupledBatch, coupledLogProbs } from "./estimators/coupled.ts";
export { type CoupledMasks, coupledMasks } from "./estimators/coupled-masks.ts";
export type { EstimatedNetwork, Estimator, RolloutBatch } from "./estimators/estimator.ts";
export { ESTIMATOR_NAMES, type EstimatorName, ESTIMATORS } from "./estimators/index.ts";
export { grpoLoss, type GrpoLoss, type GrpoLossInputs, type GrpoLossOptions } from "./grpo-loss.ts";
export { type PlannedTokens, plannedTokens, type PlannedTokensOptions } from "./planned-tokens.ts";
export { createPolicy, type Policy, type PolicyOptions, type UpdatePosition } from "./policy.ts";
export type { CompletionScore, RewardFunction, RewardRequest } from "./rewards.ts";
export { type Rollout, rollout, type RolloutOptions } from "./rollout.ts";
export { type CoupledGrpoState, rolloutStage, type RolloutStageOptions, type StepRewardRequest } from "./rollout-stage.ts";
export { type CoupledGrpoOptions, freshCoupledGrpoState, trainCoupledGrpo } from "./train-coupled-grpo.ts";
