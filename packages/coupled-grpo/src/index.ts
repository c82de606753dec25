export { type AdvantageOptions, groupMeanAdvantages, leaveOneOutAdvantages } from "./advantages.ts";
export { type CoupledGrpoConfig, CoupledGrpoConfigSchema } from "./config.ts";
export { type CoupledBatch, coupledLogProbs } from "./coupled-log-probs.ts";
export { type CoupledMasks, coupledMasks } from "./coupled-masks.ts";
export { grpoLoss, type GrpoLoss, type GrpoLossInputs, type GrpoLossOptions } from "./grpo-loss.ts";
export { createPolicy, type Policy, type PolicyMetrics, type PolicyOptions, type PolicyState } from "./policy.ts";
export { type Rollout, rollout, type RolloutOptions } from "./rollout.ts";
