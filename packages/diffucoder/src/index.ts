export type { DoneEvent, FinishReason, Generation, GenerationEvent, LayoutEvent, RevealEvent } from "./events.ts";
export { type GenerationConfig, GenerationConfigSchema, readGenerationConfig } from "./generation-config.ts";
export { bundledModelDir } from "./bundled-model.ts";
export { type ChatMessage, type DiffuCoder, type GenerateOptions, loadDiffuCoder } from "./diffucoder.ts";
