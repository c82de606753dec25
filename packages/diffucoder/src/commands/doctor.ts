// The command `doctor`: what computes on this machine, and what would make it faster.
import { arch, cpus, platform } from "node:os";
import type { Terminal } from "@diffucoder/command-line";
import { type KernelReport, onnxExecutor, reportKernels } from "@diffucoder/tensor";
import { UnavailableError } from "@diffucoder/core";
import type { Command } from "commander";

/** Adds the command to `diffucoder`. */
export function addDoctorCommand(program: Command, { terminal }: { terminal: Terminal }): void {
  program
    .command("doctor")
    .description("says what computes on this machine: Node, ONNX Runtime, and which kernels, or why none")
    .allowExcessArguments(false)
    .action(async () => terminal.out(await diagnosis()));
}

async function diagnosis(): Promise<string> {
  const lines = {
    Node: `${process.versions.node} on ${platform()} ${arch()}`,
    Processor: cpus()[0]?.model.trim() ?? "unknown",
    "ONNX Runtime": await runtime(),
    Kernels: await kernels(),
    bf16: await bf16(),
  };
  return Object.entries(lines)
    .map(([name, text]) => `${name.padEnd(14)}${text}`)
    .join("\n");
}

async function runtime(): Promise<string> {
  const { name } = await onnxExecutor();
  return name === "onnx" ? "through its C API" : "through its JavaScript API, which is slower and has no kernels";
}

/** What `precision: "bf16"` means here. */
async function bf16(): Promise<string> {
  const { notices = [] } = await onnxExecutor({ precision: "bf16" });
  return notices.join("; ") || "matrix products with AVX512_BF16, if asked for";
}

async function kernels(): Promise<string> {
  try {
    return describeKernels(await reportKernels());
  } catch (error) {
    if (!(error instanceof UnavailableError)) throw error;
    return describeKernels({ problem: error.problem });
  }
}

/** One line: the level and further instructions, or why there are none. */
export function describeKernels(report: KernelReport): string {
  if ("problem" in report) return `none: ${report.problem}. ONNX Runtime computes the same, only slower.`;
  const { level, vnni, bf16, amx, threads } = report.target;
  const instructions = [level, ...(vnni ? ["vnni"] : []), ...(bf16 ? ["bf16"] : []), ...(amx ? ["amx"] : [])].join(", ");
  return `${instructions}; ${threads} ${threads === 1 ? "thread" : "threads"}; ${report.path}, compiled by ${report.compiler}`;
}
