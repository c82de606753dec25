export { type ModelConfig, ModelConfigSchema, readModelConfig } from "./config.ts";
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
export { positionIdsFromMask } from "./position-ids.ts";
export { CheckpointError, type LoadedModel, loadModel, saveModel } from "./checkpoint.ts";
