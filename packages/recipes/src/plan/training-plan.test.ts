import { parseConfig, readConfigData } from "@diffucoder/core";
import { CoupledGrpoConfigSchema } from "@diffucoder/coupled-grpo";
import { ModelConfigSchema, parameterCount } from "@diffucoder/model";
import { describe, expect, it } from "vitest";
import { paperRecipe } from "../recipe-file.ts";
import { CoupledGrpoRecipeSchema } from "../training/coupled-grpo.ts";
import { StageRecipeSchema } from "../training/stage-recipe.ts";
import { planCoupledGrpo, planStages } from "./training-plan.ts";

/** DiffuCoder-7B's network. */
const config7b = ModelConfigSchema.parse({
  vocabSize: 152_064,
  hiddenSize: 3584,
  intermediateSize: 18_944,
  numHiddenLayers: 28,
  numAttentionHeads: 28,
  numKeyValueHeads: 4,
  maxPositionEmbeddings: 131_072,
  maskTokenId: 151_666,
  padTokenId: 151_643,
  eosTokenId: 151_643,
  bosTokenId: 151_643,
});
const small = ModelConfigSchema.parse({
  vocabSize: 10,
  hiddenSize: 4,
  intermediateSize: 6,
  numHiddenLayers: 2,
  numAttentionHeads: 2,
  numKeyValueHeads: 1,
  maxPositionEmbeddings: 32,
  maskTokenId: 9,
  padTokenId: 0,
  eosTokenId: 0,
  bosTokenId: 0,
});
const dataOf = (name: "adapt" | "midtrain" | "sft" | "coupled-grpo") => readConfigData({ file: paperRecipe("diffucoder-7b", name)! });

describe("planStages", () => {
  it("finds the paper's 65 billion tokens in both of its stages before instruction tuning, on 7.6 billion parameters", () => {
    for (const name of ["adapt", "midtrain"] as const) {
      const { training, data } = parseConfig(StageRecipeSchema, dataOf(name));
      const plan = planStages({ config: config7b, isBf16: true, training, rowLength: data.promptLength + data.completionLength });
      expect(plan).toMatchObject({ parameters: 7_615_616_512, trained: 7_615_616_512, steps: 100_000, tokens: 100_000 * 160 * 4096 });
      expect(plan.memory).toMatchObject({ weights: 6 * 7_615_616_512, gradients: 4 * 7_615_616_512, moments: 8 * 7_615_616_512, reference: 0 });
    }
  });

  it("finds five epochs of the paper's 436 thousand instructions", () => {
    const { training, data } = parseConfig(StageRecipeSchema, dataOf("sft"));
    const { tokens } = planStages({ config: config7b, training, rowLength: data.promptLength + data.completionLength });
    expect(tokens / 2048 / 436_000).toBeCloseTo(5, 1);
  });

  it("counts work and activations by hand", () => {
    const stage = { objective: "diffusion", maxSteps: 3 } as const;
    const training = { stages: [stage], perDeviceTrainBatchSize: 2, gradientAccumulationSteps: 1, gradientCheckpointing: false } as never;
    const plan = planStages({ config: small, training, rowLength: 8 });
    // A token's forward pass: two for each parameter but the embedding's 40, and 4 x 2 layers x 4 wide x 8 long.
    expect(plan.operations).toBe(3 * (3 * 2 * 8) * (2 * (parameterCount(small) - 40) + 256));
    // Of each layer: 4 x 4 wide, q and o 2 x 4, k and v 2 x 2, 3 x 6 of SwiGLU; 4 bytes each.
    expect(plan.memory.activations).toBe(16 * 2 * (16 + 8 + 4 + 18) * 4);
    const twice = planStages({
      config: small,
      training: { ...(training as object), stages: [{ ...stage, objective: "block_diffusion" }] } as never,
      rowLength: 8,
    });
    expect(twice.tokens).toBe(2 * plan.tokens);
  });

  it("keeps gradients and moments of an adapter alone", () => {
    const training = { stages: [{ objective: "diffusion", maxSteps: 1 }], perDeviceTrainBatchSize: 1, gradientAccumulationSteps: 1 } as never;
    const { memory, trained } = planStages({ config: small, adapterParameters: 16, training, rowLength: 8 });
    expect(trained).toBe(16);
    expect(memory).toMatchObject({ weights: 4 * (parameterCount(small) + 16), gradients: 64, moments: 128 });
  });
});

describe("planCoupledGrpo", () => {
  it("counts rollouts and estimates forward, updates forward and backward", async () => {
    const training = parseConfig(CoupledGrpoConfigSchema, {
      maxSteps: 3,
      promptsPerStep: 1,
      numGenerations: 2,
      numIterations: 1,
      beta: 0,
      learningRate: 1,
    });
    const plan = await planCoupledGrpo({ config: small, training, promptLength: 4, maxNewTokens: 4, forwardPasses: 2 });
    const perToken = 2 * (parameterCount(small) - 40) + 256;
    const [rollouts, update] = [2 * 8 * 2, 2 * 8 * 3]; // three passes of the coupled estimate
    expect(plan.tokens).toBe(3 * (rollouts + update));
    expect(plan.operations).toBe(3 * (rollouts + 3 * update) * perToken);
  });

  it("reads the paper's recipe: 21 thousand prompts once", () => {
    const { training } = parseConfig(CoupledGrpoRecipeSchema, dataOf("coupled-grpo"));
    expect(training.maxSteps * training.promptsPerStep).toBe(21_000);
  });
});
