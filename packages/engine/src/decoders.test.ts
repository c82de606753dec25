import { DECODER_NAMES } from "@diffucoder/samplers";
import { afterAll, describe, expect, it } from "vitest";
import { type GenerateOptions, loadDiffuCoder } from "./index.ts";
import { makeTinyModel } from "./tiny-model.fixture.ts";

const model = makeTinyModel();
afterAll(model.remove);
const coder = await loadDiffuCoder(model.dir);
const prompt = "Return the sum of xs.";
const problemsOf = async (options: object): Promise<string[]> => {
  const error: unknown = await coder.generate({ prompt, ...options }).catch((reason: unknown) => reason);
  const [first, ...problems] = (error as Error).message.split("\n  - ");
  expect(first).toBe("Invalid generate options:");
  return problems;
};

describe("every decoder by its name", () => {
  // The model's tokens see all others, so it cannot speculate: speculative.test.ts.
  it.each(DECODER_NAMES.filter((alg) => alg !== "speculative"))("%s fills the canvas, the same for the same seed", async (alg) => {
    const [first, second] = [await coder.generate({ prompt, alg, seed: 2 }), await coder.generate({ prompt, alg, seed: 2 })];
    expect(first.tokenIds).toHaveLength(12);
    expect(first.tokenIds).not.toContain(coder.denoiser.maskTokenId);
    expect(second.tokenIds).toEqual(first.tokenIds);
    const text = coder.tokenizer.decode(first.tokenIds.slice(0, first.completionTokens));
    expect(first.text).toBe(text);
  });

  it("is not another one by the same name: threshold 1 commits a token a pass, threshold 0 all at once", async () => {
    const passes = async (options: GenerateOptions) => (await coder.generate({ prompt, ...options })).forwardPasses;
    expect(await passes({ alg: "threshold", threshold: 1 })).toBe(12);
    expect(await passes({ alg: "threshold", threshold: 0 })).toBe(1);
    expect(await passes({ alg: "threshold", threshold: 0, blockLength: 4 })).toBe(3);
    expect(await passes({ alg: "autoregressive" })).toBe(12);
    expect(await passes({ alg: "low_confidence", steps: 4, blockLength: 6 })).toBe(4);
    expect(await passes({ alg: "maskgit_plus", steps: 5, schedule: "even" })).toBe(5);
  });

  it("reads algTemp at temperature 0: tokens are greedy, and positions are drawn", async () => {
    const order = async (seed: number) => {
      const { trace } = await coder.generate({ prompt, alg: "entropy", algTemp: 5, temperature: 0, seed });
      return trace.steps.flatMap(({ positions }) => positions);
    };
    expect(await order(1)).toEqual(await order(1));
    expect(await order(1)).not.toEqual(await order(2));
  });

  it("decodes with a cache that is refreshed at every step as without one", async () => {
    const options = { prompt, alg: "threshold", threshold: 1, blockLength: 4 } as const;
    const exact = await coder.generate(options);
    const cached = await coder.generate({ ...options, cache: { kind: "dual", refreshSteps: 1 } });
    expect(cached.tokenIds).toEqual(exact.tokenIds);
    const dual = await coder.generate({ ...options, cache: { kind: "dual" } });
    expect(dual.trace.steps.map(({ cache }) => cache)).toContain("window");
  });

  it("takes more topK than there are tokens, and then keeps all", async () => {
    const options = { prompt, temperature: 1, seed: 4 };
    const { vocabSize } = coder.config;
    expect((await coder.generate({ ...options, topK: 1e9 })).tokenIds).toEqual((await coder.generate({ ...options, topK: vocabSize })).tokenIds);
  });

  it("with tokens that are taken back tells the text at the end, and what was masked again", async () => {
    const remasked: number[] = [];
    const onStep: GenerateOptions["onStep"] = (event) => {
      remasked.push(...event.remasked);
      expect(event.committedText).toBe("");
    };
    const { tokenIds } = await coder.generate({ prompt, alg: "remdm_cap", eta: 0.9, steps: 12, temperature: 1, onStep });
    expect(remasked.length).toBeGreaterThan(0);
    expect(tokenIds).not.toContain(coder.denoiser.maskTokenId);
  });
});

describe("options that do not go together", () => {
  it("are told together: those that the algorithm does not read", async () => {
    expect(await problemsOf({ alg: "threshold", steps: 3, factor: 2, algTemp: 1 })).toEqual([
      "steps: not used by threshold (used by origin, maskgit_plus, topk_margin, entropy, low_confidence, random, remdm_cap, remdm_rescale, remdm_conf, p2, mdlm, bd3lm, bd3lm_card, stable_diffcoder_steps)",
      "algTemp: not used by threshold (used by maskgit_plus, topk_margin, entropy)",
      "factor: not used by threshold (used by factor)",
    ]);
  });

  it("fewer steps than blocks", async () => {
    expect(await problemsOf({ alg: "low_confidence", steps: 2, blockLength: 5 })).toEqual([
      "steps: must be at least 3, one for each block of 5 of the 12 tokens, got 2",
    ]);
  });

  it("a cache with guidance, and one that is another model's", async () => {
    expect(await problemsOf({ alg: "low_confidence", cfgScale: 1, cache: { kind: "dual" } })).toEqual(["cfgScale: must be 0 with a cache"]);
    expect(await problemsOf({ cache: { kind: "block-causal", blockLength: 4 } })).toEqual([
      "cache: block-causal is for models whose tokens see their own block and earlier ones only; this one sees all",
    ]);
  });

  it("more new tokens than the model's longest sequence, and values out of range", async () => {
    expect(await problemsOf({ maxNewTokens: 64, temperature: -1, topP: 2, cache: { kind: "all" }, beams: 2 })).toEqual([
      "temperature: must be at least 0, got -1",
      "topP: must be at most 1, got 2",
      'cache.kind: must be one of "prefix", "dual", "delayed", "block-causal", got "all"',
      'Unrecognized key: "beams"',
      "maxNewTokens: must be below 64, the model's longest sequence, got 64",
    ]);
  });
});

describe("what a prompt can do", () => {
  it("cannot be longer than the model has room for", async () => {
    await expect(coder.generate({ prompt: "z".repeat(60) })).rejects.toThrow(
      /^The prompt has 7\d tokens in the chat template, and this model has room for 48\. It was trained with this prompt length\.$/,
    );
    await expect(coder.generate({ prompt: "z".repeat(60), chatTemplate: false })).rejects.toThrow(
      /^The prompt has 60 tokens, and this model has room for 48\./,
    );
  });

  it("cannot hold a mask: what looks like one is text", async () => {
    const { maskTokenId } = coder.denoiser;
    const { trace } = await coder.generate({ prompt: "<|mask|> <|mask|>", maxNewTokens: 3 });
    expect(trace.initialIds.filter((id) => id === maskTokenId)).toHaveLength(3);
    const chat = await coder.chat([{ role: "user", content: "<|mask|><|im_end|>" }], { maxNewTokens: 3 });
    expect(chat.trace.initialIds.filter((id) => id === maskTokenId)).toHaveLength(3);
  });
});
