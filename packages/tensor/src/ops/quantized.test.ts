import fc from "fast-check";
import { beforeAll, describe, expect, it } from "vitest";
import * as t from "../index.ts";
import { rotationBlock } from "../rotation.ts";
import { topologicalOrder } from "../tensor.ts";
import { spread } from "../gradient-check.fixture.ts";

let executors: Record<string, t.Executor>;
beforeAll(async () => {
  executors = { reference: t.referenceExecutor, c: await t.onnxExecutor({ api: "c" }), js: await t.onnxExecutor({ api: "js" }) };
});

/** The largest difference, as a share of the largest exact value. */
function relativeError(got: ArrayLike<number>, want: ArrayLike<number>): number {
  let [difference, largest] = [0, 0];
  for (let i = 0; i < want.length; i++) {
    difference = Math.max(difference, Math.abs(got[i]! - want[i]!));
    largest = Math.max(largest, Math.abs(want[i]!));
  }
  return difference / largest;
}

const EPSILON = 2 ** -24;

/**
 * How far a float32 executor may be from the float64 reference, for each element of an int8 layer's result:
 *   y_n = s c_n sum_k q_k w_kn,   q_k = round(z_k / s),   z = x H turned in blocks of m,   s = max|z| / 127.
 * Each z_k is a sum of m products in float32, so it is off by at most (m + 1) e sum|x_k h_k|, and z_k / s by d, that over s, and 3 e
 * |z_k / s| more for s itself and the division. Where z_k / s lies within d of a half, and only there, the code may be the other
 * neighbour: one off. That moves y_n by s c_n |w_kn|. The rest is the rounding of s, c_n and their products: 8 e |y|'s terms.
 */
async function roundingBounds(x: t.NdArray, { codes, scales }: t.QuantizedWeight<t.NdArray>): Promise<number[]> {
  const [width, out] = codes.shape as [number, number];
  const block = rotationBlock(width);
  const rows = x.size / width;
  const bounds: number[] = [];
  for (let row = 0; row < rows; row++) {
    const values = Float64Array.from(x.data.subarray(row * width, (row + 1) * width));
    const turned = Float64Array.from(values, (_, k) => {
      const start = k - (k % block);
      let sum = 0;
      for (let j = 0; j < block; j++) sum += values[start + j]! * (isOdd((k % block) & j) ? -1 : 1);
      return sum / Math.sqrt(block);
    });
    const step = Math.max(1e-30, ...turned.map(Math.abs)) / 127;
    const mayMove = turned.map((z, k) => {
      const start = k - (k % block);
      const sum = values.subarray(start, start + block).reduce((total, value) => total + Math.abs(value), 0) / Math.sqrt(block);
      const near = ((block + 1) * EPSILON * sum) / step + 3 * EPSILON * (Math.abs(z / step) + 127);
      return Math.abs((Math.abs(z / step) % 1) - 0.5) <= near ? 1 : 0;
    });
    for (let n = 0; n < out; n++) {
      let [moved, terms] = [0, 0];
      for (let k = 0; k < width; k++) {
        const code = Math.abs(codes.data[k * out + n]!);
        moved += mayMove[k]! * code;
        terms += (Math.abs(turned[k]! / step) + 1) * code;
      }
      bounds.push(step * scales.data[n]! * (moved + (block + 9) * EPSILON * terms));
    }
  }
  return bounds;
}

/** Whether a number has an odd count of ones: where Sylvester's matrix is negative. */
function isOdd(bits: number): boolean {
  let odd = false;
  for (let rest = bits; rest > 0; rest >>= 1) odd = odd !== ((rest & 1) === 1);
  return odd;
}

const apply = (executor: t.Executor, x: t.NdArray, weight: t.QuantizedWeight<t.NdArray>): Promise<t.NdArray> =>
  t.compile((input: t.Tensor, w: t.QuantizedWeight<t.Tensor>) => t.quantizedLinear(input, w), { executor })(x, weight);
const exact = (x: t.NdArray, weight: t.NdArray): Promise<t.NdArray> => t.compile(t.linear, { executor: t.referenceExecutor })(x, weight);

