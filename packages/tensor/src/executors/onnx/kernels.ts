// The kernels' library beside ONNX Runtime: loaded where there is one for this machine, and registered with every session of ours
// that computes on the CPU. Without one, plain ONNX Runtime computes the same.
import { availableParallelism } from "node:os";
import {
  atMost,
  findKernels,
  KERNELS_VERSION,
  type KernelLevel,
  kernelLevels,
  type KernelSetting,
  readKernelSetting,
  readProcessor,
} from "@diffucoder/kernels";
import type { Precision } from "../../precision.ts";
import type { KernelTarget } from "../../ops/kernel-call.ts";
import { check, type Handle, type KernelLibrary, type OrtApi } from "./c-api.ts";
import type { KernelReport } from "./kernel-report.ts";

/** A library that sessions may use. */
export interface Kernels {
  target: KernelTarget;
  /** Lets sessions with these options have nodes of the library. */
  register: (options: Handle) => void;
}

/** What `onnxExecutor` is told of kernels, over what the environment says. */
export type KernelChoice = "auto" | "off" | KernelLevel;

/**
 * Loads the library as `DIFFUCODER_KERNELS` and an executor's choice say.
 *
 * @throws {InvalidArgumentError} if the variable is none of its values
 */
export function loadKernels(api: OrtApi, choice: KernelChoice, precision: Precision = "float32"): { kernels?: Kernels; report: KernelReport } {
  const setting = settingOf(choice);
  if (!setting.isOn) return { report: { problem: choice === "off" ? "they are switched off" : "DIFFUCODER_KERNELS=0 switches them off" } };
  const found = findKernels({ path: setting.path });
  if ("problem" in found) return { report: found };
  const library = openOnce(api, found.path);
  if (typeof library === "string") return { report: { problem: library } };
  const target = { ...targetOf(library, setting.level), precision };
  const register = (options: Handle): void => check(api, library.register(options));
  return { kernels: { target, register }, report: { ...found, target } };
}

function settingOf(choice: KernelChoice): KernelSetting {
  const setting = readKernelSetting(process.env["DIFFUCODER_KERNELS"]);
  if (choice === "auto") return setting;
  return choice === "off" ? { isOn: false } : { ...setting, isOn: true, level: choice };
}

const opened = new Map<string, KernelLibrary | string>();

/** A library, or why it does not load: nothing of one that has another version is called but that. */
function openOnce(api: OrtApi, path: string): KernelLibrary | string {
  let library = opened.get(path);
  if (library === undefined) {
    library = open(api, path);
    opened.set(path, library);
  }
  return library;
}

function open(api: OrtApi, path: string): KernelLibrary | string {
  try {
    const library = api.openKernels(path);
    const version = library.version();
    return version === KERNELS_VERSION ? library : `${path} says that it has version ${version}, and this package wants ${KERNELS_VERSION}`;
  } catch (error) {
    return `${path} does not load (${(error as Error).message})`;
  }
}

function targetOf(library: KernelLibrary, level: KernelLevel | undefined): Omit<KernelTarget, "precision"> {
  const processor = readProcessor(library.processor());
  const usable = level === undefined ? processor : atMost(processor, level);
  const reaches = (wanted: KernelLevel): boolean => level !== undefined || kernelLevels.indexOf(wanted) <= kernelLevels.indexOf(usable.level);
  return { ...usable, threads: availableParallelism(), reaches };
}
