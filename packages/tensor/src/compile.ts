import { InvalidArgumentError } from "@diffucoder/core";
import { decomposeFused } from "./decompose.ts";
import { defaultExecutor } from "./executors/default.ts";
import type { Executor, Plan } from "./executor.ts";
import { type Graph, mayOverwrite } from "./graph.ts";
import { NdArray, scalar } from "./nd-array.ts";
import { Plans } from "./plans.ts";
import { sameShape } from "./shape.ts";
import { constant, isTensor, Tensor, withSharing } from "./tensor.ts";
import { flattenTree, mapTree, type Tree } from "./tree.ts";

/** The argument of a compiled function for a traced parameter: arrays, or numbers for scalars that change, in place of tensors. */
export type ArgumentOf<T> = T extends Tensor ? NdArray | number : { readonly [K in keyof T]: ArgumentOf<T[K]> };

/** A tree of traced results with arrays for leaves. */
export type Concrete<T> = T extends Tensor ? NdArray : { -readonly [K in keyof T]: Concrete<T[K]> };

/** How a function is compiled, and which of its arguments it may keep or overwrite. */
export interface CompileOptions {
  /** What runs the graph. @default ONNX Runtime */
  executor?: Executor;
  /**
   * Indices of arguments whose memory the results may take over. A donated leaf is paired with the result leaf of
   * the same shape whose path ends with its own, and is updated in place where that is provably safe. The donated
   * arrays cannot be read afterwards.
   */
  donate?: readonly number[];
  /**
   * Indices of arguments that stay the same arrays from call to call, such as the weights of a model that is not trained.
   * They become constants of the plan, which ONNX Runtime packs for its kernels once; other arrays mean another plan.
   * Their elements must not change afterwards.
   */
  frozen?: readonly number[];
  /** Name of the graph, for profiles and exports. */
  name?: string;
  /**
   * Plans that are kept, one for each combination of shapes; of more, the least recently used is freed, never one in use.
   * What is called with it again is compiled anew. @default 64
   */
  maxPlans?: number;
}

/** Arguments of a compiled function, from the traced function's parameters. */
export type ArgumentsOf<P extends unknown[]> = { [K in keyof P]: ArgumentOf<P[K]> };

/** A compiled function: arrays in, a promise of arrays out, in the form that the traced function gives. */
export interface CompiledFunction<P extends unknown[], R> {
  (...args: ArgumentsOf<P>): Promise<Concrete<R>>;
  /** Plans that it keeps now, at most `maxPlans` unless more are in use at once. */
  readonly plans: number;
  /** Frees all plans, those in use when they are done. The function can be called again, and compiles anew. */
  dispose(): void;
}

const MOST_PLANS = 64;

function isNumber(value: unknown): value is number {
  return typeof value === "number";
}

interface Compiled {
  plan: Plan;
  /** The result with the number of an output for each tensor: these would keep the whole graph in memory. */
  form: Tree<number>;
  dispose(): void;
}

/**
 * A function of traced tensors made into a function of arrays. It is traced and compiled once for each combination
 * of tree forms, shapes and dtypes of its arguments.
 *
 * @throws {ShapeError} or {InvalidArgumentError} on the first call with a combination that the function's ops reject
 * @example
 * const norm = compile((x: Tensor) => sqrt(sum(mul(x, x))));
 * (await norm(float32([3, 4]))).item(); // 5
 */
export function compile<P extends any[], R extends object>(
  fn: (...args: P) => R,
  { executor, donate = [], frozen = [], name = fn.name || "graph", maxPlans = MOST_PLANS }: CompileOptions = {},
): CompiledFunction<P, R> {
  if (!Number.isInteger(maxPlans) || maxPlans < 1)
    throw new InvalidArgumentError({ argument: "maxPlans", value: maxPlans, expected: "a positive integer" });
  const plans = new Plans<Compiled>(maxPlans);
  const both = donate.find((i) => frozen.includes(i));
  if (both !== undefined) throw new InvalidArgumentError({ argument: "frozen", value: both, expected: "arguments that are not donated" });

  const call = async (...args: readonly unknown[]): Promise<unknown> => {
    if (args.some(holdsTensor)) throw tracedArgument(name);
    const flat = args.map((arg, i) => flattenArgument(arg, i));
    const signature = flat
      .map(({ leaves, paths }, position) => {
        const identity = frozen.includes(position) ? identityOf : () => "";
        return leaves.map((leaf, i) => `${paths[i]}:${leaf.dtype}[${leaf.shape.join()}]${identity(leaf)}`).join(";");
      })
      .join("|");
    const make = async (): Promise<Compiled> => {
      const runs = executor ?? (await defaultExecutor());
      const staysWhole = (parent: Tensor): boolean => runs.runsFused?.(parent) ?? false;
      const { graph, result } = await trace(fn as (...args: any[]) => unknown, args, { donate, frozen, name, staysWhole });
      const plan = await runs.prepare(graph);
      let next = 0;
      return { plan, form: mapTree(result, isTensor, () => next++), dispose: () => plan.dispose() };
    };
    const inputs = flat.flatMap(({ leaves }, i) => (frozen.includes(i) ? [] : leaves));
    const run = async ({ plan, form }: Compiled) => ({ form, outputs: await plan.run(inputs) });
    const { form, outputs } = await plans.use(signature, { make, run });
    for (const i of donate) for (const leaf of flat[i]?.leaves ?? []) leaf.release();
    return mapTree(form, isNumber, (output) => outputs[output]!);
  };

  const compiled = Object.assign(call, { dispose: () => plans.clear() });
  return Object.defineProperty(compiled, "plans", { get: () => plans.size }) as unknown as CompiledFunction<P, R>;
}

