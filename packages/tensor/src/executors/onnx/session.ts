// Sessions through the C API. Arrays are never copied: ONNX Runtime reads inputs from, and writes outputs to, the
// memory of JavaScript's own ArrayBuffers.
//
// Ownership: `OrtValue`s made here describe such memory but do not own it. One is made per NdArray, kept while the
// array's memory lives, and released by a finalizer afterwards. A run holds its arrays until it has ended.
import { DiffuCoderError } from "@diffucoder/core";
import { allocate, type DType, type TypedArray } from "../../dtype.ts";
import type { Plan } from "../../executor.ts";
import type { Graph } from "../../graph.ts";
import { NdArray } from "../../nd-array.ts";
import { type ExternalData, OnnxBuilder } from "../../onnx/builder.ts";
import { emitWith, inputName, outputName } from "../../onnx/emit.ts";
import type { KernelTarget } from "../../ops/kernel-call.ts";
import { sizeOf } from "../../shape.ts";
import { check, created, cStrings, type Handle, type OrtApi } from "./c-api.ts";
import { createSessionOptions, type OrtEnvironment } from "./environment.ts";
import type { Kernels } from "./kernels.ts";

/** Constants from this size on are not written into the model: ONNX Runtime is handed their memory. */
const SHARED_BYTES = 1024;
const elementTypes = { float32: 1, uint8: 2, int8: 3, int32: 6, bool: 9 } as const;

/** Compiles a graph into a session. @param kernels that nodes of it may be; without any, it is of ONNX Runtime's own */
export async function createCPlan(ort: OrtEnvironment, graph: Graph, kernels?: Kernels): Promise<Plan> {
  const { api } = ort;
  const { model, shared } = emitModel(ort, graph, { kernels: kernels?.target });
  const session = await createSession(ort, { model, shared, kernels });
  api.trimHeap(); // of the model's text and what its optimization left
  const inputNames = cStrings(
    api,
    graph.inputs.map((_, i) => inputName(i)),
  );
  const outputNames = cStrings(
    api,
    graph.outputs.map((_, i) => outputName(i)),
  );
  const { name, overwrites } = graph;
  // Not the graph itself, which is large.
  const results = graph.outputs.map(({ shape, dtype }) => ({ shape, dtype }));
  let disposed = false;
  let running = 0;
  const releaseWhenIdle = (): void => {
    if (!disposed || running > 0) return;
    api.ReleaseSession(session);
    shared.length = 0; // the session was the last to read them
    ort.releaseUnusedMemory();
  };

  return {
    run: async (inputs) => {
      if (disposed) throw new DiffuCoderError("ENGINE", `The plan ${name} was disposed.`);
      const inputData = inputs.map((input) => input.data);
      const outputData = results.map((output, i) => {
        const overwritten = overwrites[i];
        return overwritten === undefined ? allocate(output.dtype, sizeOf(output.shape)) : (inputData[overwritten] as TypedArray);
      });
      const inputValues = BigUint64Array.from(inputs, (input, i) => valueOf(ort, inputData[i] as TypedArray, input));
      const outputValues = BigUint64Array.from(results, (output, i) => valueOf(ort, outputData[i] as TypedArray, output));
      running++;
      try {
        const status = await new Promise<Handle>((resolve, reject) => {
          const args = [session, 0n, inputNames.pointers, inputValues, inputs.length, outputNames.pointers, outputValues.length, outputValues];
          api.Run.async(...args, (error: unknown, result: number | bigint) => (error ? reject(error) : resolve(BigInt(result))));
        });
        check(api, status);
      } finally {
        running--;
        releaseWhenIdle();
      }
      return results.map(({ shape, dtype }, i) => new NdArray(outputData[i] as TypedArray, shape, dtype));
    },
    dispose: () => {
      if (disposed) return;
      disposed = true;
      releaseWhenIdle();
    },
  };
}

/** A constant of the graph in memory of JavaScript's, which must outlive the session. */
export interface SharedConstant {
  name: string;
  data: TypedArray;
  value: Handle;
}

/** A graph as a model, and the constants that it only names. @param target what the nodes may be */
export function emitModel(
  ort: OrtEnvironment,
  graph: Graph,
  target: { kernels?: KernelTarget | undefined; avoids?: ReadonlySet<string> },
): { model: Uint8Array; shared: SharedConstant[] } {
  const shared: SharedConstant[] = [];
  const externalData = (array: NdArray, name: string): ExternalData | undefined => {
    const { data } = array;
    if (data.byteLength < SHARED_BYTES) return undefined;
    shared.push({ name, data, value: valueOf(ort, data, array) });
    return { location: "shared", offset: 0, length: data.byteLength };
  };
  return { model: emitWith(new OnnxBuilder(target), graph, { externalData }), shared };
}

/** Hands a session that is about to be made the constants that its model names. */
export function shareConstants({ api }: OrtEnvironment, options: Handle, shared: readonly SharedConstant[]): void {
  const names = cStrings(
    api,
    shared.map(({ name }) => name),
  );
  const handles = BigUint64Array.from(shared, ({ value }) => value);
  check(api, api.AddExternalInitializers(options, names.pointers, handles, shared.length));
}

async function createSession(
  ort: OrtEnvironment,
  { model, shared, kernels }: { model: Uint8Array; shared: readonly SharedConstant[]; kernels: Kernels | undefined },
): Promise<Handle> {
  const { api, environment } = ort;
  const options = createSessionOptions(ort);
  try {
    kernels?.register(options);
    shareConstants(ort, options, shared);
    const session: (number | bigint)[] = [0n];
    const status = await new Promise<Handle>((resolve, reject) => {
      api.CreateSessionFromArray.async(environment, model, model.length, options, session, (error: unknown, result: number | bigint) =>
        error ? reject(error) : resolve(BigInt(result)),
      );
    });
    check(api, status);
    return BigInt(session[0] as number | bigint);
  } finally {
    api.ReleaseSessionOptions(options);
  }
}

const values = new WeakMap<TypedArray, { value: Handle; key: string }>();
const releases = new WeakMap<OrtApi, FinalizationRegistry<Handle>>();

/** The OrtValue that describes an array's memory. */
export function valueOf({ api, memory }: OrtEnvironment, data: TypedArray, { shape, dtype }: { shape: readonly number[]; dtype: DType }): Handle {
  const key = `${dtype} ${shape.join()}`;
  const known = values.get(data);
  if (known?.key === key) return known.value;
  const dims = BigInt64Array.from(shape, BigInt);
  const value = created(api, (out) => api.CreateTensorWithDataAsOrtValue(memory, data, data.byteLength, dims, dims.length, elementTypes[dtype], out));
  let registry = releases.get(api);
  if (registry === undefined) {
    registry = new FinalizationRegistry((handle) => api.ReleaseValue(handle));
    releases.set(api, registry);
  }
  registry.register(data, value);
  values.set(data, { value, key });
  return value;
}
