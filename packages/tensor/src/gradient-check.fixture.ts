import { expect } from "vitest";
import { gradients } from "./autodiff.ts";
import { compile } from "./compile.ts";
import { decomposeFused } from "./decompose.ts";
import type { Executor } from "./executor.ts";
import { evaluateGraph } from "./executors/reference.ts";
import { float32, type NdArray } from "./nd-array.ts";
import { mul } from "./ops/elementwise.ts";
import { sum } from "./ops/sum.ts";
import { type Shape, sizeOf } from "./shape.ts";
import { constant, Tensor } from "./tensor.ts";

/** Numbers that look random, spread over (-1.5, 1.5), never too close to each other or to zero. */
export function spread(shape: Shape, seed = 1): NdArray {
  return float32(
    Array.from({ length: sizeOf(shape) }, (_, i) => {
      const x = 3 * ((((i + 1) * 0.6180339887 + seed * 0.7548776662) % 1) - 0.5);
      return Math.abs(x) < 0.05 ? x + 0.1 : x;
    }),
    shape,
  );
}

/**
 * Holds a function's value and gradients on each executor to the float64 reference, and the reference's gradients to
 * central differences. The function's result is reduced with fixed weights, so that every element counts.
 */
export async function checkFunction(
  fn: (...xs: Tensor[]) => Tensor,
  args: readonly NdArray[],
  executors: readonly Executor[],
  tolerance = { atol: 2e-5, rtol: 2e-5 },
): Promise<void> {
  const inputs = args.map((arg) => new Tensor({ shape: arg.shape, dtype: arg.dtype }));
  const value = fn(...inputs);
  const loss = sum(mul(value, constant(spread(value.shape, 9))));
  const grads = gradients(loss, inputs);
  const outputs = [value, ...grads];
  const at = args.map((arg) => Float64Array.from(arg.data));
  const [plainLoss, ...plain] = decomposeFused([loss, ...outputs], inputs, () => false) as [Tensor, ...Tensor[]];
  const expected = evaluateGraph({ inputs, outputs: plain }, at);

  args.forEach((_, i) =>
    expect([...(expected[i + 1] as Float64Array)]).toBeAllclose(centralDifferences(plainLoss, inputs, at, i), { atol: 1e-6, rtol: 1e-5 }),
  );
  for (const executor of executors) {
    const fused = decomposeFused(outputs, inputs, (parent) => executor.runsFused?.(parent) ?? false);
    const plan = await executor.prepare({ name: "check", inputs, outputs: fused, overwrites: outputs.map(() => undefined) });
    const results = await plan.run(args);
    results.forEach((result, i) => expect([...result.data]).toBeAllclose([...(expected[i] as Float64Array)], tolerance));
    plan.dispose();
  }
}

function centralDifferences(loss: Tensor, inputs: readonly Tensor[], at: readonly Float64Array[], which: number): number[] {
  const step = 1e-5;
  const lossAt = (index: number, delta: number): number => {
    const moved = at.map((values, i) => (i === which ? values.map((x, j) => (j === index ? x + delta : x)) : values));
    return evaluateGraph({ inputs, outputs: [loss] }, moved)[0]?.[0] as number;
  };
  return Array.from(at[which] as Float64Array, (_, index) => (lossAt(index, step) - lossAt(index, -step)) / (2 * step));
}

/** The value of a function without differentiable arguments, on an executor. */
export async function valueOn(executor: Executor, fn: (...xs: any[]) => Tensor, ...args: NdArray[]): Promise<number[]> {
  const result = await compile(fn, { executor })(...args);
  return [...result.data];
}
