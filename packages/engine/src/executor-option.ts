import { InvalidArgumentError, show } from "@diffucoder/core";
import type { Quantization } from "@diffucoder/model";
import {
  type Executor,
  onnxExecutor,
  type OnnxExecutorOptions,
  type Precision,
  PRECISIONS,
  tfjsExecutor,
  type TfjsExecutorOptions,
} from "@diffucoder/tensor";
import { z } from "zod";

/** Which library runs a model's network, where, and how precisely. */
export interface ExecutorOptions {
  /**
   * ONNX Runtime; or TensorFlow.js, installed beside this package: on CUDA by `@tensorflow/tfjs-node-gpu`, on the processor by
   * `@tensorflow/tfjs-node` or, slow, by `@tensorflow/tfjs-core` and `@tensorflow/tfjs-backend-cpu`. @default "onnx"
   */
  executor?: "onnx" | `tfjs-${TfjsExecutorOptions["backend"]}` | undefined;
  /**
   * Where ONNX Runtime computes: on the processor, or on a GPU through Vulkan, Metal or Direct3D 12, where the weights then stay.
   * Float32 only. @default "cpu"
   */
  device?: OnnxExecutorOptions["device"] | undefined;
  /**
   * Of ONNX Runtime's matrix products on the processor, backward ones too: `"float32"`, or `"bf16"`, as in autocast: their factors are
   * rounded to bfloat16 and their sums are float32; weights and all else stay float32. It is for speed, on processors with AVX512_BF16.
   * @default "float32"
   */
  precision?: Precision | undefined;
}

/** Names of executors that a model can be run with. */
const EXECUTORS = ["onnx", "tfjs-node-gpu", "tfjs-node", "tfjs-cpu"] as const satisfies NonNullable<ExecutorOptions["executor"]>[];

/** `ExecutorOptions` as settings of commands and recipes. */
export const ExecutorOptionsSchema = z.strictObject({
  executor: z
    .enum(EXECUTORS)
    .optional()
    .describe("onnx; or TensorFlow.js where it is installed: tfjs-node-gpu on CUDA, tfjs-node or tfjs-cpu on the processor (default: onnx)"),
  device: z.enum(["cpu", "webgpu"]).optional().describe("of onnx: cpu, or webgpu: a GPU through Vulkan, Metal or Direct3D 12 (default: cpu)"),
  precision: z
    .enum(PRECISIONS)
    .optional()
    .describe("of onnx's matrix products on cpu: float32, or bf16, which rounds their factors, for speed (default: float32)"),
}) satisfies z.ZodType<ExecutorOptions>;

/**
 * Whether options go together, before anything is loaded.
 *
 * @param quantization of the model's weights; only ONNX Runtime on the processor computes with codes and scales
 * @throws {InvalidArgumentError} if there is no such executor, or it cannot run on the device, in the precision or with the quantization
 */
export function checkExecutor({ executor = "onnx", device, precision }: ExecutorOptions, quantization?: Quantization): void {
  const refuse = (argument: string, value: unknown, expected: string): never => {
    throw new InvalidArgumentError({ argument, value, expected });
  };
  if (!EXECUTORS.includes(executor)) refuse("executor", executor, EXECUTORS.map(show).join(" or "));
  if (executor !== "onnx" && device !== undefined) refuse("device", device, `absent with executor "${executor}", whose name says where it runs`);
  if (executor !== "onnx" && precision === "bf16") refuse("precision", precision, `"float32" with executor "${executor}"`);
  if (device === "webgpu" && precision === "bf16") refuse("precision", precision, '"float32" with device "webgpu"');
  if (quantization === undefined) return;
  if (executor !== "onnx") refuse("executor", executor, `"onnx" for a model in ${quantization}`);
  if (device === "webgpu") refuse("device", device, `"cpu" for a model in ${quantization}`);
}

/**
 * The executor that options name.
 *
 * @throws {UnavailableError} if there is no such device, or TensorFlow.js is not installed
 * @throws {InvalidArgumentError} as `checkExecutor`
 */
export async function createExecutor(options: ExecutorOptions): Promise<Executor> {
  checkExecutor(options);
  const { executor = "onnx", device, precision } = options;
  if (executor === "onnx") return onnxExecutor({ ...(device && { device }), ...(precision && { precision }) });
  return tfjsExecutor({ backend: executor.slice("tfjs-".length) as TfjsExecutorOptions["backend"] });
}
