export type { ModelParameters } from "./model-parameters.ts";
export type { Attention, BlockCausal, LogitsFunction, LogitsInputs } from "./logits-function.ts";
export type { CachedNetwork, KeyValueCache, WindowLogitsInputs, WindowLogitsResult } from "./cached-network.ts";
export { drawTimesteps, stratifiedTimesteps } from "./timesteps.ts";
export { checkTokenId, checkTokenIds } from "./token-ids.ts";
export { maskTokens, type MaskTokensOptions, type NoisyTokens } from "./forward-process.ts";
export { diffusionLoss, diffusionWeights, nextTokenWeights, scoredLoss, scoredTokens, type ScoredTokens, shiftLogits } from "./loss.ts";
export { timestep, transferCount, type TransferCountOptions, transferSchedule, type TransferScheduleName } from "./transfer-schedule.ts";
export { estimateLikelihood, type Likelihood, type LikelihoodOptions } from "./likelihood.ts";
