export { type AutoregressiveConfig, AutoregressiveConfigSchema, type ModelConfig, ModelConfigSchema, type TransformerConfig } from "./config.ts";
export type { RopeScaling } from "./rope-frequencies.ts";
export { readAutoregressiveConfig, readModelConfig, readModelType } from "./hugging-face-config.ts";
export { initParameters, type ModelParameters, parameterCount, parameterShapes } from "./parameters.ts";
export type { Attention } from "./attention-mask.ts";
export { forward, type ForwardInputs, logitsFunction } from "./forward.ts";
export { cachedNetwork, emptyCache, type KeyValueCache, windowForward, type WindowInputs, type WindowResult } from "./window-forward.ts";
export {
  type Quantization,
  type QuantizedParameter,
  quantizedParameterShapes,
  quantizeParameter,
  type QuantizeParameterOptions,
  quantizeParameters,
} from "./quantize.ts";
export { greedyDecode, type GreedyDecodeOptions } from "./greedy-decode.ts";
export { positionIdsFromMask } from "./position-ids.ts";
export {
  type Checkpoint,
  CheckpointError,
  loadAutoregressiveModel,
  type LoadedModel,
  loadModel,
  type LoadModelOptions,
  openCheckpoint,
} from "./checkpoint.ts";
export { saveModel, type SaveModelOptions } from "./save-checkpoint.ts";
