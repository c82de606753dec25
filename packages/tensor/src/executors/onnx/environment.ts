// The process-wide state of ONNX Runtime: one environment, one thread pool and one arena for all sessions.
//
// With an arena of its own, each plan would keep the scratch memory of its largest run. From a common one the plans of a
// process take turns, it grows by what is asked for and not in powers of two, and what no plan needs can be given back.
// Where onnxruntime-node's own API made the environment first, there is no common thread pool, and each session has its own.
import { totalmem } from "node:os";
import { DiffuCoderError, UnavailableError } from "@diffucoder/core";
import { OnnxBuilder } from "../../onnx/builder.ts";
import { check, created, cStrings, type Handle, type OrtApi } from "./c-api.ts";

/** Errors come back as statuses; a library does not print them besides. */
const LOG_FATAL = 4;
const DEVICE_ALLOCATOR = 0;
const ARENA_ALLOCATOR = 1;
const DEFAULT_MEMORY = 0;
const GROW_AS_REQUESTED = 1;
const ALL_OPTIMIZATIONS = 99;

export interface OrtEnvironment {
  api: OrtApi;
  environment: Handle;
  /** Describes memory that is not ONNX Runtime's own. */
  memory: Handle;
  /** Threads of each session's own pool; `undefined` where all sessions share one. */
  sessionThreads: number | undefined;
  /** Gives memory that no session holds back to the system. */
  releaseUnusedMemory: () => void;
}

/** @throws {UnavailableError} if ONNX Runtime makes no environment or not the smallest session in it */
export function createEnvironment(api: OrtApi, threads: number): OrtEnvironment {
  try {
    const threading = created(api, (out) => api.CreateThreadingOptions(out));
    check(api, api.SetGlobalIntraOpNumThreads(threading, threads));
    // Masked attention weights underflow to denormals, on which the processor is many times slower.
    check(api, api.SetGlobalDenormalAsZero(threading));
    // A process has one environment: if there is one already it is handed out as it is, without the thread pool asked for.
    const environment = created(api, (out) => api.CreateEnvWithGlobalThreadPools(LOG_FATAL, "diffucoder", threading, out));
    registerArena(api, environment);
    const memory = created(api, (out) => api.CreateCpuMemoryInfo(DEVICE_ALLOCATOR, DEFAULT_MEMORY, out));
    const common = { api, environment, memory };
    const sessionThreads = hasThreadPool(common) ? undefined : threads;
    return { ...common, sessionThreads, releaseUnusedMemory: shrinker({ ...common, sessionThreads }) };
  } catch (cause) {
    if (!(cause instanceof DiffuCoderError)) throw cause;
    throw new UnavailableError({ what: "ONNX Runtime's C API", problem: cause.message, cause });
  }
}

type Sessions = Omit<OrtEnvironment, "releaseUnusedMemory">;

/** ONNX Runtime tells only by refusing a session that wants to share the pool. */
function hasThreadPool(ort: Omit<Sessions, "sessionThreads">): boolean {
  try {
    ort.api.ReleaseSession(smallestSession({ ...ort, sessionThreads: undefined }));
    return true;
  } catch (error) {
    if (error instanceof DiffuCoderError && error.message.includes("EnvCreatedWithGlobalThreadPools")) return false;
    throw error;
  }
}

/** Bounded by the memory that there is, so that too much is an error here and not the end of the process. */
function registerArena(api: OrtApi, environment: Handle): void {
  const settings = { arena_extend_strategy: GROW_AS_REQUESTED, max_mem: memoryLimit() };
  const keys = cStrings(api, Object.keys(settings));
  const numbers = BigUint64Array.from(Object.values(settings), BigInt);
  const arena = created(api, (out) => api.CreateArenaCfgV2(keys.pointers, numbers, numbers.length, out));
  const info = created(api, (out) => api.CreateCpuMemoryInfo(ARENA_ALLOCATOR, DEFAULT_MEMORY, out));
  const status = BigInt(api.CreateAndRegisterAllocator(environment, info, arena));
  // A second thread of this process finds the arena of the first, and uses it.
  if (status !== 0n) api.ReleaseStatus(status);
}

/** Bytes of the machine, or of the container if it may use less. */
function memoryLimit(): number {
  const constrained = process.constrainedMemory();
  return constrained > 0 ? Math.min(constrained, totalmem()) : totalmem();
}

/** Options for every session of the environment; the caller releases them. */
export function createSessionOptions({ api, sessionThreads }: Pick<OrtEnvironment, "api" | "sessionThreads">, denormalAsZero = true): Handle {
  const options = created(api, (out) => api.CreateSessionOptions(out));
  if (sessionThreads === undefined) check(api, api.DisablePerSessionThreads(options));
  else {
    check(api, api.SetIntraOpNumThreads(options, sessionThreads));
    // Else the threads of one plan wait busily while another plan runs.
    check(api, api.AddSessionConfigEntry(options, "session.force_spinning_stop", "1"));
  }
  // Memory patterns plan one block for the whole graph ahead of time, which costs memory and saves nothing here.
  check(api, api.DisableMemPattern(options));
  check(api, api.AddSessionConfigEntry(options, "session.use_env_allocators", "1"));
  // The thread that makes the session takes subnormals for zero from then on: one of the pool, never the one of JavaScript.
  if (denormalAsZero) check(api, api.AddSessionConfigEntry(options, "session.set_denormal_as_zero", "1"));
  check(api, api.SetSessionGraphOptimizationLevel(options, ALL_OPTIMIZATIONS));
  return options;
}

function smallestSession(ort: Sessions): Handle {
  const { api, environment } = ort;
  const builder = new OnnxBuilder();
  builder.input("x", [1], "float32");
  builder.output("y", builder.node("Neg", ["x"]), [1], "float32");
  const model = builder.finish("smallest");
  const options = createSessionOptions(ort, false);
  try {
    return created(api, (out) => api.CreateSessionFromArray(environment, model, model.length, options, out));
  } finally {
    api.ReleaseSessionOptions(options);
  }
}

/** ONNX Runtime shrinks an arena at the end of a run that asks for it; this run does nothing else. */
function shrinker(ort: Sessions): () => void {
  const { api, memory } = ort;
  const session = smallestSession(ort);
  const runOptions = created(api, (out) => api.CreateRunOptions(out));
  check(api, api.AddRunConfigEntry(runOptions, "memory.enable_memory_arena_shrinkage", "cpu:0"));
  const buffers = [new Float32Array(new ArrayBuffer(4)), new Float32Array(new ArrayBuffer(4))];
  const shape = BigInt64Array.of(1n);
  const values = BigUint64Array.from(buffers, (data) => created(api, (out) => api.CreateTensorWithDataAsOrtValue(memory, data, 4, shape, 1, 1, out)));
  const [inputNames, outputNames] = [cStrings(api, ["x"]), cStrings(api, ["y"])];
  const keptAlive = { buffers, shape };
  return () => {
    void keptAlive; // the values point into it
    check(api, api.Run(session, runOptions, inputNames.pointers, values, 1, outputNames.pointers, 1, values.subarray(1)));
    api.trimHeap();
  };
}
