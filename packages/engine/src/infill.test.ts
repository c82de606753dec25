import { fileURLToPath } from "node:url";
import fc from "fast-check";
import { afterAll, describe, expect, it } from "vitest";
import { type InfillOptions, type InfillReveal, loadDiffuCoder } from "./index.ts";
import { makeTinyModel } from "./tiny-model.fixture.ts";

const bundledModelDir = fileURLToPath(new URL("../../diffucoder/models/tinycode-base/", import.meta.url));
const model = makeTinyModel();
const growing = makeTinyModel({ moreSpecialTokens: ["<|expand|>"] });
afterAll(() => [model, growing].forEach(({ remove }) => remove()));
const coder = await loadDiffuCoder(model.dir);
const dreamOn = await loadDiffuCoder(growing.dir);
const message = async (options: object, of = coder): Promise<string> => {
  const error: unknown = await of.infill(options).catch((reason: unknown) => reason);
  if (!(error instanceof Error)) throw new Error("no error");
  return error.message;
};

describe("infill", () => {
  it("fills the hole of the bundled model's own answer with what fits", async () => {
    const bundled = await loadDiffuCoder(bundledModelDir);
    const { middle, text, holes } = await bundled.infill({
      prompt: "Return the sum of the elements of xs that are even.",
      prefix: "```python\ndef f(xs):\n    return sum([n for n in xs",
      suffix: "])\n```\n",
      masks: 8,
    });
    expect(middle).toBe(" if n % 2 == 0");
    expect(text).toBe("```python\ndef f(xs):\n    return sum([n for n in xs if n % 2 == 0])\n```\n");
    expect(holes).toEqual([middle]);
    await bundled.close();
  });

  it("gives the given text back unchanged, whatever it is, and fills exactly the masks", async () => {
    const text = fc.string({ unit: "grapheme", maxLength: 6 });
    const given = fc.record({ prefix: text, suffix: text, masks: fc.integer({ min: 1, max: 4 }), seed: fc.nat(100) });
    await fc.assert(
      fc.asyncProperty(given, async ({ prefix, suffix, masks, seed }) => {
        const result = await coder.infill({ prefix, suffix, masks, seed, temperature: 1 });
        expect(result.text).toBe(prefix + result.middle + suffix);
        expect(result.holeIds[0]).toHaveLength(masks);
        expect(result.holeIds[0]).not.toContain(coder.denoiser.maskTokenId);
      }),
      { numRuns: 20, seed: 1 },
    );
  });

  it("tokenizes the texts apart from each other, between the start of the row and an end token", async () => {
    const { trace, promptTokens, completionTokens } = await coder.infill({ prefix: "return su", suffix: "m(xs)", masks: 2 });
    const { tokenizer, denoiser } = coder;
    const masks = [denoiser.maskTokenId, denoiser.maskTokenId];
    expect(trace.initialIds).toEqual([...tokenizer.encode("return su"), ...masks, ...tokenizer.encode("m(xs)"), tokenizer.special.endOfText]);
    expect([promptTokens, completionTokens]).toEqual([trace.initialIds.length - 2, 2]);
  });

  it("tells the text before the first pass, and each pass in its positions", async () => {
    const steps: InfillReveal[] = [];
    const options = {
      prompt: "Sum.",
      template: ["return ", { masks: 2 }, "(xs)", { masks: 1 }],
      steps: 3,
      provisional: true,
      onStep: (step: InfillReveal) => void steps.push(step),
    };
    const waiting = coder.prepareInfill(options);
    const { layout } = waiting;
    expect(layout).toMatchObject({ promptTokens: waiting.promptTokens, steps: 3, seed: 0 });
    expect(layout.cells.map((cell) => cell ?? "_").join("")).toBe("return __(xs)_");
    const { text, forwardPasses } = await waiting.start();
    const shown = [...layout.cells];
    for (const { positions, texts, provisional } of steps.slice(1)) {
      positions.forEach((position, i) => (shown[position] = texts[i]!));
      // every mask that is left was proposed a token
      expect(provisional!.positions.toSorted((a, b) => a - b)).toEqual(shown.flatMap((cell, i) => (cell === null ? [i] : [])));
      expect(provisional!.texts).toHaveLength(provisional!.positions.length);
    }
    expect(shown.join("")).toBe(text);
    expect(steps.map((step) => step.forwardPasses)).toEqual([0, 1, 2]); // of three masks, the schedule's first step of three commits none
    expect(forwardPasses).toBe(2);
  });

  it("fills several holes, of which each has its own text", async () => {
    const template = ["def ", { masks: 2 }, "(xs):", { masks: 3 }, "return"];
    const { holes, holeIds, text } = await coder.infill({ template, temperature: 1 });
    expect(holeIds.map((ids) => ids.length)).toEqual([2, 3]);
    expect(text).toBe(`def ${holes[0]}(xs):${holes[1]}return`);
  });

  it("reads special tokens in the text as text", async () => {
    const { trace, text } = await coder.infill({ prefix: "<|mask|>", suffix: "<|mask|>", masks: 1 });
    expect(trace.initialIds.filter((id) => id === coder.denoiser.maskTokenId)).toHaveLength(1);
    expect(text.startsWith("<|mask|>") && text.endsWith("<|mask|>")).toBe(true);
  });

  it.each<InfillOptions>([
    { alg: "threshold", threshold: 0.5 },
    { alg: "low_confidence", blockLength: 2, steps: 4 },
    { alg: "remdm_cap", eta: 0.5, steps: 8 },
    { alg: "entropy", cache: { kind: "delayed" } },
  ])("takes %j", async (options) => {
    const { text, holeIds } = await coder.infill({ ...options, prefix: "def f", suffix: "xs", masks: 4 });
    expect(holeIds[0]).toHaveLength(4);
    expect(text.startsWith("def f") && text.endsWith("xs")).toBe(true);
  });

  it("stops when asked", async () => {
    expect(await message({ prefix: "a", signal: AbortSignal.abort() })).toBe("Generation was stopped.");
  });
});

