import { createRandom } from "@diffucoder/core";
import { describe, expect, it } from "vitest";
import { initParameters, parameterCount, parameterShapes } from "./index.ts";
import { smallConfig } from "./small-model.fixture.ts";

describe("parameterShapes", () => {
  it("has the 12 parameters of a layer, the embedding, the last norm and the head", () => {
    const names = Object.keys(parameterShapes(smallConfig));
    expect(names).toHaveLength(2 * 12 + 3);
    expect(parameterShapes(smallConfig)["model.layers.1.self_attn.k_proj.weight"]).toEqual([8, 16]);
    expect(Object.keys(parameterShapes({ ...smallConfig, tieWordEmbeddings: true }))).not.toContain("lm_head.weight");
  });

  it("counts the 7.6 billion weights of Dream 7B", () => {
    const dream = {
      ...smallConfig,
      vocabSize: 152064,
      hiddenSize: 3584,
      intermediateSize: 18944,
      numHiddenLayers: 28,
      numAttentionHeads: 28,
      numKeyValueHeads: 4,
    };
    expect(parameterCount(dream)).toBe(7_615_616_512);
  });
});

describe("initParameters", () => {
  it("draws matrices from N(0, initializerRange^2), sets norms to 1 and biases to 0", () => {
    const config = { ...smallConfig, hiddenSize: 64, intermediateSize: 256, initializerRange: 0.02 };
    const parameters = initParameters({ config, random: createRandom(1) });
    const up = [...(parameters["model.layers.0.mlp.up_proj.weight"]?.data ?? [])];
    // 16384 draws: three standard errors are 3 * 0.02 / 128 = 4.7e-4 for the mean and 3.3e-4 for the deviation.
    expect(Math.abs(up.reduce((a, b) => a + b, 0) / up.length)).toBeLessThan(4.7e-4);
    expect(Math.abs(Math.sqrt(up.reduce((a, b) => a + b * b, 0) / up.length) - 0.02)).toBeLessThan(3.3e-4);
    expect(new Set(parameters["model.norm.weight"]?.data)).toEqual(new Set([1]));
    expect(new Set(parameters["model.layers.1.self_attn.q_proj.bias"]?.data)).toEqual(new Set([0]));
  });

  it("gives a deeper model the same first layers", () => {
    const shallow = initParameters({ config: smallConfig, random: createRandom(1) });
    const deep = initParameters({ config: { ...smallConfig, numHiddenLayers: 3 }, random: createRandom(1) });
    for (const name of Object.keys(shallow)) expect(deep[name]?.data).toEqual(shallow[name]?.data);
  });
});
