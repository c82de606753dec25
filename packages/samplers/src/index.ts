export { type Alg, AlgSchema, type SamplerOptions, SamplerOptionsSchema } from "./options.ts";
export { type SampledTokens, sampleTokens, type SampleTokensOptions, tokenDistribution } from "./sample-tokens.ts";
export {
  createDenoiser,
  type CreateDenoiserOptions,
  type Denoiser,
  type DenoiseRequest,
  type DisposableDenoiser,
  type Proposals,
} from "./denoiser.ts";
export { denoiseSteps, diffusionGenerate, type DenoiseOptions, type GenerationResult, type RowEvent, type StepEvent } from "./generate.ts";
export { type DenoiseTrace, formatTrace, parseTrace, replayTrace, type TraceStep } from "./trace.ts";
