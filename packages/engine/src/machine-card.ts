import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { arch, cpus, platform } from "node:os";

/** What a result depends on besides its input: the code, and the instructions that its processor has. */
export interface MachineCard {
  /** Version of the code, and the system. */
  build: string;
  /** Instruction sets of the processor. */
  processor: string;
}

/** Instruction sets by which kernels and ONNX Runtime choose their code, so that sums are rounded differently. */
const SETS = new Set([
  "avx2",
  "fma",
  "avx512f",
  "avx512bw",
  "avx512vl",
  "avx512dq",
  "avx512_vnni",
  "avx_vnni",
  "avx512_bf16",
  "amx_tile",
  "asimd",
  "sve",
  "bf16",
]);

/** What this machine is. Two with the same card compute the same bits. */
export function machineCard(): MachineCard {
  const require = createRequire(import.meta.url);
  const { version } = require("@diffucoder/engine/package.json") as { version: string };
  return { build: `${version} on ${platform()}-${arch()}`, processor: instructionSets() };
}

function instructionSets(): string {
  try {
    const flags = /^(?:flags|Features)\s*:(.*)$/m.exec(readFileSync("/proc/cpuinfo", "utf8"))?.[1] ?? "";
    return flags
      .trim()
      .split(/\s+/)
      .filter((flag) => SETS.has(flag))
      .toSorted()
      .join(" ");
  } catch {
    return cpus()[0]?.model ?? "unknown"; // not Linux
  }
}
