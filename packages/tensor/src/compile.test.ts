import { beforeAll, describe, expect, it } from "vitest";
import * as t from "./index.ts";
import { mayOverwrite } from "./graph.ts";
import { Tensor } from "./tensor.ts";

let onnx: t.Executor;
beforeAll(async () => {
  onnx = await t.onnxExecutor({ api: "c" });
});

describe("compile", () => {
  it("takes and returns trees, and numbers as scalars", async () => {
    const f = t.compile((p: { a: t.Tensor; b: t.Tensor[] }, scale: t.Tensor) => ({ sum: t.add(p.a, p.b[0]!), scaled: [t.mul(p.a, scale)] }), {
      executor: onnx,
    });
    const result = await f({ a: t.float32([1, 2]), b: [t.float32([10, 20])] }, 3);
    expect([...result.sum.data]).toEqual([11, 22]);
    expect([...result.scaled[0]!.data]).toEqual([3, 6]);
  });

  it("traces once per combination of shapes, not once per value", async () => {
    let traces = 0;
    const f = t.compile(
      (x: t.Tensor, k: t.Tensor) => {
        traces++;
        return t.mul(x, k);
      },
      { executor: onnx },
    );
    for (const k of [1, 2, 3]) await f(t.float32([1, 2]), k);
    expect(traces).toBe(1);
    await f(t.float32([1, 2, 3]), 1);
    expect(traces).toBe(2);
  });

  it("names op, argument and both shapes when shapes do not fit", async () => {
    const f = t.compile((a: t.Tensor, b: t.Tensor) => t.matmul(a, b), { executor: onnx });
    await expect(f(t.zerosArray([2, 3]), t.zerosArray([4, 5]))).rejects.toThrow(
      "matmul: b has shape [4, 5], expected 3 along its second to last axis to fit a, [2, 3].",
    );
    const g = t.compile((a: t.Tensor, b: t.Tensor) => t.add(a, b), { executor: onnx });
    await expect(g(t.zerosArray([2, 3]), t.zerosArray([4]))).rejects.toThrow(
      "add: b has shape [4], expected a shape that broadcasts with a, [2, 3].",
    );
    await expect(g(t.zerosArray([2]), t.int32([1, 2]))).rejects.toThrow('add: b must be of dtype float32, got "int32".');
    await expect(g(t.zerosArray([2]), "x" as never)).rejects.toThrow(
      'argument 1 must be an array, a number, or plain objects and lists of them, got "x".',
    );
  });

  it("keeps the event loop ticking during a run", async () => {
    const f = t.compile((x: t.Tensor) => t.matmul(t.matmul(x, x), x), { executor: onnx });
    const x = t.zerosArray([900, 900]);
    await f(x);
    let ticks = 0;
    let done = false;
    const tick = (): void => {
      ticks++;
      if (!done) setImmediate(tick);
    };
    const run = f(x).then(() => (done = true));
    setImmediate(tick);
    await run;
    expect(ticks).toBeGreaterThan(3);
  });
});

