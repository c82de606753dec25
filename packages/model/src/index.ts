export { type AutoregressiveConfig, AutoregressiveConfigSchema, type ModelConfig, ModelConfigSchema, type TransformerConfig } from "./config.ts";
export type { RopeScaling } from "./rope-frequencies.ts";
export { readModelConfig, type ReadModelConfigOptions, readQuantization } from "./hugging-face-config.ts";
export { type ModelTraits, modelTraits } from "./model-traits.ts";
export { initParameters, parameterCount, parameterShapes } from "./parameters.ts";
export { forward, type ForwardInputs, logitsFunction } from "./forward.ts";
export { cachedNetwork, emptyCache, windowForward } from "./window-forward.ts";
export { type Quantization, type QuantizedParameter, quantizedParameterShapes, layOutParameters, quantizeParameters } from "./quantize.ts";
export { positionIdsFromMask } from "./position-ids.ts";
export { modelConfigPath } from "./checkpoint-files.ts";
export { type Checkpoint, CheckpointError, openCheckpoint } from "./checkpoint.ts";
export { type LoadedModel, loadModel, type LoadModelOptions } from "./load-model.ts";
export { saveModel, type SaveModelOptions } from "./save-checkpoint.ts";
export { asDiffusionModel, type DiffusionModelOfAutoregressive } from "./as-diffusion-model.ts";
export {
  adaptedLayers,
  frozenParameters,
  initLora,
  linearLayers,
  type LoraAdapter,
  type LoraSettings,
  LoraSettingsSchema,
  loraShapes,
  mergeAdapter,
  withAdapter,
} from "./adapters/lora.ts";
export { loadAdapter, saveAdapter } from "./adapters/adapter-files.ts";
