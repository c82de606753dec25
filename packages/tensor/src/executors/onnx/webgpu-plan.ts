// Plans on a GPU. Results stay on the device until somebody reads them, so a state that goes from step to step never crosses.
//
// Donated memory is not written in place: WebGPU forbids a shader to read and write one buffer through two bindings. The old
// state is freed as soon as the new one is there.
import { setImmediate } from "node:timers/promises";
import { DiffuCoderError } from "@diffucoder/core";
import type { Plan } from "../../executor.ts";
import type { Graph } from "../../graph.ts";
import { NdArray } from "../../nd-array.ts";
import { inputName, outputName } from "../../onnx/emit.ts";
import { check, created, type Handle } from "./c-api.ts";
import { emitModel, valueOf } from "./session.ts";
import { createWebGpuSession, runBound, WebGpuData, type WebGpuDevice, WebGpuSession } from "./webgpu-device.ts";

/** What the provider has no shader for: the values would go to the processor and back in each run, the logits of a whole batch with LogSoftmax. */
const ON_THE_PROCESSOR: ReadonlySet<string> = new Set(["LogSoftmax"]);

/** Compiles a graph for the device. Shaders are compiled in the first run. */
export function createWebGpuPlan(device: WebGpuDevice, graph: Graph): Plan {
  const { ort } = device;
  const { api } = ort;
  const { model, shared } = emitModel(ort, graph, { avoids: ON_THE_PROCESSOR });
  const session = new WebGpuSession(device, createWebGpuSession(ort, model, shared));
  const allocator = created(api, (out) => api.GetAllocatorWithDefaultOptions(out));
  let disposed = false;

  const readOutputs = (binding: Handle): Handle[] => {
    const [address, count]: (number | bigint)[][] = [[0n], [0n]];
    check(api, api.GetBoundOutputValues(binding, allocator, address, count));
    const list = BigInt(address?.[0] as number | bigint);
    const handles = api.handlesAt(list, Number(count?.[0]));
    check(api, api.AllocatorFree(allocator, list));
    return handles;
  };

  return {
    run: async (inputs) => {
      if (disposed) throw new DiffuCoderError("ENGINE", `The plan ${graph.name} was disposed.`);
      const handles = runBound({
        ort,
        session: session.handle,
        bind: (_, binding) => {
          // What is not on the device yet is copied to it here.
          inputs.forEach((input, i) => check(api, api.BindInput(binding, inputName(i), deviceValue(input) ?? valueOf(ort, input.data, input))));
          graph.outputs.forEach((_output, i) => check(api, api.BindOutputToDevice(binding, outputName(i), device.memory)));
        },
        read: readOutputs,
      }) as Handle[];
      const results = graph.outputs.map(({ shape, dtype }, i) => new NdArray(new WebGpuData(session, handles[i]!, { shape, dtype }), shape, dtype));
      device.usage.collectGarbage();
      // Nothing above waits: without a turn of the event loop, one run after another would leave none to timers, requests and finalizers.
      await setImmediate();
      return results;
    },
    dispose: () => {
      if (disposed) return;
      disposed = true;
      session.dispose();
      shared.length = 0; // the session was the last to read them
    },
  };
}

function deviceValue({ deviceData }: NdArray): Handle | undefined {
  return deviceData instanceof WebGpuData ? deviceData.value : undefined;
}
