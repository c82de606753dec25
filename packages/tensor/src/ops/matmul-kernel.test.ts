// The kernel of float32 products; that of bf16 is in matmul-bf16.test.ts.
import { describe, expect, it } from "vitest";
import { evaluateGraph } from "../executors/reference.ts";
import { spread } from "../gradient-check.fixture.ts";
import * as t from "../index.ts";
import { executorsOfAllLevels } from "../kernel-levels.fixture.ts";
import { Tensor } from "../tensor.ts";
import { forRandomProducts } from "./random-products.fixture.ts";

const levels = (await executorsOfAllLevels()).filter(({ level }) => level !== "off");
const reason = levels.length > 0 ? "" : " (SKIPPED: there are no kernels here)";

async function expectProduct(executor: t.Executor, a: t.NdArray, b: t.NdArray, options: t.MatmulOptions): Promise<void> {
  const product = t.compile((x: t.Tensor, y: t.Tensor) => t.matmul(x, y, options), { executor });
  const got = [...(await product(a, b)).data];
  product.dispose();
  const inputs = [a, b].map((array) => new Tensor({ shape: array.shape, dtype: array.dtype }));
  const exact = evaluateGraph(
    { inputs, outputs: [t.matmul(inputs[0]!, inputs[1]!, options)] },
    [a, b].map(({ data }) => Float64Array.from(data)),
  )[0]!;
  const k = a.shape.at(options.transposeA === true ? -2 : -1)!;
  expect(got).toBeAllclose([...exact], { atol: 4e-6 * Math.sqrt(k), rtol: 1e-5 });
}

describe.skipIf(levels.length === 0).each(levels)(`products in float32, on $level${reason}`, ({ executor }) => {
  it("are the float64 products, on random shapes", async () => {
    await forRandomProducts(16, (a, b, options) => expectProduct(executor, a, b, options));
  });

  it("are so with few rows, and with more of k, of rows and of columns than a block has", async () => {
    for (const [m, n, k] of [
      [2, 67, 130],
      [7, 131, 33],
      [8, 18, 600],
      [20, 17, 1500],
      [400, 20, 500],
      [16, 3300, 17],
    ] as const) {
      await expectProduct(executor, spread([m, k]), spread([n, k], 2), { transposeB: true });
    }
  });

  it("hand on what is not finite", async () => {
    const product = t.compile((x: t.Tensor, y: t.Tensor) => t.matmul(x, y, { transposeB: true }), { executor });
    const factors = [NaN, Infinity, -Infinity, 3e38, 1e-40, ...new Array<number>(15).fill(1)];
    for (const rows of [4, 20]) {
      const k = 16; // the factor, then zeros
      const a = t.float32(
        new Float32Array(rows * k).map((_, i) => (i % k === 0 ? factors[i / k]! : 0)),
        [rows, k],
      );
      const b = t.float32(
        new Float32Array(16 * k).map((_, i) => (i % k === 0 ? 2 : 0)),
        [16, k],
      );
      const y = await product(a, b);
      expect([...y.data].filter((_, index) => index % 16 === 0)).toEqual([
        ...t.float32(
          factors.slice(0, rows).map((x) => 2 * Math.fround(x)),
          [rows],
        ).data,
      ]);
    }
    product.dispose();
  });
});
