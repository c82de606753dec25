// The levels that this machine's kernels can be forced to, for tests of each.
import type { KernelLevel } from "@diffucoder/kernels";
import { kernelLevels } from "@diffucoder/kernels";
import type { Executor } from "./executor.ts";
import { onnxExecutor, type OnnxExecutorOptions, reportKernels } from "./executors/onnx/executor.ts";

/** Executors on ONNX Runtime: without kernels, and with those of each level that the processor has; only the first where there are none. */
export async function executorsOfAllLevels({ precision = "float32" }: Pick<OnnxExecutorOptions, "precision"> = {}): Promise<
  { level: KernelLevel | "off"; executor: Executor }[]
> {
  const report = await reportKernels();
  const levels = "target" in report ? kernelLevels.slice(0, kernelLevels.indexOf(report.target.level) + 1) : [];
  const executors = [];
  for (const level of ["off" as const, ...levels]) executors.push({ level, executor: await onnxExecutor({ api: "c", kernels: level, precision }) });
  return executors;
}
