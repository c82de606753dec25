export { readSafetensors, type Safetensors } from "./read.ts";
export { writeSafetensors, type WriteSafetensorsOptions } from "./write.ts";
