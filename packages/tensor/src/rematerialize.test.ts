import fc from "fast-check";
import { beforeAll, expect, it } from "vitest";
import { spread } from "./gradient-check.fixture.ts";
import * as t from "./index.ts";
import { topologicalOrder } from "./tensor.ts";

type Weights = { a: t.Tensor; b: t.Tensor };

let executors: t.Executor[];
beforeAll(async () => {
  executors = [t.referenceExecutor, await t.onnxExecutor()];
});

const block = (x: t.Tensor, { a, b }: Weights): t.Tensor => t.add(x, t.linear(t.tanh(t.linear(x, a)), b));
const plain = (x: t.Tensor, weights: Weights): t.Tensor => block(block(x, weights), weights);
const checkpointed = (x: t.Tensor, weights: Weights): t.Tensor => t.rematerialize(block, t.rematerialize(block, x, weights), weights);
const step = (network: typeof plain) => (weights: Weights, x: t.Tensor) =>
  t.valueAndGradient((p: Weights) => t.sum(t.mul(network(x, p), t.constant(spread(x.shape, 7)))), weights);

it("changes neither values nor gradients, for any sizes", async () => {
  const size = fc.integer({ min: 0, max: 4 });
  await fc.assert(
    fc.asyncProperty(size, fc.integer({ min: 1, max: 4 }), fc.integer({ min: 1, max: 5 }), async (rows, width, inner) => {
      const weights = { a: spread([inner, width]), b: spread([width, inner], 2) };
      const x = spread([rows, width], 3);
      for (const executor of executors) {
        const [want, got] = await Promise.all([plain, checkpointed].map((network) => t.compile(step(network), { executor })(weights, x)));
        expect([got!.value.item()]).toBeAllclose([want!.value.item()], { atol: 1e-5 });
        for (const name of ["a", "b"] as const)
          expect([...got!.gradient[name].data]).toBeAllclose([...want!.gradient[name].data], { atol: 1e-5, rtol: 1e-5 });
      }
    }),
    { numRuns: 12 },
  );
});

it("computes each block again from its input, and keeps nothing else for the backward pass", async () => {
  const graph = await t.traceGraph(step(checkpointed), [{ a: spread([5, 4]), b: spread([4, 5], 2) }, spread([3, 4], 3)]);
  const order = topologicalOrder(graph.outputs);
  const forward = new Set(topologicalOrder([graph.outputs[0]!]));
  expect(order.filter(({ op }) => op?.name === "tanh")).toHaveLength(4); // two blocks, twice
  // Of the forward pass the backward pass reads parameters, constants, its input and what the first block gave.
  const read = order.filter((node) => !forward.has(node)).flatMap(({ inputs }) => inputs.filter((input) => forward.has(input)));
  const kept = new Set(read.filter(({ op, shape }) => op !== undefined && shape.length === 2));
  expect([...kept].map(({ op }) => op?.name)).toEqual(["withGradient"]);
});
