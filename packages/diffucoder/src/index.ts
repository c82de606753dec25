export { bundledModelDir } from "./bundled-model.ts";
export { type DiffuCoder, loadDiffuCoder, type LoadDiffuCoderOptions } from "@diffucoder/engine";
export type { AuditedRun, AuditOptions, GenerationAudit, Infilling, LikelihoodOptions, TextLikelihood } from "@diffucoder/engine";
export { type InfillOptions, InfillSettingsSchema, type TextSegment } from "@diffucoder/engine";
export type {
  DoneEvent,
  FinishReason,
  Generation,
  GenerationEvent,
  InfillLayout,
  InfillReveal,
  LayoutEvent,
  Proposed,
  Reveal,
  RevealEvent,
} from "@diffucoder/engine";
export { type LabelScore, type LabelScores, type PinnedTokens, type ScoreLabelsOptions, ScoreLabelsOptionsSchema } from "@diffucoder/engine";
export { type ExecutorOptions, ExecutorOptionsSchema, type LoadSettings, LoadSettingsSchema } from "@diffucoder/engine";
export { downloadModel, type DownloadModelOptions } from "@diffucoder/engine";
export { type MachineCard, machineCard } from "@diffucoder/engine";
export { type GenerateOptions, type GenerateSettings, GenerateSettingsSchema } from "@diffucoder/engine";
export { type GenerationConfig, GenerationConfigSchema, readGenerationConfig } from "@diffucoder/engine";
export type { BatchLimits, EngineStats, RequestSize, WaitingRequest } from "@diffucoder/engine";

// The main parts of the packages below, for users who need a little more without another dependency.
export type { LogitsFunction } from "@diffucoder/diffusion";
export { initParameters, loadModel, logitsFunction, type ModelConfig, ModelConfigSchema, saveModel } from "@diffucoder/model";
export type { ModelParameters } from "@diffucoder/diffusion";
export {
  createDecoder,
  createDenoiser,
  DECODER_NAMES,
  type DecoderName,
  type DecodingOptions,
  DecodingOptionsSchema,
  type Denoiser,
  type DenoiseTrace,
  formatTrace,
  generate,
  parseTrace,
  replayTrace,
  SamplerOptionsSchema,
} from "@diffucoder/samplers";
export { type ChatMessage, parseToolCalls, TOOL_CALL_MARK, Tokenizer, type ToolCall, type ToolDefinition } from "@diffucoder/tokenizer";
