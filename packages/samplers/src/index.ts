export { type Alg, type ConfidenceName, type SamplerOptions, SamplerOptionsSchema, type TokenSampling } from "./options.ts";
export { type SampledTokens, sampleTokens, type SampleTokensOptions, tokenDistribution } from "./sample-tokens.ts";
export type {
  AllowedTokens,
  CacheState,
  Denoiser,
  DenoiseRequest,
  DenoiseSession,
  DisposableDenoiser,
  DrawOptions,
  Proposals,
  TokenClasses,
} from "./denoiser.ts";
export { createDenoiser, type CreateDenoiserOptions } from "./create-denoiser.ts";
export { createTokenScorer, type ScoredRow, type TokenScorer, type TokenScorerOptions } from "./token-scorer.ts";
export type { VocabularyOptions } from "./draw.ts";
export { type CacheOptions, CacheOptionsSchema } from "./cache/options.ts";
export { createCachedDenoiser, type CreateCachedDenoiserOptions } from "./cache/cached-denoiser.ts";
export { type BlockLayout, PrefixCache, type PrefixCacheStats } from "./cache/prefix-cache.ts";
export { auditCache, type AuditedPass, type CacheAudit, type CacheAuditOptions } from "./cache/audit.ts";
export type { Canvas, Change } from "./canvas.ts";
export { createDecodeLoop, type DecodeLoop, type DecodeLoopOptions, type DecodeLoopStats } from "./decode-loop.ts";
export type { LoopRow, LoopRowOptions } from "./loop-row.ts";
export type { RowOptions } from "./row-run.ts";
export { promptCanvas, type PromptCanvasOptions } from "./prompt-canvas.ts";
export { decodeCanvases, type RunOptions } from "./decode.ts";
export type { RowEvent, StepEvent } from "./events.ts";
export { generate, type GenerateOptions, generateSteps, type GenerationResult } from "./generate.ts";
export type { StopStrings } from "./stop-strings.ts";
export { constrain, type Constraint, type ConstraintRow, type Span } from "./constraints/constraint.ts";
export { allowedTokens } from "./constraints/allowed-tokens.ts";
export { automatonConstraint } from "./constraints/automaton.ts";
export type { AutomatonOptions, CharacterAutomaton } from "./constraints/token-automaton.ts";
export {
  type ConstraintOptions,
  ConstraintOptionsSchema,
  type ConstraintPlace,
  createConstraint,
  isAboutHoles,
  type TokenTexts,
} from "./constraints/named-constraint.ts";
export { pythonAutomaton, type PythonAutomatonOptions, PythonAutomatonOptionsSchema } from "./constraints/python.ts";
export { holeTokens, infill, type InfillOptions, type InfillResult, type Segment, segmentsCanvas } from "./infill.ts";
export type { Candidates, Decoder, DecoderRow, Question, RowDecoder, Version } from "./decoders/decoder.ts";
export { type BlockState, revealDecoder, type RevealRule } from "./decoders/reveal.ts";
export { lladaDecoder, type LladaOptions, LladaOptionsSchema } from "./decoders/llada.ts";
export { parallelDecoder, type ParallelOptions, ParallelOptionsSchema } from "./decoders/parallel.ts";
export { dreamOnDecoder, type DreamOnOptions, DreamOnOptionsSchema } from "./decoders/dream-on.ts";
export { remaskingDecoder, type RemaskingOptions, RemaskingOptionsSchema } from "./decoders/remasking.ts";
export { editingDecoder, type EditingOptions, EditingOptionsSchema } from "./decoders/editing.ts";
export { autoregressiveDecoder, type AutoregressiveOptions, AutoregressiveOptionsSchema } from "./decoders/autoregressive.ts";
export { speculativeDecoder, type SpeculativeOptions, SpeculativeOptionsSchema } from "./decoders/speculative.ts";
export { dreamDecoder, type DreamOptions } from "./decoders/dream.ts";
export { mdlmDecoder, type MdlmOptions, MdlmOptionsSchema } from "./decoders/mdlm.ts";
export { bd3lmDecoder, type Bd3lmOptions, Bd3lmOptionsSchema } from "./decoders/bd3lm.ts";
export { bd3lmCardDecoder, type Bd3lmCardOptions, Bd3lmCardOptionsSchema } from "./decoders/bd3lm-card.ts";
export { sdarDecoder, type SdarOptions, SdarOptionsSchema } from "./decoders/sdar.ts";
export { fastDllmV2Decoder, type FastDllmV2Options, FastDllmV2OptionsSchema } from "./decoders/fast-dllm-v2.ts";
export {
  stableDiffcoderDecoder,
  type StableDiffcoderOptions,
  StableDiffcoderOptionsSchema,
  stableDiffcoderStepsDecoder,
  type StableDiffcoderStepsOptions,
  StableDiffcoderStepsOptionsSchema,
} from "./decoders/stable-diffcoder.ts";
export { p2Decoder, type P2Options, P2OptionsSchema } from "./decoders/p2.ts";
export type { NamedDecoder } from "./decoders/named-decoder.ts";
export { DECODER_NAMES, type DecoderName, DECODERS, isDecoderName, namedDecoder, readsOption } from "./decoders/registry.ts";
export { type DecodingOptions, DecodingOptionsSchema, MODEL_OPTIONS } from "./decoding-options.ts";
export { createDecoder, type DecoderContext, type DecodingContext, decodingProblems, parseDecodingOptions } from "./create-decoder.ts";
export {
  type DenoiseTrace,
  diffTraces,
  formatTrace,
  parseTrace,
  readTrace,
  replayTrace,
  startTrace,
  type TraceDifference,
  type TraceStep,
  traceStep,
} from "./trace.ts";
