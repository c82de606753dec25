// A GPU through the WebGPU provider of ONNX Runtime: Vulkan, Metal or Direct3D 12, as Dawn finds them.
//
// All sessions of a process share one device, and what one leaves there another can read. Dawn does not lock: every call that
// touches the device is made from the main thread, one after another. The device works on its own meanwhile.
import { DiffuCoderError, UnavailableError } from "@diffucoder/core";
import { allocate, bytesOf, type DType, type TypedArray } from "../../dtype.ts";
import type { DeviceData } from "../../nd-array.ts";
import { OnnxBuilder } from "../../onnx/builder.ts";
import { type Shape, sizeOf } from "../../shape.ts";
import { check, created, type Handle } from "./c-api.ts";
import { createSessionOptions, type OrtEnvironment } from "./environment.ts";
import { DeviceMemory } from "./device-memory.ts";
import { type SharedConstant, shareConstants, valueOf } from "./session.ts";

const DEVICE_ALLOCATOR = 0;
const DEFAULT_MEMORY = 0;
/** The provider's name for its buffers. */
const MEMORY_NAME = "WebGPU_Buffer";

export interface WebGpuDevice {
  ort: OrtEnvironment;
  /** Describes memory of the device. */
  memory: Handle;
  /** Sessions that copy from the device, one for each dtype; they also keep the device from being closed. */
  downloads: Map<DType, Handle>;
  /** What arrays hold of its memory. */
  usage: DeviceMemory;
}

/** @throws {UnavailableError} saying what is there instead */
export function openWebGpuDevice(ort: OrtEnvironment): WebGpuDevice {
  try {
    const downloads = new Map([["float32" as DType, createDownload(ort, "float32")]]);
    const memory = created(ort.api, (out) => ort.api.CreateMemoryInfo(MEMORY_NAME, DEVICE_ALLOCATOR, 0, DEFAULT_MEMORY, out));
    return { ort, memory, downloads, usage: new DeviceMemory() };
  } catch (cause) {
    if (!(cause instanceof DiffuCoderError)) throw cause;
    const hasNone = /Failed to get a WebGPU (adapter|device): (.*)/.exec(cause.message);
    const found = hasNone ? `ONNX Runtime finds no graphics adapter (${hasNone[2]?.trim()})` : cause.message;
    throw new UnavailableError({
      what: 'The device "webgpu"',
      problem: `${found}; the device that is there is "cpu"`,
      wayOut: 'Install a driver for Vulkan, Metal or Direct3D 12, or choose "cpu".',
      cause,
    });
  }
}

/** A session on the device. */
export function createWebGpuSession(ort: OrtEnvironment, model: Uint8Array, shared: readonly SharedConstant[] = []): Handle {
  const { api, environment } = ort;
  const options = createSessionOptions(ort);
  try {
    const none = new BigUint64Array(1);
    check(api, api.SessionOptionsAppendExecutionProvider(options, "WebGPU", none, none, 0));
    if (shared.length > 0) shareConstants(ort, options, shared);
    return created(api, (out) => api.CreateSessionFromArray(environment, model, model.length, options, out));
  } finally {
    api.ReleaseSessionOptions(options);
  }
}

/** An array in the device's memory, which a garbage collector knows nothing of: it is freed as soon as it is given up. */
export class WebGpuData implements DeviceData {
  readonly #device: WebGpuDevice;
  readonly #holding: Holding;
  readonly #shape: Shape;
  readonly #dtype: DType;
  /** The OrtValue that owns the memory. */
  readonly value: Handle;

  /** @param session that made it */
  constructor(session: WebGpuSession, value: Handle, { shape, dtype }: { shape: Shape; dtype: DType }) {
    [this.#device, this.value, this.#shape, this.#dtype] = [session.device, value, shape, dtype];
    this.#holding = session.hold(value, bytesOf(dtype, sizeOf(shape)));
    forgotten.register(this, this.#holding, this);
  }

  download(): TypedArray {
    const data = allocate(this.#dtype, sizeOf(this.#shape));
    runBound({
      ort: this.#device.ort,
      session: downloadSession(this.#device, this.#dtype),
      bind: ({ api }, binding) => {
        check(api, api.BindInput(binding, "x", this.value));
        check(api, api.BindOutput(binding, "y", valueOf(this.#device.ort, data, { shape: this.#shape, dtype: this.#dtype })));
      },
    });
    return data;
  }

  free(): void {
    forgotten.unregister(this);
    this.#holding.release();
  }
}

const forgotten = new FinalizationRegistry<Holding>((holding) => holding.release());

/** An array's memory, apart from the array. */
interface Holding {
  release(): void;
}

/**
 * A session that leaves results on the device. Their buffers are given back through the session that made them, so it stays until
 * the last of them is gone, however long ago its plan was disposed.
 */
export class WebGpuSession {
  readonly device: WebGpuDevice;
  readonly handle: Handle;
  #held = 0;
  #disposed = false;

  constructor(device: WebGpuDevice, handle: Handle) {
    [this.device, this.handle] = [device, handle];
  }

  hold(value: Handle, bytes: number): Holding {
    const { ort, usage } = this.device;
    this.#held++;
    usage.take(bytes);
    return {
      release: () => {
        ort.api.ReleaseValue(value);
        usage.giveBack(bytes);
        this.#held--;
        this.#releaseWhenUnused();
      },
    };
  }

  dispose(): void {
    this.#disposed = true;
    this.#releaseWhenUnused();
  }

  #releaseWhenUnused(): void {
    if (this.#disposed && this.#held === 0) this.device.ort.api.ReleaseSession(this.handle);
  }
}

/** Runs a session on what `bind` gives it, and reads the binding before it is gone. */
export function runBound<T>({
  ort,
  session,
  bind,
  read,
}: {
  ort: OrtEnvironment;
  session: Handle;
  bind: (ort: OrtEnvironment, binding: Handle) => void;
  read?: (binding: Handle) => T;
}): T | undefined {
  const { api } = ort;
  const binding = created(api, (out) => api.CreateIoBinding(session, out));
  try {
    bind(ort, binding);
    check(api, api.RunWithBinding(session, 0n, binding));
    return read?.(binding);
  } finally {
    api.ReleaseIoBinding(binding);
  }
}

function downloadSession({ ort, downloads }: WebGpuDevice, dtype: DType): Handle {
  const session = downloads.get(dtype) ?? createDownload(ort, dtype);
  downloads.set(dtype, session);
  return session;
}

/** The C API copies between devices only as a graph's inputs and outputs, so it takes a graph to copy anything. */
function createDownload(ort: OrtEnvironment, dtype: DType): Handle {
  const builder = new OnnxBuilder();
  builder.input("x", undefined, dtype);
  builder.output("y", builder.node("Identity", ["x"]), undefined, dtype);
  return createWebGpuSession(ort, builder.finish("download"));
}
