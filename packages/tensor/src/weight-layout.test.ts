import fc from "fast-check";
import { beforeAll, describe, expect, it } from "vitest";
import * as t from "./index.ts";
import { spread } from "./gradient-check.fixture.ts";
import { executorsOfAllLevels } from "./kernel-levels.fixture.ts";
import { inPanels } from "./ops/panels.ts";

type Weight = t.QuantizedWeight<t.NdArray>;

let levels: Awaited<ReturnType<typeof executorsOfAllLevels>>;
beforeAll(async () => {
  levels = await executorsOfAllLevels();
});

const apply = (executor: t.Executor, x: t.NdArray, weight: Weight): Promise<t.NdArray> =>
  t.compile((input: t.Tensor, w: t.QuantizedWeight<t.Tensor>) => t.quantizedLinear(input, w), { executor })(x, weight);
const layOut = async (executor: t.Executor, weight: Weight): Promise<Weight> => {
  const layout = t.weightLayout(executor);
  const result = (await layout?.layOut(weight)) ?? weight;
  layout?.dispose();
  return result;
};
const largestDifference = (a: ArrayLike<number>, b: ArrayLike<number>): number => Math.max(...Array.from(a, (value, i) => Math.abs(value - b[i]!)));

const shapes = fc.record({
  rows: fc.oneof(fc.integer({ min: 1, max: 9 }), fc.constant(37)),
  out: fc.integer({ min: 1, max: 5 }).map((panels) => 16 * panels),
  inner: fc.integer({ min: 1, max: 5 }).map((blocks) => 32 * blocks),
  seed: fc.nat(1000),
});
const quantizers: [string, (weight: t.NdArray) => Weight][] = [
  ["int8", t.quantizeInt8],
  ["int4", (weight) => t.quantizeInt4(weight)],
];

describe.each(quantizers)("a weight of %s in panels", (_, quantize) => {
  it("is the same bytes in another order, by kernel and by decomposition", async () => {
    const byReference = t.compile(inPanels, { executor: t.referenceExecutor });
    await fc.assert(
      fc.asyncProperty(shapes, async ({ out, inner, seed }) => {
        const weight = quantize(spread([out, inner], seed));
        const wanted = await byReference(weight);
        for (const { level, executor } of levels.filter(({ level }) => level !== "off")) {
          const { codes, scales } = await layOut(executor, weight);
          expect([level, codes.shape, [...codes.data]]).toEqual([level, wanted.codes.shape, [...wanted.codes.data]]);
          expect([...scales.data]).toEqual([...wanted.scales.data]);
          expect(codes.data.byteLength + scales.data.byteLength).toBe(weight.codes.data.byteLength + weight.scales.data.byteLength);
        }
      }),
      { numRuns: 15 },
    );
  });

  it("means to every executor what it means in order", async () => {
    await fc.assert(
      fc.asyncProperty(shapes, async ({ rows, out, inner, seed }) => {
        const x = spread([rows, inner], seed + 1);
        const weight = quantize(spread([out, inner], seed));
        const panels = await t.compile(inPanels, { executor: t.referenceExecutor })(weight);
        const wanted = await apply(t.referenceExecutor, x, weight);
        expect([...(await apply(t.referenceExecutor, x, panels)).data]).toEqual([...wanted.data]);
        // Codes at a half may round to either side: one code of x is off then, by 1 / 127 of its largest. int4 rounds x, the reference does not.
        const allowed = 0.02 * Math.max(Math.sqrt(inner), ...wanted.data.map(Math.abs));
        for (const { executor } of levels) expect(largestDifference((await apply(executor, x, panels)).data, wanted.data)).toBeLessThan(allowed);
      }),
      { numRuns: 15 },
    );
  });
});

it("weightLayout is absent where no kernel reads panels", async () => {
  expect(t.weightLayout(t.referenceExecutor)).toBeUndefined();
  expect(t.weightLayout(await t.onnxExecutor({ kernels: "off" }))).toBeUndefined();
});

it("leaves a weight as it is that does not fill its panels, and it is computed as before", async () => {
  const odd = [
    t.quantizeInt8(spread([24, 64])),
    t.quantizeInt8(spread([16, 6])),
    t.quantizeInt4(spread([16, 64]), { blockSize: 16 }),
    t.quantizeInt4(spread([17, 32])),
  ];
  for (const { executor } of levels)
    for (const weight of odd) {
      const laidOut = await layOut(executor, weight);
      expect(laidOut.codes).toBe(weight.codes);
      const inner = weight.codes.dtype === "int8" ? weight.codes.shape[0]! : 2 * weight.codes.shape[1]! * weight.codes.shape[2]!;
      const x = spread([3, inner], 5);
      const [got, wanted] = [await apply(executor, x, laidOut), await apply(t.referenceExecutor, x, weight)];
      expect(largestDifference(got.data, wanted.data)).toBeLessThan(0.02 * Math.max(8, ...wanted.data.map(Math.abs)));
    }
});

it("serves all plans from one memory", async () => {
  const [out, inner, plans] = [2048, 4096, 12];
  for (const { executor } of levels) {
    const weight = await layOut(executor, {
      codes: new t.NdArray(new Int8Array(out * inner).fill(1), [inner, out], "int8"),
      scales: t.float32(new Float32Array(out)),
    });
    if (weight.codes.dtype !== "uint8") continue; // without kernels ONNX Runtime packs a weight for each plan
    const linear = t.compile((x: t.Tensor, w: t.QuantizedWeight<t.Tensor>) => t.quantizedLinear(x, w), { executor });
    await linear(spread([1, inner]), weight);
    const before = process.memoryUsage().rss;
    for (let rows = 2; rows <= plans; rows++) await linear(spread([rows, inner]), weight);
    expect(linear.plans).toBe(plans);
    expect(process.memoryUsage().rss - before).toBeLessThan((plans * out * inner) / 3);
    linear.dispose();
  }
});

it("computes whole numbers exactly at the largest codes, where 16 bits would overflow", async () => {
  // Rows of one number: turned in blocks of 64 they are 8 v at the first place of each block. Codes 127 and weights of 127.
  const inner = 4096;
  const x = t.float32(
    Float32Array.from({ length: inner }, (_, i) => (i % 64 === 0 ? 1 : 0)),
    [1, inner],
  ); // turned: 1/8 everywhere
  const codes = new t.NdArray(new Int8Array(inner * 16).fill(127), [inner, 16], "int8");
  const weight = { codes, scales: t.float32(new Float32Array(16).fill(1)) };
  for (const { executor } of levels) {
    const [y] = (await apply(executor, x, await layOut(executor, weight))).data;
    expect(y).toBeCloseTo((inner * 127) / 8, 1);
  }
});
