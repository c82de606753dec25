import { fusedOf, partOf } from "./ops/fused.ts";
import type { Tensor } from "./tensor.ts";
import { topologicalOrder } from "./tensor.ts";

/** A traced function, ready for an executor. */
export interface Graph {
  /** For profiles and exports. */
  readonly name: string;
  /** Values that are given when it runs, in order. */
  readonly inputs: readonly Tensor[];
  /** Values that it computes, in order. */
  readonly outputs: readonly Tensor[];
  /** For each output, the donated input whose memory it may overwrite, else `undefined`. */
  readonly overwrites: readonly (number | undefined)[];
}

/**
 * Whether `output` may be written over the memory of `input` while the graph runs.
 *
 * The proof: an executor writes an output when it runs the output's node, and by then has run all the node's
 * ancestors. So if every reader of `input` is an ancestor of `output`, no read comes after the write. Readers
 * include readers of `input` through a view, since a runtime may let a view share memory or fold it into
 * its reader. The node of `output` itself may read `input` if it does so element by element, or replaces some of
 * its elements by what other inputs say, or is a kernel that says it may.
 */
export function mayOverwrite({ output, input, outputs }: { output: Tensor; input: Tensor; outputs: readonly Tensor[] }): boolean {
  if (output.op === undefined || output.op.isView) return false;
  const writer = partOf(output)?.parent ?? output; // a kernel writes all its results in one go
  const ancestors = new Set(topologicalOrder([output]));
  const pending = [input];
  const seen = new Set<Tensor>(pending);
  const readers = readersOf(outputs);
  for (const value of pending) {
    // A view of the input that leaves the graph would be read after the run.
    if (outputs.includes(value)) return false;
    for (const reader of readers.get(value) ?? []) {
      const readsInPlace = reader === writer && value === input && maybeInPlace(output, input);
      if (!readsInPlace && (reader === writer || !ancestors.has(reader))) return false;
      if (reader.op?.isView && !seen.has(reader)) {
        seen.add(reader);
        pending.push(reader);
      }
    }
  }
  return true;
}

function maybeInPlace(output: Tensor, input: Tensor): boolean {
  const part = partOf(output);
  if (part === undefined) return output.op?.isElementwise === true || onlyUpdates(output, input);
  const at = fusedOf(part.parent)!.overwrites?.(part.index, part.parent.attributes);
  return at !== undefined && part.parent.inputs.every((other, i) => (other === input) === (i === at));
}

function onlyUpdates({ op, inputs }: Tensor, input: Tensor): boolean {
  return op?.updates !== undefined && inputs.every((other, i) => (other === input) === (i === op.updates));
}

const readersCache = new WeakMap<readonly Tensor[], Map<Tensor, Tensor[]>>();

function readersOf(outputs: readonly Tensor[]): Map<Tensor, Tensor[]> {
  let readers = readersCache.get(outputs);
  if (readers === undefined) {
    readers = new Map();
    for (const node of topologicalOrder(outputs)) {
      for (const input of node.inputs) {
        const list = readers.get(input);
        if (list) list.push(node);
        else readers.set(input, [node]);
      }
    }
    readersCache.set(outputs, readers);
  }
  return readers;
}
