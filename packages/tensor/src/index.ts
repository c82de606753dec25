export { bool, float32, int32, NdArray, scalar, zerosArray } from "./nd-array.ts";
export type { DType, TypedArray } from "./dtype.ts";
export { type Shape, sizeOf } from "./shape.ts";
export { type Aval, constant, type Tensor, type TensorLike } from "./tensor.ts";
export { flattenTree, mapTree, type Tree } from "./tree.ts";

export * from "./ops/elementwise.ts";
export { broadcastTo, type ReduceOptions, sum } from "./ops/sum.ts";
export { argMax, cumSum, max, mean, sumSquares } from "./ops/reduction.ts";
export { concat, pad, reshape, slice, split, squeeze, stack, transpose } from "./ops/movement.ts";
export { linear, matmul, type MatmulOptions } from "./ops/matmul.ts";
export { iota, oneHot, replaceRows, scatterAdd, sortIndices, take, takeAlongAxis, zeros } from "./ops/indexing.ts";
export { logSoftmax, softmax } from "./ops/softmax.ts";
export { stopGradient, withGradient } from "./ops/gradient-rules.ts";
export { attention } from "./ops/attention.ts";
export { rmsNorm } from "./ops/rms-norm.ts";
export { rotary, rotaryHeads, type RotaryTables } from "./ops/rotary.ts";
export { swiglu } from "./ops/swiglu.ts";
export { selectLogProbs } from "./ops/target-log-probs.ts";
export { quantizedLinear } from "./ops/quantized-linear.ts";
export type { QuantizedWeight } from "./ops/quantized.ts";
export { type WeightLayout, weightLayout } from "./weight-layout.ts";
export { dequantize, quantizeInt4, quantizeInt8 } from "./quantize.ts";
export { createQuantizer, type MatrixSource, type QuantizedFormat, type Quantizer } from "./quantizer.ts";
export { crossEntropy, gelu, layerNorm, relu } from "./functional.ts";
export { glorotUniform, heNormal, normalArray, uniformArray } from "./initializers.ts";

export { gradients, valueAndGradient } from "./autodiff.ts";
export { rematerialize } from "./rematerialize.ts";
export { type ArgumentOf, type ArgumentsOf, compile, type CompiledFunction, type CompileOptions, type Concrete, traceGraph } from "./compile.ts";
export type { Graph } from "./graph.ts";
export { type ExportedOnnx, exportOnnx, type ExportOnnxOptions } from "./export-onnx.ts";
export type { Executor, Plan } from "./executor.ts";
export { type Precision, PRECISIONS } from "./precision.ts";
export { evaluateGraph, referenceExecutor } from "./executors/reference.ts";
export { onnxExecutor, type OnnxExecutorOptions, reportKernels } from "./executors/onnx/executor.ts";
export type { KernelReport } from "./executors/onnx/kernel-report.ts";
export { applyFused, type FusedNode, type FusedOp } from "./ops/fused.ts";
export type { KernelCall, KernelTarget } from "./ops/kernel-call.ts";
export { tfjsExecutor, type TfjsExecutorOptions } from "./executors/tfjs/executor.ts";

export {
  openSafetensors,
  type OpenSafetensorsOptions,
  readSafetensors,
  type Safetensors,
  type SafetensorsDType,
  type SafetensorsEntry,
  type SafetensorsFile,
  writeSafetensors,
  type WriteSafetensorsOptions,
} from "./safetensors/index.ts";

export { adamW, type AdamWOptions, type AdamWState, initAdamW } from "./optimizers/adamw.ts";
export { decaysWeight } from "./optimizers/weight-decay.ts";
export { guardedAdamW, type GuardedAdamWOptions, type GuardedStep, notFinite } from "./optimizers/guarded-adamw.ts";
export { sgd, type SgdOptions } from "./optimizers/sgd.ts";
export { clipByGlobalNorm, globalNorm } from "./optimizers/clip.ts";
export { learningRate, type LearningRateSchedule, LearningRateScheduleSchema } from "./optimizers/schedule.ts";
