import { float32, initAdamW, linear, mean, mul, type NdArray, square, sub, type Tensor } from "@diffucoder/tensor";
import { describe, expect, it } from "vitest";
import { createOptimizerStep } from "./optimizer-step.ts";

type Batch = { x: Tensor; y: Tensor };

const settings = { maxGradNorm: 1, adamBeta1: 0.9, adamBeta2: 0.99, weightDecay: 0.1, name: "test" };
const loss = (parameters: Record<string, Tensor>, { x, y }: Batch) => ({ loss: mean(square(sub(linear(x, parameters.weight!), y))) });
const rows = (seed: number, count: number) => ({
  x: float32(
    Array.from({ length: 2 * count }, (_, i) => Math.sin(seed + i)),
    [count, 2],
  ),
  y: float32(
    Array.from({ length: count }, (_, i) => Math.cos(seed * i)),
    [count, 1],
  ),
});
const joined = (a: ReturnType<typeof rows>, b: ReturnType<typeof rows>) => ({
  x: float32([...a.x.data, ...b.x.data], [a.x.shape[0]! + b.x.shape[0]!, 2]),
  y: float32([...a.y.data, ...b.y.data], [a.y.shape[0]! + b.y.shape[0]!, 1]),
});
const start = () => {
  const parameters: Record<string, NdArray> = { weight: float32([0.5, -1], [1, 2]) };
  return { parameters, adam: initAdamW(parameters) };
};

describe("createOptimizerStep", () => {
  it("takes the same steps on two batches as on both in one", async () => {
    const step = createOptimizerStep<Batch>({ ...settings, loss });
    let [parts, whole] = [start(), start()];
    for (let count = 1; count <= 5; count++) {
      const [a, b] = [rows(count, 3), rows(-count, 3)];
      const one = await step.run(parts, [a, b], { lr: 0.1, count });
      const other = await step.run(whole, [joined(a, b)], { lr: 0.1, count });
      expect([one.loss, one.gradNorm, ...one.gradNorms.data]).toBeAllclose([other.loss, other.gradNorm, ...other.gradNorms.data], { rtol: 1e-5 });
      [parts, whole] = [one.state, other.state];
      expect([...parts.parameters.weight!.data]).toBeAllclose([...whole.parameters.weight!.data], { rtol: 1e-5 });
    }
    step.dispose();
  });

  it("changes nothing when one of the batches is not finite", async () => {
    const step = createOptimizerStep<Batch>({ ...settings, loss });
    const bad = rows(1, 3);
    bad.x.data[2] = Number.NaN;
    const result = await step.run(start(), [rows(2, 3), bad], { lr: 0.1, count: 1 });
    expect(result.loss).toBeNaN();
    expect([...result.state.parameters.weight!.data]).toEqual([0.5, -1]);
    // and the sums start from zero afterwards
    const next = await step.run(result.state, [rows(2, 3), rows(3, 3)], { lr: 0.1, count: 1 });
    expect(Number.isFinite(next.loss)).toBe(true);
    step.dispose();
  });

  it("gives the figures of the loss, for several batches their mean", async () => {
    const step = createOptimizerStep<Batch>({ ...settings, loss: (p, batch) => ({ ...loss(p, batch), target: mean(batch.y) }) });
    const meanOf = ({ y }: ReturnType<typeof rows>): number => (y.data as Float32Array).reduce((sum, one) => sum + one, 0) / y.size;
    const [a, b] = [rows(1, 3), rows(2, 3)];
    const one = await step.run(start(), [a], { lr: 0.1, count: 1 });
    expect([one.figures.target]).toBeAllclose([meanOf(a)], { rtol: 1e-6 });
    const two = await step.run(start(), [a, b], { lr: 0.1, count: 1 });
    expect([two.figures.target]).toBeAllclose([(meanOf(a) + meanOf(b)) / 2], { rtol: 1e-6 });
    step.dispose();
  });

  it("frees its plans", async () => {
    const step = createOptimizerStep<Batch>({ ...settings, loss: (p, batch) => ({ loss: mul(loss(p, batch).loss, 2) }) });
    await step.run(start(), [rows(1, 2)], { lr: 0.1, count: 1 });
    step.dispose();
    await step.run(start(), [rows(1, 2), rows(2, 2)], { lr: 0.1, count: 1 }); // and compiles again
    step.dispose();
  });
});
