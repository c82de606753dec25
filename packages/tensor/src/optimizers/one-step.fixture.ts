import { compile } from "../compile.ts";
import type { Executor } from "../executor.ts";
import { float32, zerosArray } from "../nd-array.ts";
import { constant, type Tensor } from "../tensor.ts";
import { guardedAdamW } from "./guarded-adamw.ts";

/** What `oneStep` gives. */
export const oneStepResult = [0.9, 1.9, 0.06, 0.08, 5];

/** The first step from p = [1, 2] by a gradient of [3, 4], clipped to norm 1: p, m = 0.1 [0.6, 0.8], and the norm. */
export async function oneStep(executor: Executor): Promise<number[]> {
  const step = compile(
    (p: Tensor, g: Tensor, m: Tensor, v: Tensor) =>
      guardedAdamW(p, g, { m, v }, { lr: 0.1, step: constant(1), loss: constant(0), maxGradNorm: 1, weightDecay: 0 }),
    { executor },
  );
  const { parameters, state, gradNorm } = await step(float32([1, 2]), float32([3, 4]), zerosArray([2]), zerosArray([2]));
  step.dispose();
  return [...parameters.data, ...state.m.data, gradNorm.item()];
}
