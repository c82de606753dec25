import { createRandom } from "@diffucoder/core";
import { estimateLikelihood } from "@diffucoder/diffusion";
import { afterAll, describe, expect, it } from "vitest";
import { loadDiffuCoder } from "./index.ts";
import { makeTinyModel } from "./tiny-model.fixture.ts";

const model = makeTinyModel();
afterAll(model.remove);
const coder = await loadDiffuCoder(model.dir);
const prompt = "Return xs.";

describe("likelihood", () => {
  it("is the estimate of the text's tokens behind the prompt on the model's canvas", async () => {
    const { tokenizer, logits, parameters, padTokenId } = coder;
    const promptIds = tokenizer.encodeChat([{ role: "user", content: prompt }]);
    const padding = Array.from({ length: 48 - promptIds.length }, () => padTokenId);
    const completionIds = tokenizer.encode("return xs");
    const want = await estimateLikelihood({
      logits,
      parameters,
      maskTokenId: coder.denoiser.maskTokenId,
      promptIds: [...padding, ...promptIds],
      completionIds,
      samples: 16,
      random: createRandom(3),
    });
    const got = await coder.likelihood({ prompt, completion: "return xs", samples: 16, seed: 3 });
    expect(got).toEqual({ ...want, promptTokens: promptIds.length, completionTokens: completionIds.length });
    expect(got.elbo).toBeLessThan(0);
    expect((await coder.likelihood({ prompt, completion: "return xs", samples: 16, seed: 4 })).elbo).not.toBe(got.elbo);
  });

  it("of one token is exact: there is one way to mask it, and every sample says the same", async () => {
    const of = (samples: number) => coder.likelihood({ prompt, completion: "x", samples });
    const [few, many] = [await of(2), await of(9)];
    expect(few.elbo).toBeCloseTo(many.elbo, 4);
    expect(few.interval95[1] - few.interval95[0]).toBeCloseTo(0, 4);
    expect(few.perplexity).toBeCloseTo(Math.exp(-few.elbo), 4);
    expect(few.perplexity).toBeGreaterThan(1);
  });

  it("names every bad option, and texts that are too long", async () => {
    await expect(coder.likelihood({ prompt, completion: "", samples: 1, sample: 2 } as never)).rejects.toThrow(
      [
        "Invalid likelihood options:",
        "  - completion: must have at least 1 character, got 0",
        "  - samples: must be at least 2, got 1",
        '  - Unrecognized key: "sample". Did you mean samples?',
      ].join("\n"),
    );
    await expect(coder.likelihood({ prompt, completion: "q".repeat(40) })).rejects.toThrow(
      "The completion has 40 tokens, and this model has room for 16. The model is made for 64 tokens, prompt and completion together.",
    );
  });
});
