import { describe, expect, it } from "vitest";
import { checkFunction, spread } from "../gradient-check.fixture.ts";
import * as t from "../index.ts";
import { executorsOfAllLevels } from "../kernel-levels.fixture.ts";
import { evaluateGraph } from "../executors/reference.ts";
import { toBfloat16 } from "../safetensors/half-precision.ts";
import { Tensor } from "../tensor.ts";
import { forRandomProducts } from "./random-products.fixture.ts";

const levels = (await executorsOfAllLevels({ precision: "bf16" })).filter(({ level }) => level !== "off");
const reason = levels.length > 0 ? "" : " (SKIPPED: there are no kernels here)";

/** The nearest bfloat16 of each number. */
function rounded({ data, shape }: t.NdArray): t.NdArray {
  const bits = toBfloat16(data as Float32Array);
  return t.float32(new Float32Array(Uint32Array.from(bits, (word) => word << 16).buffer), shape);
}

/** Of one product on an executor, and in float64 of the rounded factors. */
async function bothWays(executor: t.Executor, a: t.NdArray, b: t.NdArray, options: t.MatmulOptions): Promise<[number[], number[]]> {
  const product = t.compile((x: t.Tensor, y: t.Tensor) => t.matmul(x, y, options), { executor });
  const got = [...(await product(a, b)).data];
  product.dispose();
  const inputs = [a, b].map((array) => new Tensor({ shape: array.shape, dtype: array.dtype }));
  const output = t.matmul(inputs[0]!, inputs[1]!, options);
  const at = [a, b].map((array) => Float64Array.from(rounded(array).data));
  return [got, [...evaluateGraph({ inputs, outputs: [output] }, at)[0]!]];
}

describe.skipIf(levels.length === 0).each(levels)(`products in bf16, on $level${reason}`, ({ executor }) => {
  it("round their factors to nearest, ties to even, and not their sums", async () => {
    const product = t.compile((x: t.Tensor, y: t.Tensor) => t.matmul(x, y), { executor });
    // 1 + 2^-8 lies between 1 and 1 + 2^-7, 1 + 3 * 2^-8 between 1 + 2^-7 and 1 + 2^-6; a little more than a tie is rounded up.
    const factors = t.float32([1 + 2 ** -8, 1 + 3 * 2 ** -8, 1 + 2 ** -8 + 2 ** -20, -(1 + 2 ** -8)], [4, 1]);
    expect([...(await product(factors, t.float32([1], [1, 1]))).data]).toEqual([1, 1 + 2 ** -6, 1 + 2 ** -7, -1]);
    expect([...(await product(t.float32([1, 2 ** -20], [1, 2]), t.float32([1, 1], [2, 1]))).data]).toEqual([1 + 2 ** -20]);
    product.dispose();
  });

  it("hand on what is not finite", async () => {
    const product = t.compile((x: t.Tensor, y: t.Tensor) => t.matmul(x, y), { executor });
    const largest = 3.4028234663852886e38; // is rounded to infinity
    const factors = t.float32([NaN, Infinity, -Infinity, largest, 1], [5, 1]);
    expect([...(await product(factors, t.float32([2], [1, 1]))).data]).toEqual([NaN, Infinity, -Infinity, Infinity, 2]);
    product.dispose();
  });

  it("are the float64 products of the rounded factors, on random shapes", async () => {
    await forRandomProducts(1, async (a, b, options) => {
      const [got, expected] = await bothWays(executor, a, b, options);
      const k = a.shape.at(options.transposeA === true ? -2 : -1)!;
      expect(got).toBeAllclose(expected, { atol: 2e-6 * Math.sqrt(k), rtol: 1e-5 });
    });
  });

  it("are so with more of k, of rows and of columns than a block has", async () => {
    for (const [m, n, k] of [
      [3, 5, 1500],
      [400, 7, 40],
      [2, 3300, 9],
    ] as const) {
      const [got, expected] = await bothWays(executor, spread([m, k]), spread([n, k], 2), { transposeB: true });
      expect(got).toBeAllclose(expected, { atol: 2e-6 * Math.sqrt(k), rtol: 1e-5 });
    }
  });

  it("are near the float64 ones, with their gradients", async () => {
    // Factors and gradients each lose up to 2^-9 of themselves, and here they are up to 1.5.
    const tolerance = { atol: 3e-2, rtol: 1e-2 };
    const check = (fn: (...xs: Tensor[]) => Tensor, ...args: t.NdArray[]): Promise<void> => checkFunction(fn, args, [executor], tolerance);
    await check((a, b) => t.matmul(a, b), spread([2, 3]), spread([3, 4], 2));
    await check((a, b) => t.matmul(a, b, { transposeA: true, transposeB: true }), spread([3, 2]), spread([4, 3], 2));
    await check((a, b) => t.matmul(a, b, { transposeB: true }), spread([2, 2, 3, 2]), spread([2, 1, 4, 2], 2));
    await check((a, b) => t.matmul(a, b, { transposeA: true }), spread([2, 3, 2]), spread([3, 4], 2));
    await check(t.linear, spread([2, 2, 3]), spread([4, 3], 2));
  });

  it("of nothing are zeros", async () => {
    const product = t.compile((x: t.Tensor, y: t.Tensor) => t.matmul(x, y), { executor });
    expect([...(await product(t.float32([], [2, 0]), t.float32([], [0, 1]))).data]).toEqual([0, 0]);
    product.dispose();
  });
});
