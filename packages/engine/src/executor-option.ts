import { InvalidArgumentError, show } from "@diffucoder/core";
import { type Executor, onnxExecutor, type OnnxExecutorOptions, tfjsExecutor, type TfjsExecutorOptions } from "@diffucoder/tensor";

/** Which library runs a model's network, and where. */
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
}

/** Names of executors that a model can be run with. */
export const EXECUTORS = ["onnx", "tfjs-node-gpu", "tfjs-node", "tfjs-cpu"] as const satisfies NonNullable<ExecutorOptions["executor"]>[];

/**
 * The executor that options name.
 *
 * @throws {UnavailableError} if there is no such device, or TensorFlow.js is not installed
 * @throws {InvalidArgumentError} if there is no such executor, or a device is given for another than ONNX Runtime
 */
export async function createExecutor({ executor = "onnx", device }: ExecutorOptions): Promise<Executor> {
  if (!EXECUTORS.includes(executor))
    throw new InvalidArgumentError({ argument: "executor", value: executor, expected: EXECUTORS.map(show).join(" or ") });
  if (executor === "onnx") return onnxExecutor({ ...(device && { device }) });
  if (device !== undefined)
    throw new InvalidArgumentError({
      argument: "device",
      value: device,
      expected: `absent with executor "${executor}", whose name says where it runs`,
    });
  return tfjsExecutor({ backend: executor.slice("tfjs-".length) as TfjsExecutorOptions["backend"] });
}
