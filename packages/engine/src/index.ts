export { type DiffuCoder, loadDiffuCoder, type LoadDiffuCoderOptions, loadParameters, type LoadParametersOptions } from "./diffucoder.ts";
export { type AuditedRun, type AuditOptions, type GenerationAudit, prepareAudit } from "./cache-audit.ts";
export { type CacheBounds, createDenoisers, type Denoisers } from "./denoisers.ts";
export { checkExecutor, createExecutor, type ExecutorOptions, ExecutorOptionsSchema } from "./executor-option.ts";
export { type LoadSettings, LoadSettingsSchema } from "./load-settings.ts";
export { type LikelihoodOptions, LikelihoodOptionsSchema, prepareLikelihood, type TextLikelihood } from "./likelihood.ts";
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
} from "./events.ts";
export { type ExportConfig, ExportConfigSchema } from "./export/export-config.ts";
export { quantizeModel, type QuantizeModelOptions, QuantizeSettingsSchema } from "./export/quantize-model.ts";
export { type ExportedModel, type ExportedValue, exportModel } from "./export/export-model.ts";
export { type GenerationConfig, GenerationConfigSchema, readGenerationConfig } from "./folder/generation-config.ts";
export { type ModelFolder, readModelFolder } from "./folder/model-folder.ts";
export { tokenTexts } from "./folder/token-texts.ts";
export { downloadModel, type DownloadModelOptions, modelFolder } from "./hub/hub.ts";
export { type Infilling, type PreparedInfilling, prepareInfilling } from "./infill.ts";
export { type GenerateOptions, type GenerateSettings, GenerateSettingsSchema, resolveSettings } from "./requests/generate-options.ts";
export { DEFAULT_MASKS, type InfillOptions, InfillSettingsSchema, resolveInfilling, type TextSegment } from "./requests/infill-options.ts";
export { type PreparedGeneration, prepareGeneration } from "./generation.ts";
export { type PinnedTokens, PinnedTokensSchema } from "./requests/pinned-tokens.ts";
export { type LabelScore, type LabelScores, type ScoreLabelsOptions, ScoreLabelsOptionsSchema } from "./score-labels.ts";
export { type MachineCard, machineCard } from "./machine-card.ts";
export type { EngineStats } from "./decode-loops.ts";
export type { BatchLimits, RequestSize } from "./request-size.ts";
export type { WaitingInfilling, WaitingRequest } from "./run-requests.ts";
export { decodingText, KNOWN_MODELS, type KnownModel, knownModel, type PublishedScore, scoresText } from "./hub/known-models.ts";
