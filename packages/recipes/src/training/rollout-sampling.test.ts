import { createRandom } from "@diffucoder/core";
import { generate } from "@diffucoder/samplers";
import { afterAll, describe, expect, it } from "vitest";
import { makeTinyModel } from "../../../engine/src/tiny-model.fixture.ts";
import { loadDiffusionModel } from "./load-diffusion-model.ts";
import { rolloutSampling } from "./rollout-sampling.ts";

const models = {
  "shifted logits (Dream)": makeTinyModel(),
  "logits at their own position (a2d-qwen2)": makeTinyModel({ model: { family: "a2d-qwen2" } }),
};
const inBlocks = makeTinyModel({ model: { family: "Fast_dLLM_Qwen", blockLength: 4 } });
afterAll(() => [...Object.values(models), inBlocks].forEach((model) => model.remove()));

describe("rollouts", () => {
  it.each(Object.entries(models))("of a model with %s are what the model generates, with and without a cache", async (_, { dir }) => {
    const coder = await loadDiffusionModel(dir);
    const { padTokenId, endIds, generationConfig } = coder;
    for (const cache of [undefined, { kind: "dual" as const, refreshSteps: 1 }]) {
      const { decoder, denoiser, maxNewTokens } = rolloutSampling(coder, { ...(cache && { cache }), temperature: 0, steps: 6 });
      const policy = denoiser(() => coder.parameters);
      const messages = [{ role: "user" as const, content: "Return the sum of xs." }];
      const { completionIds } = await generate({
        denoiser: policy,
        decoder,
        maxNewTokens,
        padTokenId,
        promptIds: [coder.tokenizer.encodeChat(messages)],
        promptLength: generationConfig.promptLength,
        eosTokenIds: [...endIds],
        random: createRandom(1),
      });
      policy.dispose();
      const { tokenIds } = await coder.generate({ messages, temperature: 0, steps: 6, ...(cache && { cache }) });
      expect(completionIds[0]).toEqual([...tokenIds]);
    }
    await coder.close();
  });

  it("are told by their own name what cannot be", async () => {
    const coder = await loadDiffusionModel(models["shifted logits (Dream)"].dir);
    expect(() => rolloutSampling(coder, { alg: "entropy", threshold: 0.5 })).toThrow("Invalid sampling:\n  - threshold: not used by entropy");
    await coder.close();
  });

  it("are not asked of a model whose tokens see blocks: the estimates that train it do not know them", async () => {
    await expect(loadDiffusionModel(inBlocks.dir)).rejects.toThrow(
      `--model must be the folder of a masked diffusion model, not of a model of type Fast_dLLM_Qwen, whose attention is in blocks and which block diffusion alone trains (train pretrain), got ${JSON.stringify(inBlocks.dir)}.`,
    );
  });
});