/** Makes the logits of some tokens of the growing model larger, so that it expands and deletes. */
function exaggerate(ids: readonly number[]): void {
  const { data, shape } = dreamOn.parameters["model.embed_tokens.weight"] as { data: Float32Array; shape: readonly number[] };
  const width = shape[1] as number;
  for (const id of ids) for (let i = 0; i < width; i++) data[id * width + i] = 4 * (data[id * width + i] as number);
}

describe("infill of variable length", () => {
  it("is what a tokenizer with <|expand|> does unless told otherwise, and keeps to the limit", async () => {
    const expandId = dreamOn.tokenizer.specialTokens.get("<|expand|>") as number;
    exaggerate([expandId, dreamOn.tokenizer.special.endOfText]);
    const lengths = new Set<number>();
    for (let seed = 0; seed < 40; seed++) {
      const { holeIds, text } = await dreamOn.infill({
        prefix: "def f",
        suffix: "xs",
        masks: 3,
        maxNewTokens: 5,
        seed,
        temperature: 2,
        alg: "maskgit_plus",
      });
      const [ids = []] = holeIds;
      expect(ids).not.toContain(expandId);
      lengths.add(ids.length);
      expect(text.startsWith("def f") && text.endsWith("xs")).toBe(true);
    }
    expect(Math.max(...lengths)).toBeLessThanOrEqual(5);
    expect(lengths.size).toBeGreaterThan(1);
    const fixed = await dreamOn.infill({ prefix: "def f", suffix: "xs", masks: 3, length: "fixed" });
    expect(fixed.holeIds[0]).toHaveLength(3);
  });
});

describe("what infill refuses", () => {
  it("a text without a hole, holes side by side, and two ways of giving the text", async () => {
    expect(await message({})).toBe("Invalid infill options:\n  - prefix: give the text around the hole as prefix, suffix or both, or a template");
    expect(await message({ template: ["a", "b"] })).toBe(
      "Invalid infill options:\n  - template: has no hole to fill; put { masks: N } between its texts",
    );
    expect(await message({ template: ["a", { masks: 1 }, "", { masks: 1 }], suffix: "x", masks: 3 })).toBe(
      [
        "Invalid infill options:",
        "  - suffix: cannot be combined with a template or a file, which is the whole text",
        "  - masks: cannot be combined with a template or a file, which is the whole text",
        "  - template: has two holes without text between them",
      ].join("\n"),
    );
  });

  it("every bad option at once", async () => {
    expect(await message({ prefix: 1, masks: 0, length: "variable", steps: 3, alg: "threshold", maxNewTokens: 2, bems: 1 })).toBe(
      [
        "Invalid infill options:",
        "  - prefix: must be a string, got 1",
        "  - masks: must be greater than 0, got 0",
        '  - Unrecognized key: "bems"',
        "  - steps: not used by threshold (used by origin, maskgit_plus, topk_margin, entropy, low_confidence, random, remdm_cap, remdm_rescale, remdm_conf, p2, mdlm, bd3lm, bd3lm_card, stable_diffcoder_steps)",
        '  - length: must be "fixed" for a model whose tokenizer has no <|expand|>, got "variable"',
        '  - alg: must be maskgit_plus, topk_margin, entropy or absent for holes of variable length, got "threshold"',
      ].join("\n"),
    );
    expect(await message({ prefix: "a", expandBudget: 3 })).toBe(
      "Invalid infill options:\n  - expandBudget: not used by holes of fixed length, which have as many tokens as masks",
    );
    expect(await message({ prefix: "a", masks: 9, maxNewTokens: 8, schedule: "even" }, dreamOn)).toBe(
      [
        "Invalid infill options:",
        "  - schedule: not used by holes of variable length",
        "  - maxNewTokens: must be at least 9, the masks that the holes begin with, got 8",
      ].join("\n"),
    );
  });

  it("a text that is longer than the model is made for", async () => {
    expect(await message({ prefix: "z".repeat(80), masks: 2 })).toBe(
      "The text has 83 tokens with its holes and everything around it, and this model has room for 64. The model is made for 64 tokens.",
    );
    expect(await message({ template: ["z".repeat(60), { masks: 2 }], maxNewTokens: 10 }, dreamOn)).toBe(
      "The text has 63 tokens with its holes and everything around it, and this model has room for 56. The model is made for 64 tokens, and the holes can grow by 8.",
    );
  });
});
