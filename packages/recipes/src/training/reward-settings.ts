// What a completion earns: built-in terms by name, each with its weight.
import { InvalidArgumentError } from "@diffucoder/core";
import { REWARD_FUNCTIONS, type RewardTerm } from "@diffucoder/reward-sandbox";
import { z } from "zod";
import { loadRewardModule, type RewardModule } from "./reward-module.ts";

const weight = z.number().nonnegative().max(1e6);

/** What a completion earns: built-in terms and rewards of your own, each with its weight. */
export interface RewardSettings {
  /** Weights of the built-in terms, the functions of `REWARD_FUNCTIONS`. A term of weight 0 is not computed. */
  rewardWeights: {
    /** Share of visible tests passed, paid for well-formed answers only. @default 2 */
    code: number;
    /** Form of the answer: 1, 0.5 for code that does not parse, else 0. @default 0.5 */
    code_format: number;
    /** 1 if every visible test passes, else 0. @default 0 */
    binary_code: number;
    /** Kimi k1.5: shorter answers of a group earn more, from -0.5 to 0.5. @default 0 */
    length: number;
    /** DAPO: from 0 down to -1 for completions near or above `maxCompletionLen`. @default 0 */
    soft_overlong_punishment: number;
  };
  /** Options of `soft_overlong_punishment`. */
  softOverlong: {
    /** Tokens from which the punishment is -1. @default all positions */
    maxCompletionLen?: number | undefined;
    /** Tokens within which it falls from 0 to -1. @default a quarter of `maxCompletionLen` */
    softPunishCache?: number | undefined;
  };
  /** Rewards of your own. @default none */
  rewardModules: {
    /** JavaScript module. */
    file: string;
    /** Its export: a function from samples to numbers or null. @default "default" */
    export: string;
    /** Factor of its value. @default 1 */
    weight: number;
    /** Time limit of a call, milliseconds. @default 10000 */
    timeout: number;
  }[];
  /** How the form is judged: strictly, or exactly as Apple's rewards.py. @default "strict" */
  rewardMode: "strict" | "compat";
}

/** `RewardSettings` as settings of a recipe. */
export const RewardSettingsSchema = z.strictObject({
  rewardWeights: z
    .strictObject({
      code: weight.default(2).describe("share of visible tests passed, paid for well-formed answers only"),
      code_format: weight.default(0.5).describe("form of the answer: 1, 0.5 for code that does not parse, else 0"),
      binary_code: weight.default(0).describe("1 if every visible test passes, else 0"),
      length: weight.default(0).describe("Kimi k1.5: shorter answers of a group earn more, from -0.5 to 0.5"),
      soft_overlong_punishment: weight.default(0).describe("DAPO: from 0 down to -1 for completions near or above maxCompletionLen"),
    })
    .prefault({}),
  softOverlong: z
    .strictObject({
      maxCompletionLen: z.int().positive().optional().describe("tokens from which soft_overlong_punishment is -1 (default: all positions)"),
      softPunishCache: z.int().positive().optional().describe("tokens over which it falls from 0 to -1 (default: a quarter of maxCompletionLen)"),
    })
    .prefault({}),
  rewardModules: z
    .array(
      z.strictObject({
        file: z.string().describe("JavaScript module"),
        export: z.string().default("default").describe("its export: a function from samples to numbers or null"),
        weight: weight.default(1),
        timeout: z.int().positive().default(10_000).describe("time limit of a call, milliseconds"),
      }),
    )
    .default([])
    .describe("your own rewards, added to the built-in ones: { file, export, weight, timeout }; --reward FILE#EXPORT=WEIGHT adds one"),
  rewardMode: z.enum(["strict", "compat"]).default("strict").describe("how the form is judged: strictly, or exactly as Apple's rewards.py"),
}) satisfies z.ZodType<RewardSettings>;

/** A refinement of a recipe's `training`. */
export const somethingIsPaid = [
  ({ rewardWeights, rewardModules }: Pick<RewardSettings, "rewardWeights" | "rewardModules">): boolean =>
    [...Object.values(rewardWeights), ...rewardModules.map((module) => module.weight)].some((one) => one > 0),
  "all rewards have weight 0: every completion would earn 0, and nothing would be learned",
] as const;

/** A loaded custom reward, and its weight. */
export interface WeightedModule extends RewardModule {
  /** What its value is multiplied with. */
  weight: number;
}

/** Loads custom rewards. @throws as `loadRewardModule`; {InvalidArgumentError} if two have one name */
export async function loadRewardModules(modules: RewardSettings["rewardModules"]): Promise<WeightedModule[]> {
  const loaded: WeightedModule[] = [];
  try {
    for (const { weight: own, ...module } of modules) {
      const one = { ...(await loadRewardModule(module)), weight: own };
      const isTaken = Object.hasOwn(REWARD_FUNCTIONS, one.name) || loaded.some(({ name }) => name === one.name);
      loaded.push(one);
      if (isTaken)
        throw new InvalidArgumentError({
          argument: "--reward",
          value: module.file,
          expected: `a file with another name: there is already a reward ${one.name}`,
        });
    }
    return loaded;
  } catch (error) {
    for (const one of loaded) one.close();
    throw error;
  }
}

/** `FILE`, `FILE=WEIGHT` or `FILE#EXPORT=WEIGHT`, as a setting. @throws {InvalidArgumentError} */
export function parseRewardFlag(text: string): RewardSettings["rewardModules"][number] {
  const [, file, name = "default", own = "1"] = /^(.+?)(?:#([\w$]+))?(?:=([^=]*))?$/.exec(text) ?? [];
  const weightOf = own.trim() === "" ? Number.NaN : Number(own);
  if (file === undefined || !(weightOf >= 0 && Number.isFinite(weightOf)))
    throw new InvalidArgumentError({
      argument: "--reward",
      value: text,
      expected: "FILE, FILE=WEIGHT or FILE#EXPORT=WEIGHT, such as ./mine.mjs=0.5",
    });
  return { file, export: name, weight: weightOf, timeout: 10_000 };
}

/** The terms that count, for completions of `maxNewTokens` positions. */
export function rewardTerms({ rewardWeights, softOverlong }: RewardSettings, { maxNewTokens }: { maxNewTokens: number }): RewardTerm[] {
  const { maxCompletionLen = maxNewTokens, softPunishCache = Math.max(1, Math.floor(maxCompletionLen / 4)) } = softOverlong;
  const options: Partial<Record<string, RewardTerm["options"]>> = { soft_overlong_punishment: { maxCompletionLen, softPunishCache } };
  return Object.keys(REWARD_FUNCTIONS).flatMap((name): RewardTerm[] => {
    const weightOf = rewardWeights[name as keyof RewardSettings["rewardWeights"]];
    const own = options[name];
    return weightOf === 0 ? [] : [{ name, weight: weightOf, ...(own && { options: own }) }];
  });
}
