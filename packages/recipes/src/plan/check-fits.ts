// A run that is larger than the machine would be killed by the system in the middle of its first step, without a word.
import { totalmem } from "node:os";
import { UnavailableError } from "@diffucoder/core";
import type { TrainingPlan } from "./training-plan.ts";

/** Refuses a run whose plan takes more memory than the machine has, bytes. @throws {UnavailableError} */
export function checkFits({ memory }: Pick<TrainingPlan, "memory">, machineMemory = totalmem()): void {
  const parts = Object.entries(memory).filter(([, bytes]) => bytes > 0);
  const total = parts.reduce((sum, [, bytes]) => sum + bytes, 0);
  if (total <= machineMemory) return;
  throw new UnavailableError({
    what: "Memory for this training",
    problem: `it takes about ${gigabytes(total)} (${parts.map(([name, bytes]) => `${name} ${gigabytes(bytes)}`).join(", ")}), this machine has ${gigabytes(machineMemory)}`,
    wayOut:
      "Take fewer rows at a time (training.perDeviceTrainBatchSize, with as many more training.gradientAccumulationSteps), training.gradientCheckpointing, or an adapter (lora.r).",
  });
}

function gigabytes(bytes: number): string {
  return `${Number((bytes / 1e9).toPrecision(3))} GB`;
}
