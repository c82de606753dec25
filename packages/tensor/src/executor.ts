import type { Graph } from "./graph.ts";
import type { Precision } from "./precision.ts";
import type { NdArray } from "./nd-array.ts";
import type { Tensor } from "./tensor.ts";

/** A graph made ready to run. */
export interface Plan {
  /** Runs once. Inputs named in `graph.overwrites` may be overwritten and belong to the outputs afterwards. */
  run(inputs: readonly NdArray[]): Promise<NdArray[]>;
  /** Frees what the plan holds outside JavaScript's heap. */
  dispose(): void;
}

/** Turns graphs into plans. */
export interface Executor {
  /** What it is called, e.g. `"reference"`. */
  readonly name: string;
  /** Whether it runs this fused operation at once; else it is decomposed before the graph comes. @default none */
  runsFused?(parent: Tensor): boolean;
  /** How it computes matrix products. @default "float32" */
  readonly precision?: Precision;
  /** In what it differs from what was asked for, each as a sentence without its full stop. @default nothing */
  readonly notices?: readonly string[];
  /** Makes a graph ready to run; costs time, once. */
  prepare(graph: Graph): Promise<Plan>;
}
