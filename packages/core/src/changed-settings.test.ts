import { describe, expect, it } from "vitest";
import { changedSettings } from "./changed-settings.ts";

describe("changedSettings", () => {
  it("names what was changed, added and left out, by the path that --set takes", () => {
    const before = { seed: 0, training: { learningRate: 1e-4, steps: 8 }, ks: [1, 10], note: "a" };
    const now = { seed: 1, training: { learningRate: 3e-4, steps: 8 }, ks: [1], alg: "entropy" };
    expect(changedSettings(before, now)).toEqual([
      "seed was 0, is 1",
      "training.learningRate was 0.0001, is 0.0003",
      "ks was [1,10], is [1]",
      'note was "a", is not set',
      'alg was not set, is "entropy"',
    ]);
  });

  it("names the setting inside a list of objects", () => {
    const before = { stages: [{ objective: "autoregressive", maxSteps: 1 }, { maxSteps: 2 }], pairs: [[1, 2]] };
    const now = { stages: [{ objective: "autoregressive", maxSteps: 1 }, { maxSteps: 3 }, { maxSteps: 4 }], pairs: [[1, 3]] };
    expect(changedSettings(before, now)).toEqual([
      "stages.1.maxSteps was 2, is 3",
      "pairs.0 was [1,2], is [1,3]",
      "stages.2.maxSteps was not set, is 4",
    ]);
  });

  it("takes undefined for absent, and the order of keys for nothing", () => {
    expect(changedSettings({ a: 1, b: { c: 1, d: 2 } }, { b: { d: 2, c: 1 }, a: 1, e: undefined })).toEqual([]);
    expect(changedSettings({ a: {} }, { a: { b: 1 } })).toEqual(["a was {}, is not set", "a.b was not set, is 1"]);
  });
});
