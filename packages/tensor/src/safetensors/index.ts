export type { SafetensorsDType, SafetensorsEntry } from "./format.ts";
export { openSafetensors, type OpenSafetensorsOptions, type SafetensorsFile } from "./open.ts";
export { readSafetensors, type Safetensors } from "./read.ts";
export { writeSafetensors, type WriteSafetensorsOptions } from "./write.ts";
