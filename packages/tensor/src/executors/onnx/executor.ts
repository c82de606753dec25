import { availableParallelism } from "node:os";
import { InvalidArgumentError, UnavailableError } from "@diffucoder/core";
import type { KernelLevel } from "@diffucoder/kernels";
import type { Executor } from "../../executor.ts";
import { fusedOf } from "../../ops/fused.ts";
import type { Tensor } from "../../tensor.ts";
import { type Precision, PRECISIONS } from "../../precision.ts";
import { loadOrtApi } from "./c-api.ts";
import { createEnvironment, type OrtEnvironment } from "./environment.ts";
import { createJsPlan } from "./js-plan.ts";
import type { KernelReport } from "./kernel-report.ts";
import { type KernelChoice, loadKernels } from "./kernels.ts";
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
  /** Of matrix products. Without the kernels of `@diffucoder/kernels` they are float32, which the executor's `notices` say. @default "float32" */
  precision?: Precision;
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
export async function onnxExecutor({
  api = "auto",
  device = "cpu",
  kernels = "auto",
  precision = "float32",
}: OnnxExecutorOptions = {}): Promise<Executor> {
  if (device !== "cpu" && device !== "webgpu") throw new InvalidArgumentError({ argument: "device", value: device, expected: '"cpu" or "webgpu"' });
  if (!PRECISIONS.includes(precision)) throw new InvalidArgumentError({ argument: "precision", value: precision, expected: '"float32" or "bf16"' });
  if (device === "webgpu") return webGpuExecutor(api, precision);
  const threads = availableParallelism();
  if (api !== "js") {
    try {
      return cpuExecutor(await openEnvironment(), kernels, precision);
    } catch (error) {
      if (api === "c" || !(error instanceof UnavailableError)) throw error;
    }
  }
  const problem = "ONNX Runtime's JavaScript API, which runs them here, knows no kernels";
  return { name: "onnx-js", ...withoutKernels(precision, problem), prepare: (graph) => createJsPlan(graph, threads) };
}

function cpuExecutor(ort: OrtEnvironment, choice: KernelChoice, precision: Precision): Executor {
  const { kernels, report } = loadKernels(ort.api, choice, precision);
  if ("problem" in report || kernels === undefined) {
    const problem = "problem" in report ? report.problem : "";
    return { name: "onnx", ...withoutKernels(precision, problem), prepare: (graph) => createCPlan(ort, graph) };
  }
  const notices = precision === "bf16" && !kernels.target.bf16 ? [NO_FASTER] : [];
  const runsFused = (parent: Tensor): boolean => fusedOf(parent)?.kernel(kernels.target, parent.inputs, parent.attributes) !== undefined;
  return { name: "onnx", precision, notices, prepare: (graph) => createCPlan(ort, graph, kernels), runsFused };
}

const NO_FASTER = "bf16 gains no speed on this processor, which has no AVX512_BF16: it rounds as asked and computes in float32";

function withoutKernels(precision: Precision, problem: string): Pick<Executor, "precision" | "notices"> {
  return { precision: "float32", notices: precision === "bf16" ? [`matrix products are in float32 and not in bf16: ${problem}`] : [] };
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

async function webGpuExecutor(api: OnnxExecutorOptions["api"], precision: Precision): Promise<Executor> {
  if (api === "js") throw new InvalidArgumentError({ argument: "api", value: api, expected: '"c" or "auto" with device "webgpu"' });
  if (precision === "bf16") throw new InvalidArgumentError({ argument: "precision", value: precision, expected: '"float32" with device "webgpu"' });
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
