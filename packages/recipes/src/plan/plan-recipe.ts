// `--plan`: what a recipe takes on a model of which only the small files are read.
import { totalmem } from "node:os";
import { createExecutor, readModelFolder } from "@diffucoder/engine";
import { loraShapes, modelConfigPath, readModelConfig } from "@diffucoder/model";
import type { CoupledGrpoRecipe } from "../training/coupled-grpo.ts";
import type { LoraRecipe } from "../training/lora-training.ts";
import type { StageRecipe } from "../training/stage-recipe.ts";
import { productRate } from "./product-rate.ts";
import { planCoupledGrpo, type PlanOptions, planStages, type TrainingPlan } from "./training-plan.ts";

/** A plan, and what this machine makes of it. */
export interface PlannedRecipe extends TrainingPlan {
  /** This machine's memory, bytes. */
  machineMemory: number;
  /** Floating-point operations a second of its matrix products, measured now. */
  operationsPerSecond: number;
  /** Seconds at that rate: a lower bound. */
  seconds: number;
}

/** The plan of `train adapt`, `train midtrain` or `train sft` from the model in a folder. @throws as `readModelConfig` */
export async function planStageRecipe(recipe: StageRecipe, modelDir: string): Promise<PlannedRecipe> {
  const { data, training } = recipe;
  const config = readModelConfig(modelConfigPath(modelDir));
  return onThisMachine(planStages({ ...planOptions(config, recipe), training, rowLength: data.promptLength + data.completionLength }), recipe);
}

/** The plan of `train coupled-grpo` with the model in a folder. @throws as `readModelFolder` */
export async function planCoupledGrpoRecipe(recipe: CoupledGrpoRecipe, modelDir: string): Promise<PlannedRecipe> {
  const { training, sampling } = recipe;
  const { config, generationConfig } = readModelFolder(modelDir);
  const { promptLength, maxNewTokens } = generationConfig;
  const steps = sampling.steps ?? generationConfig.steps;
  const forwardPasses = typeof steps === "number" ? steps : maxNewTokens;
  return onThisMachine(await planCoupledGrpo({ ...planOptions(config, recipe), training, promptLength, maxNewTokens, forwardPasses }), recipe);
}

/** What of a recipe, besides its stages, its memory depends on. */
export function planOptions(
  config: PlanOptions["config"],
  { lora, precision }: { lora?: LoraRecipe | undefined; precision?: string | undefined },
): PlanOptions {
  const shapes = lora === undefined ? undefined : Object.values(loraShapes(config, lora));
  const adapterParameters = shapes?.reduce((sum, shape) => sum + shape.reduce((product, size) => product * size, 1), 0);
  return { config, adapterParameters, isBf16: precision === "bf16" };
}

async function onThisMachine(
  plan: TrainingPlan,
  { executor, device, precision }: Pick<StageRecipe, "executor" | "device" | "precision">,
): Promise<PlannedRecipe> {
  const operationsPerSecond = await productRate(await createExecutor({ executor, device, precision }));
  return { ...plan, machineMemory: totalmem(), operationsPerSecond, seconds: plan.operations / operationsPerSecond };
}
