import { existsSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import type { ModelParameters } from "@diffucoder/diffusion";
import { compile, constant, dequantize, int32, type NdArray, onnxExecutor, referenceExecutor, type Tensor, weightLayout } from "@diffucoder/tensor";
import { describe, expect, it } from "vitest";
import { forward, layOutParameters, loadModel, quantizedParameterShapes, quantizeParameters, type TransformerConfig } from "./index.ts";
import { smallConfig, smallParameters } from "./small-model.fixture.ts";

const ids = int32([1, 5, 12, 3, 7, 2, 9, 12, 4, 0], [2, 5]);
const wide = { ...smallConfig, hiddenSize: 32, intermediateSize: 64 };

async function logitsOf(config: TransformerConfig, parameters: ModelParameters, inputIds: NdArray = ids): Promise<ArrayLike<number>> {
  const run = compile((weights: Record<string, Tensor>, input: Tensor) => ({ logits: forward(config, weights, { inputIds: input }) }));
  return (await run(parameters, inputIds)).logits.data;
}

/** Length of the difference by the length of what was wanted. */
function relativeError(got: ArrayLike<number>, want: ArrayLike<number>): number {
  const exact = Array.from(want);
  return Math.hypot(...exact.map((value, i) => value - got[i]!)) / Math.hypot(...exact);
}

/** The float32 model that a quantized one stands for. */
function dequantized(parameters: ModelParameters, quantized: ModelParameters): ModelParameters {
  return Object.fromEntries(
    Object.entries(parameters).map(([name, array]) => {
      const [codes, scales] = [quantized[`${name}.codes`], quantized[`${name}.scales`]];
      return [name, codes === undefined || scales === undefined || name.includes("embed") ? array : dequantize({ codes, scales })];
    }),
  );
}

describe("quantizeParameters", () => {
  for (const tieWordEmbeddings of [false, true]) {
    for (const [method, most] of [
      ["int8", 0.1],
      ["int4", 0.6],
    ] as const) {
      it(`gives a ${tieWordEmbeddings ? "tied" : "untied"} ${method} model with about the same logits`, async () => {
        const config = { ...wide, tieWordEmbeddings };
        const parameters = smallParameters(config);
        const quantized = await quantizeParameters({ config, method, parameters });
        const shapes = Object.entries(quantized).map(([name, { shape, dtype }]) => [name, { shape, dtype }]);
        expect(Object.fromEntries(shapes)).toEqual(quantizedParameterShapes(config, method));
        const error = relativeError(await logitsOf(config, quantized), await logitsOf(config, parameters));
        expect(error).toBeGreaterThan(0);
        expect(error).toBeLessThan(most);
      });
    }
  }

  it.each(["int8", "int4"] as const)("gives a %s model whose matrices in panels mean the same", async (method) => {
    const executor = await onnxExecutor();
    const config = { ...wide, vocabSize: 48 };
    const quantized = await quantizeParameters({ config, method, parameters: smallParameters(config) });
    const laidOut = { ...quantized };
    await layOutParameters(laidOut, executor);
    expect(Object.keys(laidOut)).toEqual(Object.keys(quantized));
    const isPanels = (name: string): boolean => (laidOut[`${name}.weight.codes`]?.shape.length ?? 0) > 3;
    const hasKernels = weightLayout(executor) !== undefined;
    expect(["model.layers.0.mlp.up_proj", "lm_head", "model.embed_tokens"].map(isPanels)).toEqual([hasKernels, hasKernels, false]);
    expect(relativeError(await logitsOf(config, laidOut), await logitsOf(config, quantized))).toBeLessThan(method === "int8" ? 0.02 : 0.05);

    const inOrder = { ...quantized };
    await layOutParameters(inOrder, referenceExecutor);
    expect(inOrder).toEqual(quantized);
  });

  it("names what stands in the place of a matrix", () => {
    expect(Object.keys(quantizedParameterShapes(wide, "int4"))).toContain("model.layers.1.mlp.up_proj.weight.codes");
    const shapes = quantizedParameterShapes(wide, "int4");
    expect(shapes["model.layers.0.mlp.down_proj.weight.codes"]).toEqual({ shape: [32, 2, 16], dtype: "uint8" });
    expect(shapes["model.layers.0.mlp.down_proj.weight.scales"]).toEqual({ shape: [32, 2], dtype: "float32" });
    expect(shapes["model.embed_tokens.weight.codes"]).toEqual({ shape: [13, 32], dtype: "int8" });
    expect(shapes["model.norm.weight"]).toEqual({ shape: [32], dtype: "float32" });
  });

  it("keeps matrices that int4 cannot cut into blocks in int8", () => {
    expect(quantizedParameterShapes(smallConfig, "int4")["model.layers.0.mlp.down_proj.weight.codes"]).toEqual({ shape: [24, 16], dtype: "int8" });
  });

  it("computes what the float32 model of the rounded weights does, but for the rounding of activations and embedding", async () => {
    const parameters = smallParameters(wide);
    for (const method of ["int8", "int4"] as const) {
      const quantized = await quantizeParameters({ config: wide, method, parameters });
      const error = relativeError(await logitsOf(wide, quantized), await logitsOf(wide, dequantized(parameters, quantized)));
      expect(error, method).toBeLessThan(0.06);
    }
  });

  it("serves as constants of a plan as well", async () => {
    for (const method of ["int8", "int4"] as const) {
      const quantized = await quantizeParameters({ config: wide, method, parameters: smallParameters(wide) });
      const run = compile((input: Tensor) => {
        const weights = Object.fromEntries(Object.entries(quantized).map(([name, array]) => [name, constant(array)]));
        return { logits: forward(wide, weights, { inputIds: input }) };
      });
      expect(relativeError((await run(ids)).logits.data, await logitsOf(wide, quantized)), method).toBeLessThan(0.06);
      run.dispose();
    }
  });
});

const golden = fileURLToPath(new URL("../fixtures/dream-f32", import.meta.url));

// A model of random weights hands small errors on enlarged: the weights themselves are off by 0.6 % (int8) and 8.6 % (int4).
describe.skipIf(!existsSync(golden))("on the golden model", async () => {
  const { config, parameters } = await loadModel(`${golden}/checkpoint`);
  const { input_ids: rows, logits_full_attention: want } = JSON.parse(readFileSync(`${golden}/forward.json`, "utf8")) as {
    input_ids: number[][];
    logits_full_attention: { data: number[] };
  };
  const input = int32(rows.flat(), [rows.length, (rows[0] as number[]).length]);
  for (const [method, most] of [
    ["int8", 0.05],
    ["int4", 0.4],
  ] as const) {
    it(`${method} is within ${100 * most} % of Dream's float32 logits`, async () => {
      const got = await logitsOf(config, await quantizeParameters({ config, method, parameters }), input);
      expect(relativeError(got, want.data)).toBeLessThan(most);
    });
  }
});
