import { mergeSettings, parseConfig, readJsonObject } from "@diffucoder/core";
import { type CoupledGrpoRecipe, CoupledGrpoRecipeSchema } from "../training/coupled-grpo.ts";
import { recipeFile } from "../recipe-file.ts";
import type { ReadPlan } from "./plan.ts";

/**
 * What `train coupled-grpo` would do for an arm: the project's recipe, the plan's changes, the arm's, and the seed.
 *
 * @throws {ConfigError} naming the arm and every setting that is wrong
 */
export function armRecipe({ plan, path }: ReadPlan, { arm, seed }: { arm: string; seed: number }): CoupledGrpoRecipe {
  const layers = [readJsonObject(recipeFile("coupled-grpo")), plan.recipe, plan.arms[arm]!.recipe, { training: { seed } }];
  const data = mergeSettings(layers.map((layer) => ({ source: path, data: layer })));
  return parseConfig(CoupledGrpoRecipeSchema, withoutNulls(data), { source: `${path}, arm ${arm}` });
}

/** A null takes a setting of an earlier layer away: another decoder does not have all of the recipe's options. */
function withoutNulls(data: unknown): unknown {
  if (typeof data !== "object" || data === null || Array.isArray(data)) return data;
  return Object.fromEntries(
    Object.entries(data)
      .filter(([, value]) => value !== null)
      .map(([key, value]) => [key, withoutNulls(value)]),
  );
}