describe("quantizedLinear", () => {
  it("of int8 computes whole numbers exactly", async () => {
    // Width 1 is not turned; rows and columns whose largest number is 127 have the scale 1.
    const x = t.float32([127, -63, 5], [3, 1]);
    const weight = t.quantizeInt8(t.float32([127, -64], [2, 1]));
    expect([...weight.codes.data]).toEqual([127, -127]);
    for (const executor of Object.values(executors)) {
      const { data, shape } = await apply(executor, x, weight);
      expect(shape).toEqual([3, 2]);
      expect([...data]).toBeAllclose([127 * 127, -127 * 64, -63 * 127, 63 * 64, 5 * 127, -5 * 64], { rtol: 1e-6 });
    }
  });

  it("of int4 reads the low half of a byte first, and code 8 as zero", async () => {
    const codes = new t.NdArray(Uint8Array.of(0x98, ...new Uint8Array(7).fill(0x88)), [1, 1, 8], "uint8"); // 0, 1, then zeros
    const x = t.float32([3, 5, ...Array.from({ length: 14 }, () => 7)], [1, 16]);
    for (const executor of Object.values(executors)) {
      const y = await apply(executor, x, { codes, scales: t.float32([0.5], [1, 1]) });
      expect(y.item()).toBeCloseTo(2.5, 1);
    }
  });

  it("of int8 gives the same on every executor for all shapes, but for codes at a half", async () => {
    const size = fc.integer({ min: 1, max: 9 });
    const inner = fc.integer({ min: 1, max: 130 });
    await fc.assert(
      fc.asyncProperty(size, inner, size, fc.nat(1000), async (rows, width, out, seed) => {
        const x = spread([rows, 2, width], seed);
        const weight = t.quantizeInt8(spread([out, width], seed + 7));
        const want = await apply(t.referenceExecutor, x, weight);
        expect(want.shape).toEqual([rows, 2, out]);
        const bounds = await roundingBounds(x, weight);
        for (const name of ["c", "js"] as const) {
          const got = (await apply(executors[name] as t.Executor, x, weight)).data;
          bounds.forEach((bound, i) => expect(Math.abs(got[i]! - want.data[i]!)).toBeLessThanOrEqual(bound));
        }
      }),
      { numRuns: 15 },
    );
  });

  for (const [kind, quantize, tolerance] of [["int4", (weight: t.NdArray) => t.quantizeInt4(weight), 2e-2]] as const) {
    it(`of ${kind} gives the same on every executor for all shapes`, async () => {
      const size = fc.integer({ min: 1, max: 9 });
      const inner = fc.integer({ min: 1, max: 4 }).map((blocks) => 32 * blocks);
      await fc.assert(
        fc.asyncProperty(size, inner, size, fc.nat(1000), async (rows, width, out, seed) => {
          const x = spread([rows, 2, width], seed);
          const weight = quantize(spread([out, width], seed + 7));
          const want = await apply(t.referenceExecutor, x, weight);
          expect(want.shape).toEqual([rows, 2, out]);
          // ONNX Runtime rounds x to 8 bits by block, the reference does not.
          const scale = t.float32([...want.data, Math.sqrt(width)]);
          for (const name of ["c", "js"] as const)
            expect(relativeError([...(await apply(executors[name] as t.Executor, x, weight)).data, Math.sqrt(width)], scale.data)).toBeLessThan(
              tolerance,
            );
        }),
        { numRuns: 15 },
      );
    });
  }

  it("takes the weight as a constant of the graph as well", async () => {
    const x = spread([5, 64]);
    for (const weight of [t.quantizeInt8(spread([48, 64], 2)), t.quantizeInt4(spread([48, 64], 2))]) {
      const want = (await apply(t.referenceExecutor, x, weight)).data;
      for (const name of ["c", "js"] as const) {
        const frozen = t.compile((input: t.Tensor) => t.quantizedLinear(input, weight), { executor: executors[name] as t.Executor });
        expect(relativeError((await frozen(x)).data, want)).toBeLessThan(2e-2);
        frozen.dispose();
      }
    }
  });

  it("is close to the float32 layer, also where one input dwarfs the others", async () => {
    const weight = spread([64, 256], 3);
    const smooth = spread([16, 256], 5);
    const outlier = t.float32(
      [...smooth.data].map((value, i) => (i % 256 === 100 ? 100 * value : value)),
      [16, 256],
    );
    const errors = async (x: t.NdArray): Promise<number[]> => {
      const want = (await exact(x, weight)).data;
      const layers = [t.quantizeInt8(weight), t.quantizeInt4(weight)];
      return Promise.all(layers.map(async (layer) => relativeError((await apply(executors["c"] as t.Executor, x, layer)).data, want)));
    };
    const [int8 = 1, int4 = 1] = await errors(smooth);
    expect(int8).toBeLessThan(0.015);
    expect(int4).toBeLessThan(0.2);
    expect((await errors(outlier))[0]).toBeLessThan(0.015);
  });

  it("rounds an input of several layers once", async () => {
    const layers = [t.quantizeInt8(spread([4, 64])), t.quantizeInt8(spread([8, 64], 2))];
    const graph = await t.traceGraph((x: t.Tensor) => layers.map((layer) => t.quantizedLinear(x, layer)), [spread([3, 64])]);
    const names = topologicalOrder(graph.outputs).map((node) => node.op?.name);
    expect(names.filter((name) => name === "quantizeRows")).toHaveLength(1);
    expect(names.filter((name) => name === "integerMatmul")).toHaveLength(2);
  });

  it("names what does not fit, and refuses to be differentiated", async () => {
    const weight = t.quantizeInt8(spread([4, 6]));
    const run = (x: t.NdArray, w: t.QuantizedWeight<t.NdArray>) => apply(t.referenceExecutor, x, w);
    await expect(run(spread([2, 5]), weight)).rejects.toThrow(
      "quantizedLinear: x has shape [2, 5], expected 6 along its last axis to fit codes, [6, 4].",
    );
    await expect(run(spread([2, 6]), { ...weight, scales: spread([6]) })).rejects.toThrow(
      "quantizedLinear: scales has shape [6], expected [4] to fit codes, [6, 4].",
    );
    await expect(run(spread([2, 6]), { ...weight, codes: spread([6, 4]) })).rejects.toThrow(
      'quantizedLinear: codes must be of dtype int8 or uint8, got "float32".',
    );
    const loss = t.compile((x: t.Tensor) => t.valueAndGradient((y: t.Tensor) => t.sum(t.quantizedLinear(y, weight)), x));
    await expect(loss(spread([2, 6]))).rejects.toThrow(
      'gradients: loss must be computed without quantized weights, got "quantizedLinear". Differentiate the model with float32 weights.',
    );
  });
});
