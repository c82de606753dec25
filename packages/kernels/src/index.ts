export { findKernels, type FindKernelsOptions, type FoundKernels } from "./find-kernels.ts";
export { atMost, type KernelLevel, kernelLevels, type KernelProcessor, readProcessor } from "./processor.ts";
export { type KernelSetting, readKernelSetting } from "./setting.ts";
export { KERNELS_VERSION } from "./version.ts";
