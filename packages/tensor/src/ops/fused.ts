// Fused operations: several results of several inputs, computed at once by a kernel, and defined by what they are made of.
//
// In the graph an operation is a parent node, whose inputs are the operation's, and a part for each result. A part has the shape
// of its result. Where there is no kernel the operation is replaced by its decomposition while the function is traced
// (`decompose.ts`), so the reference, exports and other runtimes see only the operations that it decomposes into.
import { DiffuCoderError } from "@diffucoder/core";
import { applyOp, type Aval, type Tensor } from "../tensor.ts";
import type { OpDefinition } from "./definition.ts";
import type { KernelCall, KernelTarget } from "./kernel-call.ts";

/** One operation: its meaning, its kernel and its gradient in one place. */
export interface FusedOp {
  /** Its name; no other operation has it. */
  readonly name: string;
  /** The results in terms of other operations: what this one means. */
  decompose(inputs: readonly Tensor[], attributes: any): readonly Tensor[];
  /** The kernel that computes all results, in the order of `decompose`; `undefined`: none, the operation is decomposed. */
  kernel(target: KernelTarget, inputs: readonly Tensor[], attributes: any): KernelCall | undefined;
  /**
   * Gradients with respect to the inputs, given those of the results; `undefined` where there is none.
   *
   * @default those of the decomposition
   */
  vjp?(gs: readonly (Tensor | undefined)[], node: FusedNode, attributes: any): readonly (Tensor | undefined)[];
  /** The input whose memory the kernel may write a result over: it reads element i of it before it writes element i, and no other. @default none */
  overwrites?(result: number, attributes: any): number | undefined;
}

/** An operation that was applied. */
export interface FusedNode {
  /** What it was applied to. */
  readonly inputs: readonly Tensor[];
  /** Its results, in the order of `decompose`. */
  readonly results: readonly Tensor[];
}

const parents = new WeakMap<FusedOp, OpDefinition>();
const fusedOps = new WeakMap<OpDefinition, FusedOp>();

/** Applies a fused operation. @returns its results */
export function applyFused(fused: FusedOp, inputs: readonly Tensor[], attributes: Record<string, unknown> = {}): Tensor[] {
  const results = fused.decompose(inputs, attributes).map(({ shape, dtype }) => ({ shape, dtype }));
  const parent = applyOp(parentOf(fused), inputs, { ...attributes, results });
  return results.map((_, index) => part(parent, index));
}

/** The operation of a parent node; `undefined` for any other node. */
export function fusedOf(node: Tensor): FusedOp | undefined {
  return node.op && fusedOps.get(node.op);
}

/** The parent and the index of a part; `undefined` for any other node. */
export function partOf(node: Tensor): { parent: Tensor; index: number } | undefined {
  return node.op === partOp ? { parent: node.inputs[0]!, index: node.attributes["index"] as number } : undefined;
}

/** An operation that was applied, from its parent node. */
export function fusedNode(parent: Tensor): FusedNode {
  return { inputs: parent.inputs, results: resultsOf(parent).map((_, index) => part(parent, index)) };
}

function part(parent: Tensor, index: number): Tensor {
  return applyOp(partOp, [parent], { index });
}

function resultsOf(parent: Tensor): readonly Aval[] {
  return parent.attributes["results"] as readonly Aval[];
}

function parentOf(fused: FusedOp): OpDefinition {
  let op = parents.get(fused);
  if (op === undefined) {
    op = {
      name: fused.name,
      infer: (_, { results }: { results: readonly Aval[] }) => results[0]!,
      evaluate: () => neverWhole(fused.name),
      emit: (builder, inputs, node, attributes) => {
        const call = builder.kernels && fused.kernel(builder.kernels, node.inputs, attributes);
        return call === undefined ? neverWhole(fused.name) : builder.kernelNode(call, inputs, resultsOf(node).length)[0]!;
      },
    };
    parents.set(fused, op);
    fusedOps.set(op, fused);
  }
  return op;
}

const partOp: OpDefinition = {
  name: "part",
  infer: ([parent], { index }: { index: number }) => resultsOf(parent!)[index]!,
  evaluate: () => neverWhole("part"),
  emit: (builder, [first], _node, { index }: { index: number }) => builder.resultsOfNode(first!)[index]!,
};

/** Tracing decomposes what its executor has no kernel for. */
function neverWhole(name: string): never {
  throw new DiffuCoderError("INTERNAL", `The fused operation ${name} came to an executor that has no kernel for it: it should have been decomposed.`);
}
