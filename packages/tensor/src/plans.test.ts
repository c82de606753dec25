import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { compile } from "./compile.ts";
import type { Executor } from "./executor.ts";
import { referenceExecutor } from "./executors/reference.ts";
import { float32, type NdArray } from "./nd-array.ts";
import { add } from "./ops/elementwise.ts";
import type { Tensor } from "./tensor.ts";

/** The reference executor, whose plans wait until they are let go, and say when they are made and disposed of. */
function watched() {
  const log: string[] = [];
  const held: (() => void)[] = [];
  let holds = false;
  const executor: Executor = {
    name: "watched",
    prepare: async (graph) => {
      const plan = await referenceExecutor.prepare(graph);
      const size = graph.inputs[0]!.shape.join();
      log.push(`made ${size}`);
      return {
        run: async (inputs) => {
          if (holds) await new Promise<void>((resolve) => held.push(resolve));
          if (log.includes(`disposed ${size}`) && log.lastIndexOf(`disposed ${size}`) > log.lastIndexOf(`made ${size}`))
            throw new Error("disposed of");
          return plan.run(inputs);
        },
        dispose: () => void log.push(`disposed ${size}`),
      };
    },
  };
  const settle = () => new Promise((resolve) => setImmediate(resolve));
  return {
    executor,
    log,
    settle,
    hold: () => (holds = true),
    letGo: async () => {
      holds = false;
      for (const resolve of held.splice(0)) resolve();
      await settle();
    },
  };
}
const ones = (size: number): NdArray => float32(new Float32Array(size).fill(1));
const double = (executor: Executor, maxPlans: number) => compile((x: Tensor) => add(x, x), { executor, maxPlans });

describe("the plans of a compiled function", () => {
  it("are as many as it may keep: the least recently used one goes", async () => {
    const { executor, log, settle } = watched();
    const twice = double(executor, 2);
    for (const size of [1, 2, 1, 3, 1, 2]) await twice(ones(size));
    await settle();
    expect(log).toEqual(["made 1", "made 2", "disposed 2", "made 3", "disposed 3", "made 2"]);
    expect(twice.plans).toBe(2);
    twice.dispose();
    await settle();
    expect(twice.plans).toBe(0);
    expect(log.slice(-2).toSorted()).toEqual(["disposed 1", "disposed 2"]);
  });

  it("are more while all of them run, and never one that runs goes", async () => {
    const { executor, log, settle, hold, letGo } = watched();
    const twice = double(executor, 1);
    hold();
    const running = [1, 2, 3].map((size) => twice(ones(size)));
    await settle();
    expect(twice.plans).toBe(3);
    expect(log).not.toContain("disposed 1");
    await letGo();
    expect((await Promise.all(running)).map(({ data }) => [...data])).toEqual([[2], [2, 2], [2, 2, 2]]);
    await settle();
    expect(twice.plans).toBe(1);
  });

  it("that run when all are disposed of run to their end, and go then", async () => {
    const { executor, log, settle, hold, letGo } = watched();
    const twice = double(executor, 4);
    hold();
    const running = twice(ones(2));
    await settle();
    twice.dispose();
    expect(twice.plans).toBe(0);
    await settle();
    expect(log).toEqual(["made 2"]);
    await letGo();
    expect([...(await running).data]).toEqual([2, 2]);
    await settle();
    expect(log).toEqual(["made 2", "disposed 2"]);
  });

  it("give what they give without a bound, whatever is called at once", async () => {
    const calls = fc.array(fc.array(fc.integer({ min: 1, max: 6 }), { minLength: 1, maxLength: 5 }), { minLength: 1, maxLength: 6 });
    await fc.assert(
      fc.asyncProperty(calls, fc.integer({ min: 1, max: 4 }), async (rounds, maxPlans) => {
        const twice = double(watched().executor, maxPlans);
        for (const sizes of rounds) {
          const results = await Promise.all(sizes.map((size) => twice(ones(size))));
          expect(results.map(({ data }) => data.length)).toEqual(sizes);
          expect(twice.plans).toBeLessThanOrEqual(maxPlans);
        }
      }),
      { numRuns: 40, seed: 1 },
    );
  });

  it("are not kept where they could not be made", async () => {
    let fails = true;
    const executor: Executor = {
      name: "failing",
      prepare: (graph) => (fails ? Promise.reject(new Error("no")) : referenceExecutor.prepare(graph)),
    };
    const twice = double(executor, 2);
    await expect(twice(ones(1))).rejects.toThrow("no");
    expect(twice.plans).toBe(0);
    fails = false;
    expect([...(await twice(ones(1))).data]).toEqual([2]);
  });

  it.each([0, 1.5, -1])("refuse a bound of %s", (maxPlans) => {
    expect(() => compile((x: Tensor) => add(x, x), { maxPlans })).toThrow(`maxPlans must be a positive integer, got ${maxPlans}.`);
  });
});
