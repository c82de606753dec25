import { availableParallelism } from "node:os";
import { UnavailableError } from "@diffucoder/core";
import type { Executor } from "../../executor.ts";
import { loadOrtApi } from "./c-api.ts";
import { createEnvironment, type OrtEnvironment } from "./environment.ts";
import { createJsPlan } from "./js-plan.ts";
import { createCPlan } from "./session.ts";

export interface OnnxExecutorOptions {
  /** How ONNX Runtime is called: its C API, its JavaScript API, or the first of them that loads. @default "auto" */
  api?: "auto" | "c" | "js";
}

let environment: Promise<OrtEnvironment> | undefined;

/**
 * Runs graphs on the ONNX Runtime that `onnxruntime-node` bundles, on the CPU.
 *
 * @throws {UnavailableError} if `api` is `"c"` and the C API cannot be loaded here
 */
export async function onnxExecutor({ api = "auto" }: OnnxExecutorOptions = {}): Promise<Executor> {
  const threads = availableParallelism();
  if (api !== "js") {
    try {
      environment ??= loadOrtApi().then((ort) => createEnvironment(ort, threads));
      const ort = await environment;
      return { name: "onnx", prepare: (graph) => createCPlan(ort, graph) };
    } catch (error) {
      environment = undefined;
      if (api === "c" || !(error instanceof UnavailableError)) throw error;
    }
  }
  return { name: "onnx-js", prepare: (graph) => createJsPlan(graph, threads) };
}
