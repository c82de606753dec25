import { type Check, readGolden } from "./check.ts";
import { type CardRun, checkCard } from "./decoding/a2d.ts";
import { loadDiffusionModel } from "./load-diffusion-model.ts";

/** The sampler of dllm's model cards, token for token. */
export const generateCardCheck: Check = {
  file: "generate-card.json",
  run: async (directory) => checkCard(await loadDiffusionModel(directory), readGolden<CardRun[]>(directory, "generate-card.json")),
};
