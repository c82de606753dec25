import { describe, expect, it, vi } from "vitest";
import { runCommand } from "../command.ts";
import { describeKernels } from "./doctor.ts";

const target = { level: "avx512" as const, vnni: true, bf16: false, amx: false, threads: 2, precision: "float32" as const, reaches: () => true };

describe("diffucoder doctor", () => {
  it("says what computes, and why there are no kernels", async () => {
    vi.stubEnv("DIFFUCODER_KERNELS", "0");
    const lines: string[] = [];
    const terminal = { out: (text: string) => void lines.push(...text.split("\n")), error: () => {}, bytes: () => {} };
    expect(await runCommand(["doctor"], { terminal, signal: new AbortController().signal })).toBe(0);
    expect(lines).toEqual([
      `Node          ${process.versions.node} on ${process.platform} ${process.arch}`,
      expect.stringMatching(/^Processor {5}\S/),
      "ONNX Runtime  through its C API",
      "Kernels       none: DIFFUCODER_KERNELS=0 switches them off. ONNX Runtime computes the same, only slower.",
      "bf16          matrix products are in float32 and not in bf16: DIFFUCODER_KERNELS=0 switches them off",
    ]);
    vi.unstubAllEnvs();
  });

  it("names the instructions that kernels use, and the library", () => {
    const found = { path: "/k/diffucoder-kernels.so", compiler: "cc 12" };
    expect(describeKernels({ ...found, target })).toBe("avx512, vnni; 2 threads; /k/diffucoder-kernels.so, compiled by cc 12");
    const plain = { ...target, level: "scalar" as const, vnni: false, threads: 1 };
    expect(describeKernels({ ...found, target: plain })).toBe("scalar; 1 thread; /k/diffucoder-kernels.so, compiled by cc 12");
  });
});
