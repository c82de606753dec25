// The ops on shapes that nobody chose: empty and single dimensions, broadcasting in any place, any axis. Values and gradients
// are held to float64 and central differences, integers and booleans to the reference.
import fc from "fast-check";
import { beforeAll, describe, expect, it } from "vitest";
import { checkFunction, spread } from "../gradient-check.fixture.ts";
import * as t from "../index.ts";

let executors: t.Executor[];
beforeAll(async () => {
  executors = [await t.onnxExecutor({ api: "c" }), await t.onnxExecutor({ api: "js" }), await t.tfjsExecutor({ backend: "cpu" })];
});

const dims = (maxLength: number) => fc.array(fc.integer({ min: 0, max: 3 }), { maxLength });
const some = { numRuns: 12 };

/** A pair of shapes that broadcast: leading axes dropped, and some set to 1. */
const pairs = fc
  .record({ shape: dims(3), ones: fc.array(fc.boolean(), { minLength: 3, maxLength: 3 }), drop: fc.nat(3), swap: fc.boolean() })
  .map((draw) => {
    const other = draw.shape.map((dim, axis) => (draw.ones[axis] ? 1 : dim)).slice(Math.min(draw.drop, draw.shape.length));
    return draw.swap ? ([other, draw.shape] as const) : ([draw.shape, other] as const);
  });
/** A shape with at least one axis, and an axis of it. */
const withAxis = fc
  .array(fc.integer({ min: 0, max: 3 }), { minLength: 1, maxLength: 3 })
  .chain((shape) => fc.tuple(fc.constant(shape), fc.nat(shape.length - 1)));

