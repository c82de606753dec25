import { describe, expect, it } from "vitest";
import { nearestName } from "./nearest-name.ts";

const known = ["steps", "temperature", "topP", "topK", "maxNewTokens", "learningRate", "blockLength", "seed"];

describe("nearestName", () => {
  it.each([
    ["temprature", "temperature"],
    ["tmeperature", "temperature"],
    ["temp", "temperature"],
    ["max_new_tokens", "maxNewTokens"],
    ["max-new-tokens", "maxNewTokens"],
    ["MAXNEWTOKENS", "maxNewTokens"],
    ["lr", "learningRate"],
    ["top_k", "topK"],
    ["step", "steps"],
    ["sede", "seed"],
  ])("takes %s for %s", (name, meant) => {
    expect(nearestName(name, known)).toBe(meant);
  });

  it.each(["", "x", "beams", "somethingElse"])("finds nothing near %j", (name) => {
    expect(nearestName(name, known)).toBeUndefined();
  });

  it("finds nothing near that has no letter in common", () => {
    expect(nearestName("x", ["n"])).toBeUndefined();
    expect(nearestName("k", ["ks"])).toBe("ks");
  });

  it("finds nothing among nothing", () => {
    expect(nearestName("steps", [])).toBeUndefined();
  });
});
