// A narrow door to ONNX Runtime's C API (onnxruntime_c_api.h), through koffi.
//
// The API is one struct of function pointers whose order never changes: a new version only appends. The indices
// below are fixed by the static_asserts at the end of onnxruntime_c_api.cc. A wrong pointer is a crash, so
// everything unsafe is in this file, `environment.ts`, `session.ts` and the two of WebGPU, and buffers are referenced while native code may touch them.
import { existsSync } from "node:fs";
import { join } from "node:path";
import { UnavailableError } from "@diffucoder/core";
import type Koffi from "koffi";
import type { KoffiFunc } from "koffi";
import { loadKoffi } from "../../native-interface.ts";
import { engineError } from "./engine-error.ts";
import { findRuntimePackage } from "./runtime-package.ts";

/** A pointer into native memory. */
export type Handle = bigint;

const API_VERSION = 16;

const functions = {
  GetErrorMessage: [2, "const char *GetErrorMessage(uint64_t status)"],
  CreateSessionFromArray: [
    8,
    "uint64_t CreateSessionFromArray(uint64_t env, const void *data, size_t length, uint64_t options, _Out_ uint64_t *session)",
  ],
  Run: [
    9,
    "uint64_t Run(uint64_t session, uint64_t options, const void *inputNames, const void *inputs, size_t inputCount, const void *outputNames, size_t outputCount, void *outputs)",
  ],
  CreateSessionOptions: [10, "uint64_t CreateSessionOptions(_Out_ uint64_t *options)"],
  DisableMemPattern: [17, "uint64_t DisableMemPattern(uint64_t options)"],
  SetSessionGraphOptimizationLevel: [23, "uint64_t SetSessionGraphOptimizationLevel(uint64_t options, int level)"],
  SetIntraOpNumThreads: [24, "uint64_t SetIntraOpNumThreads(uint64_t options, int count)"],
  CreateRunOptions: [39, "uint64_t CreateRunOptions(_Out_ uint64_t *options)"],
  CreateTensorWithDataAsOrtValue: [
    49,
    "uint64_t CreateTensorWithData(uint64_t memoryInfo, void *data, size_t byteLength, const void *shape, size_t rank, int type, _Out_ uint64_t *value)",
  ],
  CreateMemoryInfo: [68, "uint64_t CreateMemoryInfo(const char *name, int allocator, int id, int memoryType, _Out_ uint64_t *info)"],
  CreateCpuMemoryInfo: [69, "uint64_t CreateCpuMemoryInfo(int allocator, int memoryType, _Out_ uint64_t *info)"],
  AllocatorFree: [76, "uint64_t AllocatorFree(uint64_t allocator, uint64_t memory)"],
  GetAllocatorWithDefaultOptions: [78, "uint64_t GetAllocatorWithDefaultOptions(_Out_ uint64_t *allocator)"],
  ReleaseStatus: [93, "void ReleaseStatus(uint64_t status)"],
  ReleaseSession: [95, "void ReleaseSession(uint64_t session)"],
  ReleaseValue: [96, "void ReleaseValue(uint64_t value)"],
  ReleaseSessionOptions: [100, "void ReleaseSessionOptions(uint64_t options)"],
  CreateEnvWithGlobalThreadPools: [
    119,
    "uint64_t CreateEnvWithGlobalThreadPools(int level, const char *id, uint64_t threading, _Out_ uint64_t *env)",
  ],
  DisablePerSessionThreads: [120, "uint64_t DisablePerSessionThreads(uint64_t options)"],
  CreateThreadingOptions: [121, "uint64_t CreateThreadingOptions(_Out_ uint64_t *options)"],
  AddSessionConfigEntry: [130, "uint64_t AddSessionConfigEntry(uint64_t options, const char *key, const char *value)"],
  RunWithBinding: [133, "uint64_t RunWithBinding(uint64_t session, uint64_t options, uint64_t binding)"],
  CreateIoBinding: [134, "uint64_t CreateIoBinding(uint64_t session, _Out_ uint64_t *binding)"],
  ReleaseIoBinding: [135, "void ReleaseIoBinding(uint64_t binding)"],
  BindInput: [136, "uint64_t BindInput(uint64_t binding, const char *name, uint64_t value)"],
  BindOutput: [137, "uint64_t BindOutput(uint64_t binding, const char *name, uint64_t value)"],
  BindOutputToDevice: [138, "uint64_t BindOutputToDevice(uint64_t binding, const char *name, uint64_t memoryInfo)"],
  GetBoundOutputValues: [140, "uint64_t GetBoundOutputValues(uint64_t binding, uint64_t allocator, _Out_ uint64_t *values, _Out_ size_t *count)"],
  CreateAndRegisterAllocator: [144, "uint64_t CreateAndRegisterAllocator(uint64_t env, uint64_t memoryInfo, uint64_t arena)"],
  SetGlobalIntraOpNumThreads: [147, "uint64_t SetGlobalIntraOpNumThreads(uint64_t options, int count)"],
  SetGlobalDenormalAsZero: [155, "uint64_t SetGlobalDenormalAsZero(uint64_t options)"],
  CreateArenaCfgV2: [164, "uint64_t CreateArenaCfgV2(const void *keys, const void *values, size_t count, _Out_ uint64_t *arena)"],
  AddRunConfigEntry: [165, "uint64_t AddRunConfigEntry(uint64_t options, const char *key, const char *value)"],
  AddExternalInitializers: [210, "uint64_t AddExternalInitializers(uint64_t options, const void *names, const void *values, size_t count)"],
  SessionOptionsAppendExecutionProvider: [
    216,
    "uint64_t SessionOptionsAppendExecutionProvider(uint64_t options, const char *name, const void *keys, const void *values, size_t count)",
  ],
} as const;