describe("on random shapes", () => {
  const binary = {
    add: t.add,
    sub: t.sub,
    mul: t.mul,
    div: (a: t.Tensor, b: t.Tensor) => t.div(a, t.add(t.square(b), 0.5)),
    maximum: t.maximum,
    minimum: t.minimum,
  };
  it.each(Object.entries(binary))("%s broadcasts", async (_name, op) => {
    await fc.assert(
      fc.asyncProperty(pairs, ([a, b]) => checkFunction(op, [spread(a), spread(b, 3)], executors)),
      some,
    );
  });

  const unary = {
    neg: t.neg,
    exp: t.exp,
    sigmoid: t.sigmoid,
    tanh: t.tanh,
    sin: t.sin,
    cos: t.cos,
    abs: t.abs,
    sqrt: (x: t.Tensor) => t.sqrt(t.add(t.square(x), 1)),
  };
  it.each(Object.entries(unary))("%s keeps the shape", async (_name, op) => {
    await fc.assert(
      fc.asyncProperty(dims(3), (shape) => checkFunction(op, [spread(shape)], executors)),
      { numRuns: 6 },
    );
  });

  it("where selects by a condition that broadcasts", async () => {
    await fc.assert(
      fc.asyncProperty(pairs, ([a, b]) => checkFunction((x, y) => t.where(t.less(y, 0.2), x, t.mul(y, x)), [spread(a), spread(b, 3)], executors)),
      some,
    );
  });

  it("broadcastTo repeats what it must, and gives nothing for an empty shape", async () => {
    await fc.assert(
      fc.asyncProperty(pairs, ([a, b]) => {
        const [long, short] = a.length > b.length ? [a, b] : [b, a];
        const shape = long.map((dim, i) => (dim === 1 ? (short[i - long.length + short.length] ?? 1) : dim));
        return checkFunction((x) => t.concat([t.broadcastTo(t.mul(x, 2), [1, ...shape]), t.zeros([2, ...shape])], 0), [spread(short)], executors);
      }),
      { numRuns: 20 },
    );
    const empty = (x: t.Tensor): t.Tensor => t.concat([t.broadcastTo(t.mul(x, 2), [1, 0]), t.zeros([1, 0])], 0);
    await checkFunction(empty, [spread([1, 1])], executors);
  });

  it("sum and cumSum take any axis", async () => {
    const ops = [
      (x: t.Tensor, axis: number) => t.sum(x, { axes: [axis] }),
      (x: t.Tensor, axis: number) => t.sumSquares(x, { axes: [axis] }),
      (x: t.Tensor, axis: number) => t.sum(x, { axes: [axis], keepDims: true }),
      (x: t.Tensor, axis: number) => t.cumSum(x, { axis }),
    ];
    await fc.assert(
      fc.asyncProperty(withAxis, fc.constantFrom(...ops), ([shape, axis], op) => checkFunction((x) => op(x, axis), [spread(shape)], executors)),
      { numRuns: 20 },
    );
  });

  it("matmul takes any batch, transposed or not, and empty matrices", async () => {
    const size = fc.integer({ min: 0, max: 3 });
    await fc.assert(
      fc.asyncProperty(fc.tuple(size, size, size), pairs, fc.boolean(), fc.boolean(), ([m, k, n], [batchA, batchB], transposeA, transposeB) => {
        const a = [...batchA, ...(transposeA ? [k, m] : [m, k])];
        const b = [...batchB, ...(transposeB ? [n, k] : [k, n])];
        return checkFunction((x, y) => t.matmul(x, y, { transposeA, transposeB }), [spread(a), spread(b, 3)], executors);
      }),
      { numRuns: 25 },
    );
  });

  it("slice, pad, concat and transpose move any axis", async () => {
    await fc.assert(
      fc.asyncProperty(withAxis, fc.nat(3), fc.nat(2), ([shape, axis], cut, more) => {
        const start = Math.min(cut, shape[axis]!);
        const before = shape.map((_, i) => (i === axis ? more : 0));
        const reversed = shape.map((_, i) => shape.length - 1 - i);
        return checkFunction(
          (x) => t.transpose(t.concat([t.slice(x, { axis, start }), t.pad(x, { before, after: before })], axis), reversed),
          [spread(shape)],
          executors,
        );
      }),
      { numRuns: 20 },
    );
  });

  it("mean, max, softmax and logSoftmax reduce any axis that is not empty", async () => {
    const ops = {
      mean: (x: t.Tensor, axis: number) => t.mean(x, { axes: [axis] }),
      meanKeepingIt: (x: t.Tensor, axis: number) => t.mean(x, { axes: [axis], keepDims: true }),
      max: (x: t.Tensor, axis: number) => t.max(x, { axes: [axis] }),
      maxKeepingIt: (x: t.Tensor, axis: number) => t.max(x, { axes: [axis], keepDims: true }),
      softmax: (x: t.Tensor) => t.softmax(x),
      logSoftmax: (x: t.Tensor) => t.logSoftmax(x),
    };
    const reduced = withAxis.filter(([shape, axis]) => shape[axis] !== 0 && shape.at(-1) !== 0);
    await fc.assert(
      fc.asyncProperty(reduced, fc.constantFrom(...Object.values(ops)), ([shape, axis], op) =>
        checkFunction((x) => op(x, axis), [spread(shape)], executors),
      ),
      { numRuns: 30 },
    );
  });

  /** Indices below `bound` for a shape, some of them more than once. */
  const indicesOf = (shape: readonly number[], bound: number): t.NdArray =>
    t.int32(
      Array.from({ length: t.sizeOf(shape) }, (_, i) => (i * 5 + 2) % bound),
      shape,
    );

  it("take, takeAlongAxis and scatterAdd read and add at any indices, repeated ones too", async () => {
    const rows = fc.record({ table: fc.tuple(fc.integer({ min: 1, max: 4 }), dims(2)), indices: dims(2) });
    await fc.assert(
      fc.asyncProperty(rows, ({ table: [height, row], indices }) =>
        checkFunction((table) => t.take(table, indicesOf(indices, height)), [spread([height, ...row])], executors),
      ),
      some,
    );
    const along = fc.tuple(withAxis, fc.nat(4)).filter(([[shape, axis]]) => shape[axis] !== 0);
    await fc.assert(
      fc.asyncProperty(along, ([[shape, axis], count]) => {
        const picked = shape.map((dim, i) => (i === axis ? count : dim));
        const indices = indicesOf(picked, shape[axis]!);
        return checkFunction((x) => t.scatterAdd(indices, t.mul(t.takeAlongAxis(x, indices, axis), 2), { axis, shape }), [spread(shape)], executors);
      }),
      { numRuns: 16 },
    );
  });

  it("replaceRows puts distinct rows into a table", async () => {
    const draw = fc.record({ height: fc.integer({ min: 1, max: 4 }), count: fc.nat(4), row: dims(2) }).filter(({ height, count }) => count <= height);
    await fc.assert(
      fc.asyncProperty(draw, ({ height, count, row }) => {
        const rows = t.int32(Array.from({ length: count }, (_, i) => height - 1 - i));
        return checkFunction(
          (table, updates) => t.replaceRows(table, rows, updates),
          [spread([height, ...row]), spread([count, ...row], 3)],
          executors,
        );
      }),
      some,
    );
  });

  it("rotary turns any heads at any positions", async () => {
    const size = fc.integer({ min: 1, max: 3 });
    await fc.assert(
      fc.asyncProperty(size, size, size, size, (batch, heads, length, half) => {
        const tables = { cos: spread([5, half], 4), sin: spread([5, half], 5), positions: indicesOf([batch, length], 5) };
        return checkFunction((x) => t.rotary(x, tables), [spread([batch, heads, length, 2 * half])], executors);
      }),
      some,
    );
  });

  it("rmsNorm and swiglu take any rows", async () => {
    const draw = fc.tuple(dims(2), fc.integer({ min: 1, max: 4 }));
    await fc.assert(
      fc.asyncProperty(draw, ([rows, width]) =>
        checkFunction(
          (x, w, up) => t.swiglu(t.rmsNorm(x, w), up),
          [spread([...rows, width]), spread([width], 2), spread([...rows, width], 3)],
          executors,
        ),
      ),
      some,
    );
  });

  it("integers and booleans are what the reference says", async () => {
    const operations = (a: t.Tensor, b: t.Tensor): t.Tensor[] => [
      t.add(a, b),
      t.mul(a, b),
      t.sub(a, b),
      t.maximum(a, b),
      t.div(a, t.add(t.mul(b, b), 1)),
      t.equal(a, b),
      t.or(t.less(a, b), t.not(t.greaterEqual(a, b))),
      t.where(t.and(t.lessEqual(a, b), t.greater(b, 0)), a, b),
      t.cast(t.cast(a, "bool"), "int32"),
    ];
    await fc.assert(
      fc.asyncProperty(pairs, async ([a, b]) => {
        const numbers = (shape: readonly number[], factor: number): t.NdArray =>
          t.int32(
            Array.from({ length: t.sizeOf(shape) }, (_, i) => ((i * factor) % 7) - 3),
            shape,
          );
        const args = [numbers(a, 5), numbers(b, 3)] as const;
        const run = (executor: t.Executor): Promise<t.NdArray[]> => t.compile(operations, { executor })(...args);
        const want = await run(t.referenceExecutor);
        for (const executor of executors) {
          const got = await run(executor);
          got.forEach((result, i) => {
            expect(result.shape).toEqual(want[i]!.shape);
            expect([...result.data]).toEqual([...want[i]!.data]);
          });
        }
      }),
      some,
    );
  });
});
