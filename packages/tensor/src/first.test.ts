import { expect, it } from "vitest";
import { compile, float32, matmul, mul, onnxExecutor, sqrt, sum, type NdArray } from "./index.ts";
it("runs", async () => {
  for (const api of ["c","js"] as const) {
  const f = compile((x: any) => sqrt(sum(mul(x, x))), { executor: await onnxExecutor({ api }) });
  expect(((await f(float32([3, 4]))) as NdArray).item()).toBe(5);
  const g = compile((a: any, b: any) => matmul(a, b, {transposeB: true}), { executor: await onnxExecutor({ api }) });
  expect([...((await g(float32([1,2,3,4],[2,2]), float32([1,0,0,1],[2,2]))) as NdArray).data]).toEqual([1,2,3,4]);
  }
});
