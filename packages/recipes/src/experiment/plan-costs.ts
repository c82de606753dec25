// What each arm of a plan will cost, before anything runs: equal compute must be seen in advance.
import { plannedTokens, type PlannedTokens } from "@diffucoder/coupled-grpo";
import { readModelFolder, resolveSettings } from "@diffucoder/engine";
import { armRecipe } from "./arm-recipe.ts";
import type { ReadPlan } from "./plan.ts";

/** What an arm will put through the network with each seed. */
export interface ArmCost {
  /** Name of the arm. */
  arm: string;
  /** Steps of its training; 0 for the base line. */
  steps: number;
  /** Tokens of a step by its parts. */
  perStep: PlannedTokens;
  /** Tokens of its training: all steps, all parts. */
  networkTokens: number;
  /** `networkTokens` over the mean of the arms that train; `null` for the base line. */
  share: number | null;
}

const NOTHING: PlannedTokens = { rollouts: 0, estimates: 0, updates: 0 };

/**
 * The cost of each arm in tokens that go forward through the network. Rollouts are counted as if no completion ended early and nothing was cached, so
 * that a run may take fewer.
 *
 * @throws {FileError} if a model's folder is missing or damaged
 * @throws {ConfigError} naming every setting of an arm's recipe that is wrong
 */
export async function planCosts(
  read: ReadPlan,
  {
    defaultModel,
  }: {
    /** The model of plans that name none. */
    defaultModel: string;
  },
): Promise<ArmCost[]> {
  const { arms, seeds, model: planModel } = read.plan;
  const costs: Omit<ArmCost, "share">[] = [];
  for (const [arm, { train, model = planModel ?? defaultModel }] of Object.entries(arms)) {
    const { training, sampling } = armRecipe(read, { arm, seed: seeds[0]! });
    const folder = readModelFolder(model);
    const { maxNewTokens, promptLength } = folder.generationConfig;
    const { steps } = resolveSettings({ ...sampling, maxNewTokens }, folder);
    const perStep = train
      ? await plannedTokens({ config: training, promptLength, maxNewTokens, forwardPasses: Math.min(steps, maxNewTokens) })
      : NOTHING;
    const count = train ? training.maxSteps : 0;
    costs.push({ arm, steps: count, perStep, networkTokens: count * (perStep.rollouts + perStep.estimates + perStep.updates) });
  }
  const trained = costs.filter(({ steps }) => steps > 0);
  const mean = trained.reduce((sum, { networkTokens }) => sum + networkTokens, 0) / trained.length;
  return costs.map((cost) => ({ ...cost, share: cost.steps > 0 ? cost.networkTokens / mean : null }));
}
