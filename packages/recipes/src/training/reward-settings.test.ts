import { parseConfig } from "@diffucoder/core";
import { REWARD_FUNCTIONS } from "@diffucoder/reward-sandbox";
import { describe, expect, it } from "vitest";
import { RewardSettingsSchema, rewardTerms } from "./reward-settings.ts";

const terms = (settings: object) => rewardTerms(parseConfig(RewardSettingsSchema, settings), { maxNewTokens: 48 });

describe("rewardTerms", () => {
  it("are the paper's by default: 2 code + 0.5 code_format", () => {
    expect(terms({})).toEqual([
      { name: "code", weight: 2 },
      { name: "code_format", weight: 0.5 },
    ]);
  });

  it("leave out what weighs nothing, and know the length of a completion", () => {
    expect(terms({ rewardWeights: { code: 0, length: 0.1, soft_overlong_punishment: 1 } })).toEqual([
      { name: "code_format", weight: 0.5 },
      { name: "length", weight: 0.1 },
      { name: "soft_overlong_punishment", weight: 1, options: { maxCompletionLen: 48, softPunishCache: 12 } },
    ]);
    const softOverlong = { maxCompletionLen: 40, softPunishCache: 4 };
    expect(terms({ rewardWeights: { code: 0, code_format: 0, soft_overlong_punishment: 1 }, softOverlong })).toEqual([
      { name: "soft_overlong_punishment", weight: 1, options: softOverlong },
    ]);
  });

  it("can name every reward function, and nothing else", () => {
    const { shape } = RewardSettingsSchema.shape.rewardWeights.unwrap();
    expect(Object.keys(shape).toSorted()).toEqual(Object.keys(REWARD_FUNCTIONS).toSorted());
    expect(() => terms({ rewardWeights: { codes: 1 } })).toThrow('rewardWeights: Unrecognized key: "codes". Did you mean rewardWeights.code?');
  });
});
