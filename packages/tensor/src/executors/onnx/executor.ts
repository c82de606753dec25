import { availableParallelism } from "node:os";
import { InvalidArgumentError, UnavailableError } from "@diffucoder/core";
import type { KernelLevel } from "@diffucoder/kernels";
import type { Executor } from "../../executor.ts";
import { fusedOf } from "../../ops/fused.ts";
import type { Tensor } from "../../tensor.ts";
import { loadOrtApi } from "./c-api.ts";
import { createEnvironment, type OrtEnvironment } from "./environment.ts";
import { createJsPlan } from "./js-plan.ts";
import { type KernelChoice, type KernelReport, loadKernels } from "./kernels.ts";
import { createCPlan } from "./session.ts";
import { openWebGpuDevice, type WebGpuDevice } from "./webgpu-device.ts";
import { createWebGpuPlan } from "./webgpu-plan.ts";

/** How ONNX Runtime is called, and where it computes. */
export interface OnnxExecutorOptions {
  /** How ONNX Runtime is called: its C API, its JavaScript API, or the first of them that loads. @default "auto" */
  api?: "auto" | "c" | "js";
  /** Where graphs run: on the processor, or on a GPU through Vulkan, Metal or Direct3D 12, with the C API only. @default "cpu" */
  device?: "cpu" | "webgpu";
  /**
   * Whether the kernels of `@diffucoder/kernels` compute what they can, with the C API on the CPU: `"auto"`, where there are any and
   * they are fast; `"off"`, never; a level, with no instructions above it. Over `DIFFUCODER_KERNELS`. @default "auto"
   */
  kernels?: "auto" | "off" | KernelLevel;
}

let environment: Promise<OrtEnvironment> | undefined;
let webGpu: WebGpuDevice | undefined;

/**
 * Runs graphs on ONNX Runtime: the package that comes with this one for the platform, else an installed `onnxruntime-node`.
 *
 * On `"webgpu"` results stay on the device until their `data` is read, and can be handed to the next call from there; what
 * comes from elsewhere is copied to it in each call. Starting a run, reading a result and compiling block the event loop.
 *
 * @throws {UnavailableError} if `api` is `"c"` and the C API cannot be loaded here, or there is no such device, or no ONNX Runtime for this platform
 */
export async function onnxExecutor({ api = "auto", device = "cpu", kernels = "auto" }: OnnxExecutorOptions = {}): Promise<Executor> {
  if (device !== "cpu" && device !== "webgpu") throw new InvalidArgumentError({ argument: "device", value: device, expected: '"cpu" or "webgpu"' });
  if (device === "webgpu") return webGpuExecutor(api);
  const threads = availableParallelism();
  if (api !== "js") {
    try {
      return cpuExecutor(await openEnvironment(), kernels);
    } catch (error) {
      if (api === "c" || !(error instanceof UnavailableError)) throw error;
    }
  }
  return { name: "onnx-js", prepare: (graph) => createJsPlan(graph, threads) };
}

function cpuExecutor(ort: OrtEnvironment, choice: KernelChoice): Executor {
  const { kernels } = loadKernels(ort.api, choice);
  if (kernels === undefined) return { name: "onnx", prepare: (graph) => createCPlan(ort, graph) };
  const runsFused = (parent: Tensor): boolean => fusedOf(parent)?.kernel(kernels.target, parent.inputs, parent.attributes) !== undefined;
  return { name: "onnx", prepare: (graph) => createCPlan(ort, graph, kernels), runsFused };
}

/**
 * Which kernels compute in this process, or why none do.
 *
 * @throws {UnavailableError} if there is no ONNX Runtime with a C API; {InvalidArgumentError} if `DIFFUCODER_KERNELS` is none of its values
 */
export async function reportKernels(): Promise<KernelReport> {
  const { api } = await openEnvironment();
  return loadKernels(api, "auto").report;
}

async function webGpuExecutor(api: OnnxExecutorOptions["api"]): Promise<Executor> {
  if (api === "js") throw new InvalidArgumentError({ argument: "api", value: api, expected: '"c" or "auto" with device "webgpu"' });
  const ort = await openEnvironment();
  webGpu ??= openWebGpuDevice(ort);
  const opened = webGpu;
  return { name: "onnx-webgpu", prepare: async (graph) => createWebGpuPlan(opened, graph) };
}

function openEnvironment(): Promise<OrtEnvironment> {
  if (environment === undefined) {
    environment = loadOrtApi().then((ort) => createEnvironment(ort, availableParallelism()));
    environment.catch(() => (environment = undefined));
  }
  return environment;
}
