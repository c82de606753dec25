import type { Executor } from "../executor.ts";
import { onnxExecutor } from "./onnx/executor.ts";

let chosen: Promise<Executor> | undefined;

/** The executor of functions that were compiled without one: ONNX Runtime on the CPU. */
export function defaultExecutor(): Promise<Executor> {
  chosen ??= onnxExecutor();
  return chosen;
}
