import { onnxExecutor } from "@diffucoder/tensor";
import { afterAll, describe, expect, it } from "vitest";
import { loadDiffuCoder } from "./index.ts";
import { makeTinyModel } from "./tiny-model.fixture.ts";

const model = makeTinyModel();
afterAll(model.remove);
const coder = await loadDiffuCoder(model.dir);

describe("a model in bf16", () => {
  it("scores nearly as in float32, or says why it is not in bf16", async () => {
    const other = await loadDiffuCoder(model.dir, { precision: "bf16" });
    const { notices = [] } = await onnxExecutor({ precision: "bf16" });
    expect(other.notices).toEqual([...coder.notices, ...notices]);
    const scored = { prompt: "Return xs.", completion: "return xs", samples: 4 };
    expect([(await other.likelihood(scored)).elbo]).toBeAllclose([(await coder.likelihood(scored)).elbo], { rtol: 1e-2, atol: 0 });
    await other.close();
  });
});

describe("a model on TensorFlow.js", () => {
  it("writes what it writes on ONNX Runtime, holes, parallel decoding and likelihood included", async () => {
    const other = await loadDiffuCoder(model.dir, { executor: "tfjs-cpu" });
    for (const options of [{ temperature: 0 }, { alg: "threshold", threshold: 0.3, temperature: 1, seed: 5 }] as const) {
      const request = { prompt: "Return xs.", ...options };
      expect((await other.generate(request)).tokenIds).toEqual((await coder.generate(request)).tokenIds);
    }
    const hole = { prefix: "def f(", suffix: "):", masks: 4 };
    expect((await other.infill(hole)).text).toBe((await coder.infill(hole)).text);
    const scored = { prompt: "Return xs.", completion: "return xs", samples: 4 };
    expect((await other.likelihood(scored)).elbo).toBeCloseTo((await coder.likelihood(scored)).elbo, 3);
    await other.close();
  });

  it("is said to be absent where it is not installed, with the command that installs it", async () => {
    await expect(loadDiffuCoder(model.dir, { executor: "tfjs-node-gpu" })).rejects.toThrow(
      "TensorFlow.js (node-gpu) is not available: @tensorflow/tfjs-node-gpu is not installed. Install it: npm install @tensorflow/tfjs-node-gpu, with install scripts allowed: one downloads TensorFlow's library.",
    );
  });

  it("takes no quantized model and no device", async () => {
    await expect(loadDiffuCoder(model.dir, { executor: "tfjs-cpu", quantize: "int8" })).rejects.toThrow(
      'executor must be "onnx" for a model in int8, got "tfjs-cpu".',
    );
    await expect(loadDiffuCoder(model.dir, { executor: "tfjs-cpu", device: "webgpu" })).rejects.toThrow(
      'device must be absent with executor "tfjs-cpu", whose name says where it runs, got "webgpu".',
    );
    await expect(loadDiffuCoder(model.dir, { executor: "cuda" as never })).rejects.toThrow(
      'Invalid load options:\n  - executor: must be one of "onnx", "tfjs-node-gpu", "tfjs-node", "tfjs-cpu", got "cuda"',
    );
  });
});
