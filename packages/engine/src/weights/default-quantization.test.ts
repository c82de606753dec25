import { type ModelConfig, readModelConfig } from "@diffucoder/model";
import { expect, it } from "vitest";
import { makeTinyModel } from "../tiny-model.fixture.ts";
import { chooseQuantization } from "./default-quantization.ts";

it("keeps large models in int8 by default, where int8 runs, and every model as it is told", () => {
  const { dir, remove } = makeTinyModel();
  const tiny = readModelConfig(`${dir}/config.json`) as ModelConfig;
  const large = { ...tiny, vocabSize: 151_936, hiddenSize: 896, intermediateSize: 4864, numHiddenLayers: 24, numAttentionHeads: 14 };
  const chosen = (config: ModelConfig, settings: Parameters<typeof chooseQuantization>[1] = {}) => chooseQuantization({ config, dir }, settings);
  expect(chosen(large)).toEqual({ quantize: "int8", isDefault: true });
  expect(chosen(tiny)).toEqual({ quantize: undefined, isDefault: true });
  for (const settings of [{ device: "webgpu" }, { executor: "tfjs-cpu" }, { precision: "bf16" }] as const)
    expect(chosen(large, settings)).toEqual({ quantize: undefined, isDefault: true });
  for (const config of [tiny, large]) {
    expect(chosen(config, { quantize: "int4" })).toEqual({ quantize: "int4", isDefault: false });
    expect(chosen(config, { quantize: "none" })).toEqual({ quantize: undefined, isDefault: false });
  }
  remove();
});
