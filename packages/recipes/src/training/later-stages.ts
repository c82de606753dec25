// `train adapt`, `train midtrain` and `train sft`: the stages that start from a model.
import { keepsOrder, runStages, type RunStagesOptions } from "./stages.ts";
import { modelOfInit, type StageCommand } from "./starting-model.ts";

/** A stage that starts from a model, and where it happens. */
export interface LaterStageOptions extends Omit<RunStagesOptions, "start" | "command"> {
  /** Which stage. */
  command: Exclude<StageCommand, "pretrain">;
  /** Model to start from: a folder, or `owner/name` on the hub. */
  init: string;
}

/** Runs or resumes a stage and writes the model to `output/model`. @returns that folder */
export async function runLaterStage({ init, ...options }: LaterStageOptions): Promise<string> {
  const { command, recipe, signal } = options;
  const { executor, device, precision } = recipe;
  const start = await modelOfInit({ init, command, keepsOrder: keepsOrder(recipe.training), signal, executor, device, precision });
  return runStages({ ...options, start });
}
