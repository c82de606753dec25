import { parseConfig } from "@diffucoder/core";
import { describe, expect, it } from "vitest";
import { ropeFrequencies, type RopeScaling, RopeScalingSchema } from "./rope-frequencies.ts";

const scaling = (given: object): RopeScaling => parseConfig(RopeScalingSchema, given);
const plain = ropeFrequencies({ headSize: 8, theta: 10_000 }).frequencies;

describe("ropeFrequencies", () => {
  it("are powers of the base without scaling", () => {
    expect(plain).toBeAllclose([1, 0.1, 0.01, 0.001]);
  });

  it("linear: divides all by the factor", () => {
    const got = ropeFrequencies({ headSize: 8, theta: 10_000, scaling: scaling({ type: "linear", factor: 4 }) });
    expect(got).toEqual({ frequencies: plain.map((f) => f / 4), attentionFactor: 1 });
  });

  it("llama3: keeps short waves, divides long ones and blends between, by hand", () => {
    // Waves of 2 pi / f = 6.28, 62.8, 628 and 6283 positions; those below 8192 / 128 = 64 stay, those above 8192 / 8 = 1024
    // are divided. The third turns 8192 / 628.3 = 13.04 times: a share (13.04 - 8) / (128 - 8) = 0.04198 of it stays.
    const llama3 = scaling({ type: "llama3", factor: 8, originalMaxPositionEmbeddings: 8192, lowFreqFactor: 8, highFreqFactor: 128 });
    const got = ropeFrequencies({ headSize: 8, theta: 10_000, scaling: llama3 });
    const share = (8192 / (200 * Math.PI) - 8) / 120;
    expect(share).toBeCloseTo(0.04198, 5);
    expect(got.frequencies).toBeAllclose([1, 0.1, 0.01 * (share + (1 - share) / 8), 0.001 / 8]);
    expect(got.attentionFactor).toBe(1);
  });

  it("yarn: blends by index and scales cosines and sines, by hand", () => {
    // 32 turns in 32768 positions: index 4 ln(32768 / 64 pi) / ln 10000 = 2.21, floored to 2; 1 turn: 3.72, up to 4.
    const got = ropeFrequencies({ headSize: 8, theta: 10_000, scaling: scaling({ type: "yarn", factor: 4, originalMaxPositionEmbeddings: 32768 }) });
    expect(got.frequencies).toBeAllclose([1, 0.1, 0.01, 0.5 * 0.001 + (0.5 * 0.001) / 4]);
    expect(got.attentionFactor).toBeCloseTo(0.1 * Math.log(4) + 1, 12);
    const given = scaling({ type: "yarn", factor: 4, originalMaxPositionEmbeddings: 32768, attentionFactor: 1.5 });
    expect(ropeFrequencies({ headSize: 8, theta: 10_000, scaling: given }).attentionFactor).toBe(1.5);
  });
});
