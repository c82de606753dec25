// Random matrix products for the tests of kernels: shapes, batches of which a factor may have only one, and transposes.
import fc from "fast-check";
import { spread } from "../gradient-check.fixture.ts";
import type * as t from "../index.ts";

/** Calls `check` with the factors of twelve products, the same in each run; `least`: of rows, columns and terms. */
export async function forRandomProducts(
  least: number,
  check: (a: t.NdArray, b: t.NdArray, options: t.MatmulOptions) => Promise<void>,
): Promise<void> {
  const size = fc.integer({ min: least, max: 70 });
  const shapes = fc.record({ m: size, n: size, k: size, batch: fc.integer({ min: 0, max: 3 }), one: fc.constantFrom("a", "b", "neither") });
  const transposes = fc.record({ transposeA: fc.boolean(), transposeB: fc.boolean() });
  await fc.assert(
    fc.asyncProperty(shapes, transposes, async ({ m, n, k, batch, one }, options) => {
      const batchOf = (name: string): number[] => (batch === 0 ? [] : [one === name ? 1 : batch]);
      const a = spread([...batchOf("a"), ...(options.transposeA ? [k, m] : [m, k])]);
      const b = spread([...batchOf("b"), ...(options.transposeB ? [n, k] : [k, n])], 2);
      await check(a, b, options);
    }),
    { seed: 13, numRuns: 12 },
  );
}
