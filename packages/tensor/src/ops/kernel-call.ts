import type { KernelLevel, KernelProcessor } from "@diffucoder/kernels";
import type { Precision } from "../precision.ts";

/** What kernels may use, where a graph is compiled for them: by this package's own sessions on the CPU, and nowhere else. */
export interface KernelTarget extends KernelProcessor {
  /** How many tasks of a kernel run at once. */
  readonly threads: number;
  /** Of matrix products. */
  readonly precision: Precision;
  /** Whether kernels of `level` are at least as fast there as ONNX Runtime's nodes, or asked for anyway. */
  reaches(level: KernelLevel): boolean;
}

/** A node of the kernels' library in place of ONNX's: its inputs are those of the operation, in order. */
export interface KernelCall {
  /** The operator, as its C file has it. */
  readonly name: string;
  /** What it is told: integers, lists of them, and floats. */
  readonly attributes: Readonly<Record<string, number | readonly number[] | Float>>;
}

/** A number that ONNX holds as a float. */
export interface Float {
  /** The number. */
  readonly float: number;
}