/** Traces a function on arrays' shapes into a graph, without running it. */
export async function traceGraph<P extends any[], R extends object>(
  fn: (...args: P) => R,
  args: ArgumentsOf<P>,
  { donate = [], frozen = [], name = fn.name || "graph" }: Pick<CompileOptions, "donate" | "frozen" | "name"> = {},
): Promise<Graph> {
  return (await trace(fn as (...args: any[]) => unknown, args, { donate, frozen, name })).graph;
}

export interface Trace {
  graph: Graph;
  result: Tree<Tensor>;
  /** For each input of the graph, the argument and the path in it that it comes from. */
  inputPaths: { position: number; path: string }[];
  /** The frozen arrays that became constants, and their paths. */
  frozenPaths: Map<NdArray, string>;
  /** For each output of the graph, its path in the result. */
  outputPaths: string[];
}

/** Traces a function on arrays into a graph that remembers where its inputs and outputs come from. */
export async function trace(
  fn: (...args: any[]) => unknown,
  args: readonly unknown[],
  {
    donate,
    frozen,
    name,
    staysWhole = () => false,
  }: { donate: readonly number[]; frozen: readonly number[]; name: string; staysWhole?: (parent: Tensor) => boolean },
): Promise<Trace> {
  const inputs: Tensor[] = [];
  const inputPaths: Trace["inputPaths"] = [];
  const frozenPaths = new Map<NdArray, string>();
  const donated: { index: number; path: string }[] = [];
  const traced = args.map((arg, i) =>
    mapTree(arg as Tree<NdArray | number>, isLeaf, (leaf, path) => {
      const array = asArray(leaf);
      if (frozen.includes(i)) {
        frozenPaths.set(array, path);
        return constant(array);
      }
      const input = new Tensor({ shape: array.shape, dtype: array.dtype });
      if (donate.includes(i)) donated.push({ index: inputs.length, path });
      inputs.push(input);
      inputPaths.push({ position: i, path });
      return input;
    }),
  );
  const result = withSharing(() => fn(...traced)) as Tree<Tensor>;
  const { leaves, paths } = flattenResult(result, name);
  const outputs = decomposeFused(leaves, inputs, staysWhole);
  const overwrites: (number | undefined)[] = outputs.map(() => undefined);
  for (const { index, path } of donated) {
    const input = inputs[index] as Tensor;
    const at = outputs.findIndex((output, i) => {
      const samePath = paths[i] === path || paths[i]?.endsWith(`.${path}`) || path === "";
      return overwrites[i] === undefined && samePath && output.dtype === input.dtype && sameShape(output.shape, input.shape);
    });
    if (at !== -1 && outputs.indexOf(outputs[at] as Tensor) === at && mayOverwrite({ output: outputs[at] as Tensor, input, outputs }))
      overwrites[at] = index;
  }
  return { graph: { name, inputs, outputs, overwrites }, result, inputPaths, frozenPaths, outputPaths: paths };
}

function flattenResult(result: unknown, name: string): { leaves: Tensor[]; paths: string[] } {
  const wrong = (wayOut: string): InvalidArgumentError =>
    new InvalidArgumentError({
      argument: `result of ${name}`,
      value: result,
      expected: "a traced tensor, or plain objects and lists of them",
      wayOut,
    });
  if (result instanceof Promise) {
    result.catch(() => {});
    throw wrong("A function is traced in one go: it must not be async.");
  }
  let flat: { leaves: Tensor[]; paths: string[] };
  try {
    flat = flattenTree<Tensor>(result as Tree<Tensor>, isTensor);
  } catch (error) {
    if (error instanceof InvalidArgumentError) throw wrong("Make a constant of a number or an array with constant().");
    throw error;
  }
  if (flat.leaves.length === 0) throw wrong("It has no tensor: return what is to be computed.");
  return flat;
}

const identities = new WeakMap<NdArray, string>();
let identityCount = 0;

/** A name of its own for each array. */
function identityOf(array: NdArray): string {
  let identity = identities.get(array);
  if (identity === undefined) identities.set(array, (identity = `#${identityCount++}`));
  return identity;
}

const holdsTensor = (arg: unknown): boolean => isTensor(arg) || (Array.isArray(arg) && arg.some(isTensor));

function tracedArgument(name: string): InvalidArgumentError {
  return new InvalidArgumentError({
    argument: `argument of ${name}`,
    value: "a traced tensor",
    expected: "an array",
    wayOut: "Within a function that is traced call the plain function, not the compiled one.",
  });
}

function flattenArgument(arg: unknown, position: number): { leaves: NdArray[]; paths: string[] } {
  const { leaves, paths } = flattenTree<NdArray | number>(arg as Tree<NdArray | number>, isLeaf, `argument ${position}`);
  return { leaves: leaves.map(asArray), paths };
}

function asArray(leaf: NdArray | number): NdArray {
  return typeof leaf === "number" ? scalar(leaf) : leaf;
}

function isLeaf(value: unknown): value is NdArray | number {
  return value instanceof NdArray || typeof value === "number";
}
