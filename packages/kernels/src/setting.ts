// The environment variable DIFFUCODER_KERNELS.
import { isAbsolute } from "node:path";
import { InvalidArgumentError } from "@diffucoder/core";
import { type KernelLevel, kernelLevels } from "./processor.ts";

/** Whether kernels are used, which and at most at which level. */
export interface KernelSetting {
  /** Whether they are used at all. */
  isOn: boolean;
  /** The level that is not exceeded, and that kernels are used at even where they are no faster. @default the processor's own */
  level?: KernelLevel;
  /** The library. @default the one that is found */
  path?: string;
}

/**
 * Reads `DIFFUCODER_KERNELS`: not set or empty, the kernels that are found; `0`, none; `scalar`, `avx2` or `avx512`, none of a
 * higher level; an absolute path, another library.
 *
 * @throws {InvalidArgumentError} for anything else
 */
export function readKernelSetting(value: string | undefined): KernelSetting {
  if (value === undefined || value === "") return { isOn: true };
  if (value === "0") return { isOn: false };
  if (isLevel(value)) return { isOn: true, level: value };
  if (isAbsolute(value)) return { isOn: true, path: value };
  throw new InvalidArgumentError({
    argument: "DIFFUCODER_KERNELS",
    value,
    expected: `0, ${kernelLevels.join(", ")} or the absolute path of a library`,
  });
}

function isLevel(value: string): value is KernelLevel {
  return (kernelLevels as readonly string[]).includes(value);
}
