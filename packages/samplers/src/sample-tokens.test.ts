// Equal to the reference run: distributions and confidences that Dream's own `sample_tokens` computed.
import { readFileSync } from "node:fs";
import { createRandom } from "@diffucoder/core";
import { compile, float32, int32, type Tensor } from "@diffucoder/tensor";
import { describe, expect, it } from "vitest";
import { sampleTokens, tokenDistribution } from "./sample-tokens.ts";

interface Golden {
  logits: { shape: [number, number]; data: number[] };
  distributions: { temperature: number; top_p: number | null; top_k: number | null; probs: { data: number[] } }[];
  greedy_confidence: Record<string, { tokens: number[]; confidence: number[] }>;
}

const golden: Golden = JSON.parse(readFileSync(new URL("../fixtures/sample_tokens.json", import.meta.url), "utf8"));
const logits = float32(golden.logits.data, golden.logits.shape);

/** `[M]`, the same everywhere. */
const each = (count: number, value: number) => float32(new Float32Array(count).fill(value));
const draw = compile((x: Tensor, temperature: Tensor, uniforms: Tensor, filter?: { topP: Tensor; topK: Tensor }) => ({
  ...sampleTokens(x, { temperature, uniforms, filter }),
}));

describe("tokenDistribution", () => {
  it.each(golden.distributions)("temperature $temperature, top_p $top_p, top_k $top_k", async ({ temperature, top_p: topP, top_k: topK, probs }) => {
    const run = compile((x: Tensor, t: Tensor, filter?: { topP: Tensor; topK: Tensor }) => {
      const { probabilities, order } = tokenDistribution(x, { temperature: t, filter });
      return { probabilities, ...(order && { order }) };
    });
    const [rows, width] = golden.logits.shape;
    const filter = { topP: each(rows, topP ?? 1), topK: int32(new Int32Array(rows).fill(topK ?? width)) };
    const isFiltered = topP !== null || topK !== null;
    const { probabilities, order } = await (isFiltered ? run(logits, each(rows, temperature), filter) : run(logits, each(rows, temperature)));
    const byToken = Array.from({ length: rows * width }, () => 0);
    probabilities.data.forEach((p, i) => (byToken[order ? Math.floor(i / width) * width + (order.data[i] as number) : i] = p));
    expect(byToken).toBeAllclose(probs.data, { atol: 2e-6, rtol: 1e-4 });
  });
});

describe("sampleTokens", () => {
  it.each(["maskgit_plus", "topk_margin", "entropy"] as const)("takes the likeliest token at temperature 0, and %s's confidence", async (name) => {
    const rows = golden.logits.shape[0];
    const { tokens, confidence, entropy } = await draw(logits, each(rows, 0), each(rows, 0.5));
    const wanted = golden.greedy_confidence[name]!;
    expect([...tokens.data]).toEqual(wanted.tokens);
    expect([...(name === "entropy" ? entropy.data.map((value) => -value) : confidence[name].data)]).toBeAllclose(wanted.confidence, {
      atol: 2e-6,
      rtol: 1e-5,
    });
  });

  it("draws tokens as often as their probabilities say", async () => {
    const probabilities = [0.5, 0.3, 0.15, 0.05];
    const count = 4000;
    const rows = float32(Array.from({ length: count }, () => probabilities.map(Math.log)).flat(), [count, 4]);
    const uniforms = float32(createRandom(1).fillUniform(new Float32Array(count)));
    const { tokens, confidence } = await draw(rows, each(count, 1), uniforms);
    const shares = probabilities.map((_, token) => tokens.data.filter((one: number) => one === token).length / count);
    // Four standard deviations of a share are at most 4 sqrt(0.25 / 4000) = 0.032.
    expect(shares).toBeAllclose(probabilities, { atol: 0.032 });
    expect([...confidence.maskgit_plus.data]).toBeAllclose(
      [...tokens.data].map((token) => probabilities[token] as number),
      { atol: 1e-5 },
    );
  });

  it("draws, by hand, from what top-p and top-k leave, also at the largest numbers below 1", async () => {
    const logitsOf = float32(Array.from({ length: 5 }, () => [0.1, 0.4, 0.2, 0.3].map(Math.log)).flat(), [5, 4]);
    const uniforms = float32([0, 0.57, 0.58, 1 - 2 ** -24, 0.9999]);
    const drawn = (topK: number) => draw(logitsOf, each(5, 1), uniforms, { topP: each(5, 0.5), topK: int32(new Int32Array(5).fill(topK)) });
    // Sorted: tokens 1, 3, 2, 0 at 0.4, 0.3, 0.2, 0.1. Top-p 0.5 keeps 1 and 3, which crosses it: 4/7 = 0.571 and 3/7.
    const nucleus = await drawn(4);
    expect([...nucleus.tokens.data]).toEqual([1, 1, 3, 3, 3]);
    expect([...nucleus.confidence.maskgit_plus.data]).toBeAllclose([4 / 7, 4 / 7, 3 / 7, 3 / 7, 3 / 7], { atol: 1e-6 });
    const one = await drawn(1);
    expect([...one.tokens.data]).toEqual([1, 1, 1, 1, 1]);
    expect([...one.confidence.maskgit_plus.data]).toBeAllclose([1, 1, 1, 1, 1], { atol: 1e-6 });
  });
});