describe("donated arguments", () => {
  it("are updated in place and cannot be read afterwards", async () => {
    const f = t.compile((state: { p: t.Tensor }, g: t.Tensor) => ({ state: { p: t.sub(state.p, g) } }), { executor: onnx, donate: [0] });
    const p = t.float32([1, 2, 3]);
    const memory = p.data.buffer;
    const { state } = await f({ p }, t.float32([1, 1, 1]));
    expect([...state.p.data]).toEqual([0, 1, 2]);
    expect(state.p.data.buffer).toBe(memory);
    expect(() => p.data).toThrow("A compiled function took its memory");
  });

  it("get the replaced rows in place, where nobody reads the old ones", async () => {
    const rows = t.int32([2, 0]);
    const f = t.compile((state: { table: t.Tensor }, x: t.Tensor) => ({ table: t.replaceRows(state.table, rows, x) }), {
      executor: onnx,
      donate: [0],
    });
    const table = t.float32([1, 2, 3, 4, 5, 6], [3, 2]);
    const memory = table.data.buffer;
    const result = await f({ table }, t.float32([7, 8, 9, 10], [2, 2]));
    expect([...result.table.data]).toEqual([9, 10, 3, 4, 7, 8]);
    expect(result.table.data.buffer).toBe(memory);

    const [x, indices] = [new Tensor({ shape: [2, 1], dtype: "float32" }), new Tensor({ shape: [2], dtype: "int32" })];
    const swapped = t.replaceRows(x, indices, x);
    expect(mayOverwrite({ output: swapped, input: x, outputs: [swapped] })).toBe(false);
  });

  it("are not overwritten while something may still read them", () => {
    const x = new Tensor({ shape: [2], dtype: "float32" });
    const y = new Tensor({ shape: [2], dtype: "float32" });
    const updated = t.sub(x, y);
    expect(mayOverwrite({ output: updated, input: x, outputs: [updated] })).toBe(true);
    // A second reader that the update does not wait for.
    const other = t.exp(x);
    expect(mayOverwrite({ output: updated, input: x, outputs: [updated, other] })).toBe(false);
    // The same reader, when the update needs it.
    const after = t.sub(x, t.exp(x));
    expect(mayOverwrite({ output: after, input: x, outputs: [after] })).toBe(true);
    // A view that leaves the graph.
    expect(mayOverwrite({ output: updated, input: x, outputs: [updated, t.reshape(x, [2, 1])] })).toBe(false);
    // Not element by element.
    const product = t.matmul(t.reshape(x, [1, 2]), t.reshape(y, [2, 1]));
    expect(mayOverwrite({ output: product, input: x, outputs: [product] })).toBe(false);
  });

  it("give the same numbers as without donation over many steps", async () => {
    const step = (state: { w: t.Tensor; adam: t.AdamWState<t.Tensor> }, x: t.Tensor, k: t.Tensor) => {
      const { value, gradient } = t.valueAndGradient((w: t.Tensor) => t.mean(t.square(t.sub(t.matmul(x, w), 1))), state.w);
      const { clipped } = t.clipByGlobalNorm(gradient, 1);
      const next = t.adamW(state.w, clipped, state.adam, { lr: t.constant(0.1), step: k });
      return { state: { w: next.parameters, adam: next.state }, loss: value };
    };
    const runs = await Promise.all(
      [[], [0]].map(async (donate) => {
        const f = t.compile(step, { executor: onnx, donate });
        const w = t.float32(
          Array.from({ length: 12 }, (_, i) => Math.sin(i)),
          [4, 3],
        );
        const x = t.float32(
          Array.from({ length: 8 }, (_, i) => Math.cos(i)),
          [2, 4],
        );
        let state = { w, adam: t.initAdamW(w) };
        const losses: number[] = [];
        for (let k = 1; k <= 20; k++) {
          const result = await f(state, x, k);
          state = result.state;
          losses.push(result.loss.item());
        }
        return [...losses, ...state.w.data];
      }),
    );
    expect(runs[1]).toEqual(runs[0]);
    expect(runs[0]![19]!).toBeLessThan(runs[0]![0]!);
  });
});

describe("frozen arguments", () => {
  const affine = (w: { a: t.Tensor; b: t.Tensor }, x: t.Tensor): t.Tensor => t.add(t.linear(x, w.a), w.b);
  const weights = (scale: number) => ({
    a: t.float32(
      Array.from({ length: 40 * 30 }, (_, i) => scale * Math.sin(i)),
      [40, 30],
    ),
    b: t.float32(Array.from({ length: 40 }, (_, i) => i)),
  });
  const x = t.float32(
    Array.from({ length: 150 }, (_, i) => Math.cos(i)),
    [5, 30],
  );

  it("give the same numbers, on every executor", async () => {
    const w = weights(1);
    const expected = await t.compile(affine, { executor: t.referenceExecutor })(w, x);
    for (const executor of [onnx, await t.onnxExecutor({ api: "js" }), t.referenceExecutor]) {
      const f = t.compile(affine, { executor, frozen: [0] });
      expect([...(await f(w, x)).data]).toBeAllclose([...expected.data], { atol: 1e-5 });
      f.dispose();
    }
  });

  it("are traced again for other arrays, and only for those", async () => {
    let traces = 0;
    const f = t.compile((w: { a: t.Tensor; b: t.Tensor }, y: t.Tensor) => (traces++, affine(w, y)), { executor: onnx, frozen: [0] });
    const [one, two] = [weights(1), weights(2)];
    const [first, again, other] = [await f(one, x), await f(one, x), await f(two, x)];
    expect(traces).toBe(2);
    expect([...again.data]).toEqual([...first.data]);
    expect(other.data[0]! - first.data[0]!).toBeCloseTo(first.data[0]! - one.b.data[0]!, 4);
    f.dispose();
  });

  it("cannot be donated as well", () => {
    expect(() => t.compile(affine, { donate: [0], frozen: [0, 1] })).toThrow("frozen must be arguments that are not donated, got 0.");
  });
});

describe("memory", () => {
  it("that there is not enough of is an error, and the next run works", async () => {
    const outer = (x: t.Tensor): t.Tensor => t.sum(t.exp(t.matmul(t.reshape(x, [-1, 1]), t.reshape(x, [1, -1]))));
    for (const executor of [onnx, await t.onnxExecutor({ api: "js" })]) {
      const f = t.compile(outer, { executor });
      await expect(f(t.zerosArray([2_000_000]))).rejects.toThrow(
        /^ONNX Runtime's MatMul ran out of memory: 16000000\.0 MB more were asked for\. Use smaller batches or shorter rows, or gradient checkpointing to train\.$/,
      );
      expect((await f(t.zerosArray([3]))).item()).toBe(9);
      f.dispose();
    }
  });

  it("for an array that no machine has is the same error", () => {
    expect(() => t.zerosArray([2 ** 50])).toThrow("An array of 1125899906842624 elements ran out of memory: 4503599627.4 MB more were asked for.");
  });
});
