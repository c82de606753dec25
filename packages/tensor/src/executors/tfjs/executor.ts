import { createRequire } from "node:module";
import { InvalidArgumentError, show, UnavailableError } from "@diffucoder/core";
import type { Executor } from "../../executor.ts";
import type { Tfjs } from "./ops.ts";
import { createTfjsPlan, type LoadedBackend } from "./plan.ts";

/** Which of TensorFlow.js's backends computes. */
export interface TfjsExecutorOptions {
  /**
   * `"node-gpu"`: TensorFlow's library on CUDA, by `@tensorflow/tfjs-node-gpu`; `"node"`: the same on the CPU, by
   * `@tensorflow/tfjs-node`; `"cpu"`: plain JavaScript, slow, by `@tensorflow/tfjs-core` and `@tensorflow/tfjs-backend-cpu`.
   */
  backend: "node-gpu" | "node" | "cpu";
}

/** The packages of a backend, in the order in which they are loaded: the first gives the functions. */
const packages = {
  "node-gpu": ["@tensorflow/tfjs-node-gpu"],
  node: ["@tensorflow/tfjs-node"],
  cpu: ["@tensorflow/tfjs-core", "@tensorflow/tfjs-backend-cpu"],
} as const;

/**
 * Runs graphs op by op on TensorFlow.js, which is not installed with this package: it is loaded when it is asked for.
 * The float32, int32 and bool ops are there; the quantized ones are an error that names the op.
 *
 * @throws {UnavailableError} if a package of the backend is not installed or does not load; it names the command to install it
 * @example
 * const executor = await tfjsExecutor({ backend: "node-gpu" }); // npm install @tensorflow/tfjs-node-gpu
 * const step = compile(trainingStep, { executor });
 */
export async function tfjsExecutor({ backend }: TfjsExecutorOptions): Promise<Executor> {
  const loaded = await loadBackend(backend);
  return { name: `tfjs-${backend}`, prepare: (graph) => createTfjsPlan(loaded, graph) };
}

const require = createRequire(import.meta.url);

async function loadBackend(backend: TfjsExecutorOptions["backend"]): Promise<LoadedBackend> {
  if (!Object.hasOwn(packages, backend))
    throw new InvalidArgumentError({ argument: "backend", value: backend, expected: Object.keys(packages).map(show).join(" or ") });
  const [tf] = packages[backend].map((name) => load(backend, name)) as [Tfjs];
  if (backend === "cpu") {
    // Without this the backend prints an advertisement for tfjs-node.
    tf.env().set("PROD", true);
    return { tf, name: "cpu" };
  }
  if (backend === "node-gpu" && !(tf.backend() as { isUsingGpuDevice?: boolean }).isUsingGpuDevice) {
    throw unavailable(backend, "TensorFlow finds no CUDA device", 'Install the CUDA and cuDNN that tfjs-node-gpu names, or choose "node" or "cpu".');
  }
  return { tf, name: "tensorflow" };
}

function load(backend: TfjsExecutorOptions["backend"], name: string): unknown {
  const all = packages[backend].join(" ");
  const install = `Install it: npm install ${all}${backend === "cpu" ? "" : ", with install scripts allowed: one downloads TensorFlow's library"}.`;
  try {
    require.resolve(name);
  } catch (cause) {
    throw unavailable(backend, `${name} is not installed`, install, cause);
  }
  try {
    return require(name);
  } catch (cause) {
    throw unavailable(backend, `${name} does not load: ${(cause as Error).message.split("\n")[0]?.trim()}`, install, cause);
  }
}

function unavailable(backend: string, problem: string, wayOut: string, cause?: unknown): UnavailableError {
  return new UnavailableError({ what: `TensorFlow.js (${backend})`, problem, wayOut, cause });
}
