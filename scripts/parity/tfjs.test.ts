// TensorFlow.js interprets the graph that ONNX Runtime compiles: a whole training step gives the same numbers on both.
import { fileURLToPath } from "node:url";
import { join } from "node:path";
import { loadModel } from "@diffucoder/model";
import { initAdamW, type NdArray, onnxExecutor, tfjsExecutor } from "@diffucoder/tensor";
import { expect, it } from "vitest";
import { readGolden } from "./check.ts";
import { type PretrainGolden, trainingBatch, trainingStep } from "./pretrain-adamw.ts";

const directory = fileURLToPath(new URL("../../packages/model/fixtures/dream-f32", import.meta.url));

it("takes the golden model's training step as ONNX Runtime and PyTorch do", async () => {
  const golden = readGolden<PretrainGolden>(directory, "pretrain_adamw.json");
  const { config, parameters } = await loadModel(join(directory, "checkpoint"));
  const [tfjs, onnx] = await Promise.all(
    [await tfjsExecutor({ backend: "cpu" }), await onnxExecutor()].map((executor) =>
      trainingStep(config, golden.optimizer, executor)(parameters, initAdamW(parameters), trainingBatch(golden), golden.optimizer.lr, 1),
    ),
  );
  if (tfjs === undefined || onnx === undefined) throw new Error("two executors give two results");

  expect([tfjs.loss.item(), tfjs.norm.item()]).toBeAllclose([onnx.loss.item(), onnx.norm.item()], { rtol: 1e-5 });
  expect([tfjs.loss.item(), tfjs.norm.item()]).toBeAllclose([golden.steps[0]!.loss, golden.steps[0]!.grad_norm], { rtol: 1e-5 });
  // After the first step m is a tenth of the clipped gradient, whose norm is 1.
  const compared = (state: Record<string, NdArray>): string[] => Object.keys(state).sort();
  expect(compared(tfjs.state.m)).toEqual(compared(onnx.state.m));
  for (const name of compared(onnx.state.m)) {
    expect(tfjs.state.m[name]!.data, name).toBeAllclose(onnx.state.m[name]!.data, { atol: 1e-7, rtol: 1e-4 });
    // Adam divides a gradient by its own size: where it is close to rounding, the step differs by a part of the learning rate, and
    // where it is rounding alone (a key's bias, which attention without positions does not see) by any part.
    const isRounding = (i: number): boolean => Math.abs(Number(onnx.state.m[name]!.data[i])) < 1e-9;
    const [ours, theirs] = [tfjs, onnx].map(({ parameters: { [name]: one } }) => Array.from(one!.data, Number));
    const close = ours!.map((value, i) => (isRounding(i) ? theirs![i]! : value));
    expect(close, name).toBeAllclose(theirs!, { atol: golden.optimizer.lr / 50, rtol: 1e-6 });
    expect(ours, name).toBeAllclose(theirs!, { atol: 2 * golden.optimizer.lr });
  }
});