export type OrtApi = Record<keyof typeof functions, KoffiFunc<(...args: any[]) => any>> & {
  /** Address of an ArrayBuffer's memory, which does not move. */
  addressOf: (data: Uint8Array) => Handle;
  /** Handles that lie one after another in native memory. */
  handlesAt: (address: Handle, count: number) => Handle[];
  /** Gives free memory of the C library's heap back to the system, where that has to be asked for. */
  trimHeap: () => void;
  /** Loads a library of kernels, whose bytes have been looked at (packages/kernels). @throws {Error} if the system does not load it */
  openKernels: (path: string) => KernelLibrary;
};

/** The three functions of a library of kernels (packages/kernels/c/register.c). */
export interface KernelLibrary {
  version: () => number;
  processor: () => number;
  /** Adds the operators to a session's options. @returns a status */
  register: (options: Handle) => number | bigint;
}

/** Path of the ONNX Runtime library for this platform. */
function libraryPath(): string {
  const { binaries } = findRuntimePackage();
  const name = { linux: "libonnxruntime.so.1", darwin: "libonnxruntime.1.dylib", win32: "onnxruntime.dll" }[process.platform as string];
  const path = name && join(binaries, name);
  if (!path || !existsSync(path)) throw new UnavailableError({ what: "ONNX Runtime's C library", problem: `it is not in ${binaries}` });
  return path;
}

/**
 * Loads the library and binds the functions.
 *
 * @throws {UnavailableError} if koffi or the library cannot be loaded here; the JS API is the fallback
 */
export async function loadOrtApi(): Promise<OrtApi> {
  try {
    const koffi = loadKoffi();
    const library = koffi.load(libraryPath());
    const base = library.func("void *OrtGetApiBase()")();
    const getApi = koffi.decode(koffi.decode(base, "uint64_t"), koffi.proto("void *GetApi(uint32_t version)"));
    const table = koffi.decode(getApi(API_VERSION), koffi.array("uint64_t", 217)) as BigUint64Array;
    const bind = ([name, [index, prototype]]: (typeof entries)[number]) => [name, koffi.decode(table[index], koffi.proto(prototype))];
    const entries = Object.entries(functions);
    return {
      ...Object.fromEntries(entries.map(bind)),
      addressOf: (data: Uint8Array) => koffi.address(data),
      handlesAt: (address, count) => Array.from(koffi.decode(address, koffi.array("uint64_t", count)) as ArrayLike<number | bigint>, BigInt),
      trimHeap: heapTrimmer(koffi),
      openKernels: (path) => openKernels(koffi.load(path), base),
    } as OrtApi;
  } catch (cause) {
    if (cause instanceof UnavailableError) throw cause;
    throw new UnavailableError({ what: "ONNX Runtime's C API", problem: (cause as Error).message, cause });
  }
}

/** Each session holds pointers into the library: it is linked so that the system never unloads it. */
function openKernels(library: ReturnType<typeof Koffi.load>, base: unknown): KernelLibrary {
  const register = library.func("uint64_t RegisterCustomOps(uint64_t options, void *base)");
  return {
    version: library.func("uint32_t diffucoder_kernels_version()"),
    processor: library.func("uint32_t diffucoder_kernels_processor()"),
    register: (options) => register(options, base),
  };
}

/** glibc keeps what was freed in its heaps: weights that were packed for a session would stay resident after it. */
function heapTrimmer(koffi: Pick<typeof Koffi, "load">): () => void {
  try {
    const trim = koffi.load("libc.so.6").func("int malloc_trim(size_t pad)");
    return () => void trim(0);
  } catch {
    return () => {}; // another C library
  }
}

/** What a creating function made. */
export function created(api: OrtApi, create: (out: (number | bigint)[]) => number | bigint): Handle {
  const out: (number | bigint)[] = [0n];
  check(api, create(out));
  return BigInt(out[0] as number | bigint);
}

/** @throws {DiffuCoderError} with ONNX Runtime's own message, code `"ENGINE"`; {OutOfMemoryError} if that was the reason */
export function check(api: OrtApi, status: number | bigint): void {
  const handle = BigInt(status);
  if (handle === 0n) return;
  const message = api.GetErrorMessage(handle) as string;
  api.ReleaseStatus(handle);
  throw engineError(message);
}

/** Zero-terminated strings and the array of pointers to them, both kept alive by the caller. */
export function cStrings(api: OrtApi, strings: readonly string[]): { pointers: BigUint64Array; bytes: Uint8Array } {
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
