import { expect, it } from "vitest";
import { checkFits } from "./check-fits.ts";

it("refuses what does not fit, with the parts and what would take less", () => {
  const memory = { weights: 2e9, gradients: 2e9, moments: 4e9, reference: 0, activations: 1.25e9 };
  expect(() => checkFits({ memory }, 9.25e9)).not.toThrow();
  expect(() => checkFits({ memory }, 9.2e9)).toThrow(
    "Memory for this training is not available: it takes about 9.25 GB (weights 2 GB, gradients 2 GB, moments 4 GB, activations 1.25 GB), this machine has 9.2 GB. Take fewer rows at a time (training.perDeviceTrainBatchSize, with as many more training.gradientAccumulationSteps), training.gradientCheckpointing, or an adapter (lora.r).",
  );
});
