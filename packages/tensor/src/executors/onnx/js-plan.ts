// The portable fallback: ONNX Runtime's JavaScript API. Same numbers; it blocks the event loop while it runs
// and copies every output.
import { pathToFileURL } from "node:url";
import type * as OnnxRuntime from "onnxruntime-node";
import { allocate, type TypedArray } from "../../dtype.ts";
import type { Plan } from "../../executor.ts";
import type { Graph } from "../../graph.ts";
import { NdArray } from "../../nd-array.ts";
import { emitOnnx, inputName, outputName } from "../../onnx/emit.ts";
import { sizeOf } from "../../shape.ts";
import { engineError } from "./engine-error.ts";
import { findRuntimePackage } from "./runtime-package.ts";

export async function createJsPlan(graph: Graph, threads: number): Promise<Plan> {
  const { InferenceSession, Tensor } = (await import(pathToFileURL(findRuntimePackage().entry).href)) as typeof OnnxRuntime;
  const session = await InferenceSession.create(emitOnnx(graph), {
    executionProviders: ["cpu"],
    enableMemPattern: false,
    intraOpNumThreads: threads,
    graphOptimizationLevel: "all",
    logSeverityLevel: 4,
    extra: { session: { set_denormal_as_zero: "1" } },
  }).catch((cause: Error) => {
    throw engineError(cause.message, cause);
  });
  return {
    run: async (inputs) => {
      const feeds = Object.fromEntries(inputs.map((input, i) => [inputName(i), new Tensor(input.dtype, input.data as Float32Array, input.shape)]));
      const results = await session.run(feeds).catch((cause: Error) => {
        throw engineError(cause.message, cause);
      });
      return graph.outputs.map((output, i) => {
        const overwritten = graph.overwrites[i];
        const data = overwritten === undefined ? allocate(output.dtype, sizeOf(output.shape)) : (inputs[overwritten] as NdArray).data;
        data.set(results[outputName(i)]?.data as TypedArray);
        return new NdArray(data, output.shape, output.dtype);
      });
    },
    dispose: () => void session.release(),
  };
}
