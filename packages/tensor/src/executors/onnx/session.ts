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
import type { ExternalData } from "../../onnx/builder.ts";
import { emitOnnx, inputName, outputName } from "../../onnx/emit.ts";
import { sizeOf } from "../../shape.ts";
import type { Handle, OrtApi } from "./c-api.ts";

const LOG_ERRORS = 3;
const DEVICE_ALLOCATOR = 0;
const DEFAULT_MEMORY = 0;
const ALL_OPTIMIZATIONS = 99;
/** Constants from this size on are not written into the model: ONNX Runtime is handed their memory. */
const SHARED_BYTES = 1024;
const elementTypes = { float32: 1, uint8: 2, int8: 3, int32: 6, bool: 9 } as const;

/** The process-wide state of ONNX Runtime: one environment, one thread pool for all sessions. */
export interface OrtEnvironment {
  api: OrtApi;
  environment: Handle;
  memory: Handle;
}

export function createEnvironment(api: OrtApi, threads: number): OrtEnvironment {
  const threading = created(api, (out) => api.CreateThreadingOptions(out));
  check(api, api.SetGlobalIntraOpNumThreads(threading, threads));
  // Masked attention weights underflow to denormals, on which the processor is many times slower.
  check(api, api.SetGlobalDenormalAsZero(threading));
  return {
    api,
    environment: created(api, (out) => api.CreateEnvWithGlobalThreadPools(LOG_ERRORS, "diffucoder", threading, out)),
    memory: created(api, (out) => api.CreateCpuMemoryInfo(DEVICE_ALLOCATOR, DEFAULT_MEMORY, out)),
  };
}

/** Compiles a graph into a session. */
export async function createCPlan(ort: OrtEnvironment, graph: Graph): Promise<Plan> {
  const { api } = ort;
  const shared: SharedConstant[] = [];
  const externalData = (array: NdArray, name: string): ExternalData | undefined => {
    if (array.data.byteLength < SHARED_BYTES) return undefined;
    shared.push({ name, data: array.data, value: valueOf(ort, array.data, array) });
    return { location: "shared", offset: 0, length: array.data.byteLength };
  };
  const session = await createSession(ort, emitOnnx(graph, { externalData }), shared);
  const inputNames = cStrings(
    api,
    graph.inputs.map((_, i) => inputName(i)),
  );
  const outputNames = cStrings(
    api,
    graph.outputs.map((_, i) => outputName(i)),
  );
  let disposed = false;
  let running = 0;
  const releaseWhenIdle = (): void => {
    if (!disposed || running > 0) return;
    api.ReleaseSession(session);
    shared.length = 0; // the session was the last to read them
  };

  return {
    run: async (inputs) => {
      if (disposed) throw new DiffuCoderError("ENGINE", `The plan ${graph.name} was disposed.`);
      const inputData = inputs.map((input) => input.data);
      const outputData = graph.outputs.map((output, i) => {
        const overwritten = graph.overwrites[i];
        return overwritten === undefined ? allocate(output.dtype, sizeOf(output.shape)) : (inputData[overwritten] as TypedArray);
      });
      const inputValues = BigUint64Array.from(inputs, (input, i) => valueOf(ort, inputData[i] as TypedArray, input));
      const outputValues = BigUint64Array.from(graph.outputs, (output, i) => valueOf(ort, outputData[i] as TypedArray, output));
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
      return graph.outputs.map(({ shape, dtype }, i) => new NdArray(outputData[i] as TypedArray, shape, dtype));
    },
    dispose: () => {
      if (disposed) return;
      disposed = true;
      releaseWhenIdle();
    },
  };
}

/** A constant of the graph in memory of JavaScript's, which must outlive the session. */
interface SharedConstant {
  name: string;
  data: TypedArray;
  value: Handle;
}

async function createSession({ api, environment }: OrtEnvironment, model: Uint8Array, shared: readonly SharedConstant[]): Promise<Handle> {
  const options = created(api, (out) => api.CreateSessionOptions(out));
  try {
    check(api, api.DisablePerSessionThreads(options));
    // Memory patterns plan one arena for the whole graph ahead of time, which costs memory and saves nothing here.
    check(api, api.DisableMemPattern(options));
    check(api, api.AddSessionConfigEntry(options, "session.set_denormal_as_zero", "1"));
    check(api, api.SetSessionGraphOptimizationLevel(options, ALL_OPTIMIZATIONS));
    const names = cStrings(
      api,
      shared.map(({ name }) => name),
    );
    const values = BigUint64Array.from(shared, ({ value }) => value);
    check(api, api.AddExternalInitializers(options, names.pointers, values, shared.length));
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
function valueOf({ api, memory }: OrtEnvironment, data: TypedArray, { shape, dtype }: { shape: readonly number[]; dtype: DType }): Handle {
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

/** Zero-terminated strings and the array of pointers to them, both kept alive by the caller. */
function cStrings(api: OrtApi, strings: readonly string[]): { pointers: BigUint64Array; bytes: Uint8Array } {
  const encoded = strings.map((text) => Buffer.from(`${text}\0`));
  const bytes = new Uint8Array(new ArrayBuffer(encoded.reduce((total, part) => total + part.length, 0)));
  const pointers = new BigUint64Array(strings.length);
  const base = api.addressOf(bytes);
  let offset = 0;
  encoded.forEach((part, i) => {
    bytes.set(part, offset);
    pointers[i] = base + BigInt(offset);
    offset += part.length;
  });
  return { pointers, bytes };
}

function created(api: OrtApi, create: (out: (number | bigint)[]) => number | bigint): Handle {
  const out: (number | bigint)[] = [0n];
  check(api, create(out));
  return BigInt(out[0] as number | bigint);
}

/** @throws {DiffuCoderError} with ONNX Runtime's own message, code `"ENGINE"` */
function check(api: OrtApi, status: number | bigint): void {
  const handle = BigInt(status);
  if (handle === 0n) return;
  const message = api.GetErrorMessage(handle) as string;
  api.ReleaseStatus(handle);
  throw new DiffuCoderError("ENGINE", `ONNX Runtime: ${message}`);
}
