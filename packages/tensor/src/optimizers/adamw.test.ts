import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { compile } from "../compile.ts";
import { referenceExecutor } from "../executors/reference.ts";
import { float32, type NdArray } from "../nd-array.ts";
import type { Tensor } from "../tensor.ts";
import { adamW, type AdamWState, initAdamW } from "./adamw.ts";

type Parameters = Record<string, NdArray>;
const settings = { beta1: 0.9, beta2: 0.99, eps: 1e-8, weightDecay: 0.1 };

const step = compile(
  (parameters: Record<string, Tensor>, gradient: Record<string, Tensor>, state: AdamWState<Record<string, Tensor>>, lr: Tensor, k: Tensor) =>
    adamW(parameters, gradient, state, { lr, step: k, ...settings, decays: (path) => path !== "bias" }),
  { executor: referenceExecutor },
);

/** The same in plain numbers, a loop over elements. */
function plainAdamW(start: number[], gradients: number[][], lr: number, decay: number): number[] {
  const [m, v, p] = [start.map(() => 0), start.map(() => 0), [...start]];
  gradients.forEach((gradient, i) => {
    gradient.forEach((g, j) => {
      m[j] = 0.9 * m[j]! + 0.1 * g;
      v[j] = 0.99 * v[j]! + 0.01 * g * g;
      const update = m[j] / (1 - 0.9 ** (i + 1)) / (Math.sqrt(v[j] / (1 - 0.99 ** (i + 1))) + 1e-8);
      p[j] = p[j]! * (1 - lr * decay) - lr * update;
    });
  });
  return p;
}

async function run(start: Parameters, gradients: Parameters[], lr: number): Promise<Parameters> {
  let [parameters, state] = [start, initAdamW(start)];
  for (const [i, gradient] of gradients.entries()) {
    const result = await step(parameters, gradient, state, lr, i + 1);
    [parameters, state] = [result.parameters, result.state];
  }
  return parameters;
}

describe("adamW", () => {
  it("moves by the learning rate against the sign in its first step, worked by hand", async () => {
    // m / (1 - b1) = g and v / (1 - b2) = g^2, so the update is sign(g); the weight decays by lr * 0.1, the bias does not.
    const { weight, bias } = await run({ weight: float32([1, -2]), bias: float32([1]) }, [{ weight: float32([5, -0.25]), bias: float32([3]) }], 0.1);
    expect([...weight!.data]).toBeAllclose([1 * 0.99 - 0.1, -2 * 0.99 + 0.1], { atol: 1e-6 });
    expect([...bias!.data]).toBeAllclose([0.9], { atol: 1e-6 });
  });

  it("is the plain loop for all gradients", async () => {
    const value = fc.double({ min: -2, max: 2, noNaN: true }).filter((x) => x === 0 || Math.abs(x) > 1e-3);
    const rows = fc.array(fc.tuple(value, value, value), { minLength: 1, maxLength: 6 });
    await fc.assert(
      fc.asyncProperty(rows, async (gradients) => {
        const start = [0.5, -1, 2];
        const { weight } = await run(
          { weight: float32(start) },
          gradients.map((row) => ({ weight: float32(row) })),
          0.05,
        );
        expect([...weight!.data]).toBeAllclose(
          plainAdamW(
            start,
            gradients.map((row) => row.map(Math.fround)),
            0.05,
            0.1,
          ),
          { atol: 1e-5 },
        );
      }),
      { numRuns: 30 },
    );
  });

  it("stays where it is without gradient and decay", async () => {
    const { bias } = await run({ bias: float32([1.5, -3]) }, [{ bias: float32([0, 0]) }], 0.1);
    expect([...bias!.data]).toEqual([1.5, -3]);
  });
});
