import { describe, expect, it } from "vitest";
import { decomposeFused } from "./decompose.ts";
import { checkFunction, spread } from "./gradient-check.fixture.ts";
import { mayOverwrite } from "./graph.ts";
import * as t from "./index.ts";
import { applyFused, fusedOf, type FusedOp } from "./ops/fused.ts";
import { Tensor, topologicalOrder } from "./tensor.ts";

/** Sum and product at once: `[a + b, a * b]`. */
const bothOp: FusedOp = {
  name: "sumAndProduct",
  decompose: ([a, b]) => [t.add(a!, b!), t.mul(a!, b!)],
  kernel: () => undefined,
};
const both = (a: Tensor, b: Tensor): Tensor[] => applyFused(bothOp, [a, b]);

/** The same with a gradient of its own, which is fused as well: of the sum 2 g, so that it is told from the right one. */
const gradientOp: FusedOp = {
  name: "sumAndProductGradient",
  decompose: ([a, b, g, h]) => [t.add(t.mul(g!, 2), t.mul(h!, b!)), t.add(t.mul(g!, 2), t.mul(h!, a!))],
  kernel: () => undefined,
};
const withOwnGradient: FusedOp = {
  ...bothOp,
  name: "sumAndProductWithGradient",
  vjp: ([g, h], { inputs: [a, b] }) => applyFused(gradientOp, [a!, b!, g ?? t.constant(0), h ?? t.constant(0)]),
};

const input = (shape: number[]): Tensor => new Tensor({ shape, dtype: "float32" });
const names = (outputs: readonly Tensor[]): string[] => topologicalOrder(outputs).map(({ op }) => op?.name ?? "input");

describe("a fused operation", () => {
  it("has the shapes of its decomposition, and the values and gradients on every executor", async () => {
    const f = (a: Tensor, b: Tensor): Tensor => {
      const [sum, product] = both(a, b) as [Tensor, Tensor];
      return t.mul(t.add(sum, t.square(product)), a);
    };
    const executors = [await t.onnxExecutor({ api: "c" }), await t.onnxExecutor({ api: "js" })];
    await checkFunction(f, [spread([2, 3]), spread([2, 3], 2)], executors);
    await checkFunction((a) => both(a, a)[1]!, [spread([4])], executors);
    await checkFunction((a) => both(a, t.square(a))[0]!, [spread([4])], executors); // one input comes of the other
  });

  it("has its own gradient where it says one, of each result by itself", async () => {
    const gradientOfSum = t.compile((a: Tensor, b: Tensor) => t.gradients(t.sum(applyFused(withOwnGradient, [a, b])[0]!), [a, b]), {
      executor: t.referenceExecutor,
    });
    expect((await gradientOfSum(t.float32([1, 2]), t.float32([3, 4]))).map(({ data }) => [...data])).toEqual([
      [2, 2],
      [2, 2],
    ]);
    const gradientOfProduct = t.compile((a: Tensor, b: Tensor) => t.gradients(t.sum(applyFused(withOwnGradient, [a, b])[1]!), [a, b]));
    expect((await gradientOfProduct(t.float32([1, 2]), t.float32([3, 4]))).map(({ data }) => [...data])).toEqual([
      [3, 4],
      [1, 2],
    ]);
  });

  it("is its decomposition where no kernel is, which shares what the graph has already", () => {
    const [a, b] = [input([2]), input([2])];
    const [sum, product] = both(a, b) as [Tensor, Tensor];
    const outputs = [sum, t.neg(product), t.neg(t.mul(a, b))];
    expect(names(outputs)).toContain("sumAndProduct");
    const plain = decomposeFused(outputs, [a, b], () => false);
    expect(names(plain)).toEqual(["input", "input", "add", "mul", "neg"]);
    expect(plain[2]).toBe(plain[1]);
    expect(decomposeFused(outputs, [a, b], () => true)).toBe(outputs);
  });

  it("stays whole where its executor says so, though what is within it does not", () => {
    const [a, b, g] = [input([2]), input([2]), input([2])];
    const outputs = applyFused(gradientOp, [both(a, b)[1]!, b, g, g]);
    const mixed = decomposeFused(outputs, [a, b, g], (parent) => fusedOf(parent) === gradientOp);
    expect(names(mixed)).toEqual(["input", "input", "mul", "input", "sumAndProductGradient", "part", "part"]);
  });

  it("is not in exported files", async () => {
    const graph = await t.traceGraph((a: Tensor, b: Tensor) => both(a, b), [t.float32([1]), t.float32([2])]);
    expect(names(graph.outputs)).toEqual(["input", "input", "add", "mul"]);
  });
});

describe("the memory of a fused operation's inputs", () => {
  const inPlace: FusedOp = { ...bothOp, name: "sumAndProductInPlace", overwrites: (result) => result };

  it("may be written over by the result that the kernel says, and by no other", () => {
    const [a, b] = [input([2]), input([2])];
    const outputs = applyFused(inPlace, [a, b]);
    const [sum, product] = outputs as [Tensor, Tensor];
    expect(mayOverwrite({ output: sum, input: a, outputs })).toBe(true);
    expect(mayOverwrite({ output: product, input: b, outputs })).toBe(true);
    expect(mayOverwrite({ output: sum, input: b, outputs })).toBe(false);
    const plain = both(a, b);
    expect(mayOverwrite({ output: plain[0]!, input: a, outputs: plain })).toBe(false);
  });

  it("may not where the kernel reads it twice, or something reads it later", () => {
    const a = input([2]);
    const twice = applyFused(inPlace, [a, a]);
    expect(mayOverwrite({ output: twice[0]!, input: a, outputs: twice })).toBe(false);
    const once = applyFused(inPlace, [a, input([2])]);
    expect(mayOverwrite({ output: once[0]!, input: a, outputs: [...once, t.neg(a)] })).toBe(false);
    expect(mayOverwrite({ output: once[0]!, input: a, outputs: [...once, t.reshape(a, [2, 1])] })).toBe(false);
  });

  it("is decided by the decomposition where there is no kernel", async () => {
    // sum = a + b could be written over a, but a * b reads a afterwards.
    const f = (state: { a: Tensor }, b: Tensor) => {
      const [sum, product] = applyFused(inPlace, [state.a, b]) as [Tensor, Tensor];
      return { a: sum, product };
    };
    const graph = await t.traceGraph(f, [{ a: t.float32([1]) }, t.float32([2])], { donate: [0] });
    expect(graph.overwrites).toEqual([undefined, undefined]);
  });
});
