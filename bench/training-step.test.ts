import { onnxExecutor } from "@diffucoder/tensor";
import { expect, it } from "vitest";
import { makeModel } from "./models.ts";
import { trainingStep } from "./training-step.ts";

// The peer's losses of the first eight steps of the 1.7M model in bf16 autocast: what `{"do": "train", "bf16": true}` answers,
// bench/peers/torch_peer.py on PyTorch 2.13 from PyPI.
const AUTOCAST = [
  8.400796890258789, 8.285103797912598, 8.19402027130127, 8.125229835510254, 8.070042610168457, 8.022317886352539, 7.978697299957275,
  7.940005779266357,
];

const { precision } = await onnxExecutor({ precision: "bf16" });
const reason = precision === "bf16" ? "" : " (SKIPPED: there are no kernels here)";

it.skipIf(reason !== "")(`in bf16 has the losses of PyTorch's autocast${reason}`, async () => {
  const step = await trainingStep(makeModel("1.7M"), { precision: "bf16" });
  const losses: number[] = [];
  for (let i = 0; i < AUTOCAST.length; i++) losses.push((await step.run()).loss);
  step.dispose();
  expect(losses).toBeAllclose(AUTOCAST, { rtol: 1e-4, atol: 0 });
});
