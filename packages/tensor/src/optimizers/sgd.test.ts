import { expect, it } from "vitest";
import { adamW, compile, float32, initAdamW, referenceExecutor, scalar, sgd, type Tensor } from "../index.ts";

const options = { executor: referenceExecutor };

it("goes against the gradient, by hand", async () => {
  const step = compile((p: { w: Tensor }, g: { w: Tensor }, lr: Tensor) => sgd(p, g, { lr }), options);
  const { w } = await step({ w: float32([1, 2]) }, { w: float32([10, -10]) }, scalar(0.125));
  expect([...w.data]).toEqual([-0.25, 3.25]);
});

it("takes numbers for learning rates that stay, as AdamW does", async () => {
  const [p, g] = [{ w: float32([1, 2]) }, { w: float32([10, -10]) }];
  const plain = await compile((a: { w: Tensor }, b: { w: Tensor }) => sgd(a, b, { lr: 0.125 }), options)(p, g);
  expect([...plain.w.data]).toEqual([-0.25, 3.25]);
  type State = { m: { w: Tensor }; v: { w: Tensor } };
  const fixed = compile((a: { w: Tensor }, b: { w: Tensor }, s: State) => adamW(a, b, s, { lr: 0.05, step: 1 }).parameters, options);
  const traced = compile(
    (a: { w: Tensor }, b: { w: Tensor }, s: State, lr: Tensor, step: Tensor) => adamW(a, b, s, { lr, step }).parameters,
    options,
  );
  const [one, other] = [await fixed(p, g, initAdamW(p)), await traced(p, g, initAdamW(p), scalar(0.05), scalar(1))];
  expect([...one.w.data]).toBeAllclose([...other.w.data], { rtol: 1e-6 });
});
