// The graph is run node by node, in topological order; a value is freed as soon as its last reader has run. An error on the way
// frees the rest: `tf.tidy` ends its scope.
import type * as tfjs from "@tensorflow/tfjs-core";
import { UnavailableError } from "@diffucoder/core";
import { allocate, type DType } from "../../dtype.ts";
import type { Plan } from "../../executor.ts";
import type { Graph } from "../../graph.ts";
import { NdArray } from "../../nd-array.ts";
import { sizeOf } from "../../shape.ts";
import { type Tensor, topologicalOrder } from "../../tensor.ts";
import { type Tfjs, type TfjsOp, tfjsOps } from "./ops.ts";

/** TensorFlow.js with the name that its backend is registered under. */
export interface LoadedBackend {
  tf: Tfjs;
  name: string;
}

/** @throws {UnavailableError} if the graph has an op or a dtype that TensorFlow.js lacks */
export async function createTfjsPlan({ tf, name }: LoadedBackend, graph: Graph): Promise<Plan> {
  const order = topologicalOrder(graph.outputs);
  for (const node of [...graph.inputs, ...order]) checkNode(node);
  await tf.setBackend(name);
  const constants = new Map<Tensor, tfjs.Tensor>();
  for (const node of order) if (node.constant !== undefined) constants.set(node, upload(tf, node.constant));
  const steps = order.filter((node) => node.op !== undefined);
  const readerCounts = countReaders(steps, graph.outputs);

  /** Without an `await`: `tf.tidy` knows one scope at a time, so runs must not meet. */
  const compute = (inputs: readonly NdArray[]): tfjs.Tensor[] => {
    const values = new Map(constants);
    graph.inputs.forEach((input, i) => values.set(input, upload(tf, inputs[i] as NdArray)));
    const readersLeft = new Map(readerCounts);
    for (const node of steps) {
      values.set(node, evaluate(tf, node, values));
      for (const input of new Set(node.inputs)) {
        const left = (readersLeft.get(input) as number) - 1;
        readersLeft.set(input, left);
        if (left > 0 || constants.has(input)) continue;
        values.get(input)?.dispose();
        values.delete(input);
      }
    }
    return graph.outputs.map((output) => values.get(output) as tfjs.Tensor);
  };

  return {
    run: async (inputs) => {
      await tf.setBackend(name);
      const results = tf.tidy(() => compute(inputs));
      const kept = new Set(constants.values());
      try {
        const downloaded = await Promise.all(results.map((result) => result.data()));
        return graph.outputs.map((output, i) => {
          const overwritten = graph.overwrites[i];
          const data = overwritten === undefined ? allocate(output.dtype, sizeOf(output.shape)) : (inputs[overwritten] as NdArray).data;
          data.set(downloaded[i] as tfjs.TypedArray);
          return new NdArray(data, output.shape, output.dtype);
        });
      } finally {
        for (const result of results) if (!kept.has(result)) result.dispose();
      }
    },
    dispose: () => {
      for (const value of constants.values()) value.dispose();
    },
  };
}

function checkNode({ op, dtype }: Tensor): void {
  if (op !== undefined && tfjsOps[op.name] === undefined) throw missing(`the op ${op.name}`);
  if (dtype === "int8" || dtype === "uint8") throw missing(`the dtype ${dtype}${op === undefined ? "" : ` of the op ${op.name}`}`);
}

function missing(what: string): UnavailableError {
  return new UnavailableError({
    what: "The graph on TensorFlow.js",
    problem: `it has no counterpart for ${what}`,
    wayOut: "Quantized weights need the ONNX executor; float32 weights run on both.",
  });
}

/** How many nodes read each value; an output has one reader more, which never comes. */
function countReaders(steps: readonly Tensor[], outputs: readonly Tensor[]): Map<Tensor, number> {
  const counts = new Map<Tensor, number>();
  const count = (value: Tensor): unknown => counts.set(value, (counts.get(value) ?? 0) + 1);
  for (const node of steps) new Set(node.inputs).forEach(count);
  outputs.forEach(count);
  return counts;
}

function evaluate(tf: Tfjs, node: Tensor, values: ReadonlyMap<Tensor, tfjs.Tensor>): tfjs.Tensor {
  if (sizeOf(node.shape) === 0) return upload(tf, new NdArray(allocate(node.dtype, 0), node.shape, node.dtype));
  const apply = tfjsOps[node.op?.name as string] as TfjsOp;
  const inputs = node.inputs.map((input) => values.get(input) as tfjs.Tensor);
  return tf.tidy(() => apply(tf, inputs, node, node.attributes));
}

function upload(tf: Tfjs, { data, shape, dtype }: NdArray): tfjs.Tensor {
  return tf.tensor(data, [...shape], dtype as Exclude<DType, "int8" | "uint8">);
}
