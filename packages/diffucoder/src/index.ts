export { bundledModelDir } from "./bundled-model.ts";
export { type DiffuCoder, loadDiffuCoder, type LoadDiffuCoderOptions } from "./diffucoder.ts";
export type { DecodingOptions } from "./decoding-options.ts";
export type { Infilling } from "./infill.ts";
export { type InfillOptions, InfillSettingsSchema, type TextSegment } from "./infill-options.ts";
export type { DoneEvent, FinishReason, Generation, GenerationEvent, LayoutEvent, RevealEvent } from "./events.ts";
export { downloadModel, type DownloadModelOptions } from "./hub.ts";
export { type GenerateOptions, type GenerateSettings, GenerateSettingsSchema } from "./generate-options.ts";
export { type GenerationConfig, GenerationConfigSchema, readGenerationConfig } from "./generation-config.ts";

// The main parts of the packages below, for those who need one more thing and no further dependency.
export type { LogitsFunction } from "@diffucoder/diffusion";
export { initParameters, loadModel, logitsFunction, type ModelConfig, ModelConfigSchema, saveModel } from "@diffucoder/model";
export type { ModelParameters } from "@diffucoder/diffusion";
export {
  createDenoiser,
  type Denoiser,
  type DenoiseTrace,
  diffusionGenerate,
  formatTrace,
  parseTrace,
  replayTrace,
  SamplerOptionsSchema,
} from "@diffucoder/samplers";
export { type ChatMessage, Tokenizer } from "@diffucoder/tokenizer";
