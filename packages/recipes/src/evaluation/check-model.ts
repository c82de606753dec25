import { ConfigError } from "@diffucoder/core";
import { type ModelFolder, resolveInfilling, resolveSettings } from "@diffucoder/engine";
import type { TaskSet } from "@diffucoder/tasks";
import type { EvalConfig } from "./eval-config.ts";
import { decodingOf } from "./decoding-of.ts";
import { sweepOf } from "./sweep.ts";

const refuse = (problem: string): never => {
  throw new ConfigError({ source: "eval settings", problems: [problem] });
};

/** Whether a model fills a hole between two texts, instead of being asked in words. */
export function isInfilling({ tasks }: Pick<TaskSet, "tasks">): boolean {
  return tasks.some(({ prompt }) => prompt.kind === "hole");
}

/** Refuses settings that do not apply to the tasks. @throws {ConfigError} */
export function checkSettings(taskSet: TaskSet, { template, maxNewTokens, postProcessor }: EvalConfig): void {
  if (isInfilling(taskSet) && (template !== undefined || maxNewTokens !== undefined))
    refuse("template and maxNewTokens do not apply to infilling; set masks instead");
  if (postProcessor === "sanitize" && taskSet.tasks.some(({ language }) => language !== "python"))
    refuse(`postProcessor sanitize supports Python only; use none, fence or stop for ${taskSet.name}`);
}

/**
 * Refuses what would fail for every task, before the first is drawn and before the parameters are read.
 *
 * @throws {ConfigError} if the model cannot do what the tasks ask of it, or a setting of decoding is wrong
 */
export function checkModel(model: ModelFolder, taskSet: TaskSet, config: EvalConfig): void {
  const holes = isInfilling(taskSet);
  const asks = taskSet.tasks.some(({ prompt }) => prompt.kind !== "hole");
  if (asks && !model.tokenizer.hasChat)
    refuse(`model: ${model.dir} has no chat template, which the prompts of ${taskSet.name} need; use an instruction-tuned model`);
  if (holes && model.autoregressive !== undefined)
    refuse(`model: ${model.dir} writes from left to right and cannot fill holes; use a masked diffusion model`);
  for (const { point } of sweepOf(config)) {
    const { maxNewTokens, ...decoding } = decodingOf(config, point);
    if (asks) resolveSettings({ ...decoding, maxNewTokens }, model);
    if (holes && config.masks !== "oracle") resolveInfilling({ ...decoding, prefix: "", masks: config.masks }, model);
  }
}
