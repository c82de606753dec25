import fc from "fast-check";
import { beforeAll, describe, expect, it } from "vitest";
import * as t from "../index.ts";
import { spread } from "../gradient-check.fixture.ts";
import { executorsOfAllLevels } from "../kernel-levels.fixture.ts";

type Parameters = { a: t.Tensor; b: t.Tensor };
type State = { parameters: Parameters; adam: t.AdamWState<Parameters> };
const settings = { beta1: 0.9, beta2: 0.99, weightDecay: 0.1 };

let executors: t.Executor[];
beforeAll(async () => {
  executors = [t.referenceExecutor, ...(await executorsOfAllLevels()).map(({ executor }) => executor)];
});

const arrays = (values: readonly number[]) => ({ a: t.float32(values.slice(0, 3)), b: t.float32(values.slice(3, 5), [2, 1]) });
const start = () => ({ parameters: arrays([1, -2, 3, 0.5, -0.25]), adam: { m: arrays([0.1, 0, -0.2, 0, 0.3]), v: arrays([0.01, 0, 0.2, 0, 0.4]) } });
const squared = ({ data, shape }: t.NdArray): t.NdArray =>
  t.float32(
    Array.from(data, (x) => x * x),
    shape,
  );
const flat = (state: ReturnType<typeof start>): number[] =>
  t.flattenTree(state, (x): x is t.NdArray => x instanceof t.NdArray).leaves.flatMap(({ data }) => [...data]);

/** The gradient is an argument, so that it can be anything. */
const guarded = (executor: t.Executor) =>
  t.compile(
    (state: State, gradient: Parameters, loss: t.Tensor, k: t.Tensor) => {
      const next = t.guardedAdamW(state.parameters, gradient, state.adam, { ...settings, lr: t.constant(0.01), step: k, maxGradNorm: 1, loss });
      return { state: { parameters: next.parameters, adam: next.state }, gradNorm: next.gradNorm, gradNorms: next.gradNorms };
    },
    { executor, donate: [0] },
  );

describe("guardedAdamW", () => {
  it("is clipping and AdamW while all is finite", async () => {
    const plain = t.compile(
      (state: State, gradient: Parameters, k: t.Tensor) => {
        const { clipped, norm } = t.clipByGlobalNorm(gradient, 1);
        const next = t.adamW(state.parameters, clipped, state.adam, { ...settings, lr: t.constant(0.01), step: k });
        return { state: { parameters: next.parameters, adam: next.state }, norm };
      },
      { executor: t.referenceExecutor },
    );
    for (const executor of executors) {
      const step = guarded(executor);
      const gradient = fc.array(fc.double({ min: -4, max: 4, noNaN: true }), { minLength: 5, maxLength: 5 });
      await fc.assert(
        fc.asyncProperty(gradient, fc.integer({ min: 1, max: 50 }), async (values, k) => {
          const expected = await plain(start(), arrays(values), k);
          const result = await step(start(), arrays(values), 2.5, k);
          expect(flat(result.state)).toBeAllclose(flat(expected.state), { atol: 1e-6, rtol: 1e-5 });
          expect(result.gradNorm.item()).toBeCloseTo(expected.norm.item(), 4);
          expect([...result.gradNorms.data]).toBeAllclose([Math.hypot(...values.slice(0, 3)), Math.hypot(...values.slice(3))], { atol: 1e-5 });
        }),
        { numRuns: 20 },
      );
      step.dispose();
    }
  });

  it("changes nothing, in place and bit for bit, if a gradient or the loss is not finite", async () => {
    for (const executor of executors) {
      const step = guarded(executor);
      for (const bad of [Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY]) {
        const inGradient = await step(start(), arrays([1, 2, 3, bad, 0.5]), 2.5, 3);
        expect(flat(inGradient.state)).toEqual(flat(start()));
        expect(t.notFinite(["a", "b"], inGradient.gradNorms)).toEqual(["b"]);
        const inLoss = await step(start(), arrays([1, 2, 3, 4, 0.5]), bad, 3);
        expect(flat(inLoss.state)).toEqual(flat(start()));
        expect(t.notFinite(["a", "b"], inLoss.gradNorms)).toEqual([]);
      }
      step.dispose();
    }
  });

  it("freezes where the sum of squares leaves float32, as its graph does, on every level", async () => {
    for (const executor of executors.slice(1)) {
      const step = guarded(executor);
      const { state, gradNorm, gradNorms } = await step(start(), arrays([1, 2, 1e20, 4, 0.5]), 2.5, 3);
      expect(flat(state)).toEqual(flat(start()));
      expect([gradNorm.item(), ...gradNorms.data]).toEqual([Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY, Math.fround(Math.hypot(4, 0.5))]);
      step.dispose();
    }
  });

  it("gives the graph's numbers on every level for parameters of any shape, in place", async () => {
    const shapes = [[3], [], [5, 7], [0], [2, 1, 40_000], [1, 17]];
    const treeOf = (seed: number): t.NdArray[] => shapes.map((shape, i) => spread(shape, seed + i));
    const state = () => ({ parameters: treeOf(1), adam: { m: treeOf(2), v: treeOf(3).map(squared) } });
    const results: number[][] = [];
    for (const executor of executors.slice(1)) {
      const step = t.compile(
        (now: { parameters: t.Tensor[]; adam: t.AdamWState<t.Tensor[]> }, gradient: t.Tensor[], loss: t.Tensor, k: t.Tensor) => {
          const decays = (_: string, { shape }: t.Tensor): boolean => shape.length > 1;
          const next = t.guardedAdamW(now.parameters, gradient, now.adam, { ...settings, decays, lr: 0.01, step: k, maxGradNorm: 1, loss });
          return { state: { parameters: next.parameters, adam: next.state }, gradNorms: next.gradNorms };
        },
        { executor, donate: [0] },
      );
      const before = state();
      const memory = before.parameters[4]!.data;
      const result = await step(before, treeOf(4), 1, 7);
      expect(result.state.parameters[4]!.data).toBe(memory);
      results.push([...result.state.parameters, ...result.state.adam.m, ...result.state.adam.v, result.gradNorms].flatMap(({ data }) => [...data]));
      step.dispose();
    }
    for (const result of results.slice(1)) expect(result).toBeAllclose(results[0]!, { atol: 1e-7, rtol: 2e-6 });
  });
});
