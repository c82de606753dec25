import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DiffuCoderError } from "@diffucoder/core";
import fc from "fast-check";
import { afterAll, describe, expect, it } from "vitest";
import { readGenerationConfig } from "./generation-config.ts";
import { loadDiffuCoder } from "../index.ts";
import { makeTinyModel } from "../tiny-model.fixture.ts";

const dir = mkdtempSync(join(tmpdir(), "generation-config-"));
const path = join(dir, "generation_config.json");
afterAll(() => rmSync(dir, { recursive: true }));

type Options = Parameters<typeof readGenerationConfig>[1];
const read = (file: object, options: Options = {}) => {
  writeFileSync(path, JSON.stringify(file));
  return readGenerationConfig(dir, options);
};

describe("readGenerationConfig", () => {
  it("uses what Hugging Face's keys say and there is a setting for", () => {
    const { config, notices } = read({ top_k: 20, alg_temp: 0.1, eps: 1e-4, top_p: 0.8, eos_token_id: [274, 180], alg: "origin", steps: 7 });
    expect(config).toMatchObject({ topK: 20, eps: 1e-4, topP: 0.8, eosTokenIds: [274, 180], steps: 7, padPrompt: false });
    expect(notices).toEqual(["generation_config.json says alg_temp, which is not used"]); // origin takes positions at random
    expect(read({ alg_temp: 0.1 })).toMatchObject({ config: { algTemp: 0.1, alg: "entropy" }, notices: [] });
    expect(read({ eos_token_id: 7 }).config.eosTokenIds).toEqual([7]);
  });

  it("names what is not used, and passes over what is off or about files", () => {
    expect(read({ repetition_penalty: 1.1, max_length: 20, min_p: 0.1, do_sample: true, beams: 4 })).toMatchObject({
      notices: ["generation_config.json says repetition_penalty, max_length, min_p, beams, which are not used"],
    });
  });

  it("says nothing of what is off", () => {
    const file = { repetition_penalty: 1, top_k: 0, num_beams: 1, min_p: null, renormalize_logits: false, bad_words_ids: [], sequence_bias: {} };
    expect(read(file)).toMatchObject({ config: { maxNewTokens: 256 }, notices: [] });
    expect(read(file).config).not.toHaveProperty("topK");
  });

  it("names settings that the file's own algorithm does not read", () => {
    expect(read({ alg: "low_confidence", top_p: 0.5, steps: 8 }).notices).toEqual(["generation_config.json says top_p, which is not used"]);
    expect(read({ alg: "editing", temperature: 0.9, topP: 0.5, steps: 8 }).notices).toEqual([
      "generation_config.json says steps, temperature, topP, which are not used",
    ]);
    expect(read({ alg: "entropy", temperature: 0.9, topP: 0.5, steps: 8 }).notices).toEqual([]);
  });

  it("names twenty keys of any number and length", () => {
    const keys = Array.from({ length: 100_000 }, (_, i) => `key_${i}`);
    const [notice = ""] = read(Object.fromEntries([["k_".repeat(1_000_000), 1], ...keys.map((key) => [key, 1])])).notices;
    expect(notice).toContain(`says ${"k_".repeat(28)}k..., key_0, key_1, `);
    expect(notice).toMatch(/key_18, and 99981 more, which are not used$/);
  });

  it("takes both forms side by side, and refuses them when they differ", () => {
    const { config } = read({ promptLength: 48, maxNewTokens: 12, topP: 0.5, top_p: 0.5, eos_token_id: 3 });
    expect(config).toMatchObject({ promptLength: 48, maxNewTokens: 12, padPrompt: true, topP: 0.5, eosTokenIds: [3] });
    expect(read({ eosTokenIds: [3], eos_token_id: 3 }).config.eosTokenIds).toEqual([3]); // one token is a list of one
    expect(() => read({ topP: 0.5, top_p: 0.6 })).toThrow(`Invalid ${path}:\n  - top_p: must be the 0.5 of topP, got 0.6`);
  });

  it.each([
    [{ eos_token_id: 300 }, "eos_token_id: must be below vocab_size (300), got 300"],
    [{ eos_token_id: [1, [2]] }, "eos_token_id.1: must be a number, got [2]"],
    [{ eos_token_id: -1 }, "eos_token_id.0: must be at least 0, got -1"],
    [{ eos_token_id: "1" }, 'eos_token_id.0: must be a number, got "1"'],
    [{ max_new_tokens: 1e9 }, "max_new_tokens: must be at most 65536, got 1000000000"],
    [{ promptLength: 1e9 }, "promptLength: must be at most 65536, got 1000000000"],
    [{ top_k: -3 }, "top_k: must be greater than 0, got -3"],
    [{ top_p: 0 }, "top_p: must be greater than 0, got 0"],
  ])("names what is wrong by the file's own names: %j", (file, problem) => {
    expect(() => read(file, { vocabSize: 300 })).toThrow(`Invalid ${path}:\n  - ${problem}`);
  });

  it("holds token ids to those of config.json", () => {
    const tokenIds = { mask_token_id: 5, pad_token_id: 6 };
    expect(read({ mask_token_id: 5, pad_token_id: 6 }, { tokenIds }).notices).toEqual([]);
    expect(read({ mask_token_id: 7 }, { tokenIds }).notices).toEqual(["generation_config.json says mask_token_id, which is not used"]);
  });

  it("reads an autoregressive model's as Hugging Face does", () => {
    const autoregressive = true;
    expect(read({ top_k: 20, temperature: 0.7 }, { autoregressive }).config).toMatchObject({ temperature: 0, topK: 20, alg: "autoregressive" });
    expect(read({ temperature: 0.7 }, { autoregressive }).notices).toEqual(["generation_config.json says temperature, which is not used"]);
    expect(read({ do_sample: true, alg: "origin" }, { autoregressive }).notices).toEqual(["generation_config.json says alg, which is not used"]);
    expect(read({ do_sample: true, temperature: 0.7 }, { autoregressive })).toMatchObject({ config: { temperature: 0.7 }, notices: [] });
    expect(read({ maxNewTokens: 9, temperature: 0.7, eos_token_id: 1 }, { autoregressive }).config.temperature).toBe(0.7);
  });
});

describe("a generation_config.json of anything", () => {
  const number = fc.oneof(
    fc.constantFrom(0, 1, 0.5, -1, 299, 300, 1e9, 2 ** 53, 1e300, -1e300),
    fc.integer(),
    fc.double({ noNaN: true, noDefaultInfinity: true }),
  );
  const scalar = fc.oneof(
    number,
    fc.constantFrom("entropy", "origin", "autoregressive", "__proto__", ""),
    fc.string(),
    fc.boolean(),
    fc.constant(null),
  );
  const value = fc.oneof(scalar, fc.array(scalar, { maxLength: 3 }), fc.jsonValue());
  const own = ["promptLength", "maxNewTokens", "steps", "alg", "temperature", "topP", "topK", "algTemp", "eps", "eosTokenIds"];
  const theirs = [
    "max_new_tokens",
    "top_p",
    "top_k",
    "alg_temp",
    "eos_token_id",
    "do_sample",
    "mask_token_id",
    "repetition_penalty",
    "num_beams",
    "max_length",
  ];
  const key = fc.oneof(fc.constantFrom(...own, ...theirs, "__proto__", "constructor"), fc.string());

  it("is read within bounds or refused, and what it says is used, named or a file's own business", () => {
    fc.assert(
      fc.property(fc.oneof(fc.array(fc.tuple(key, value), { maxLength: 6 }), fc.json()), fc.boolean(), (content, autoregressive) => {
        const members = typeof content === "string" ? [] : content.map(([name, one]) => `${JSON.stringify(name)}:${JSON.stringify(one)}`);
        writeFileSync(path, typeof content === "string" ? content : `{${members.join(",")}}`);
        try {
          const { config } = readGenerationConfig(dir, { maxLength: 2048, vocabSize: 300, autoregressive, tokenIds: { mask_token_id: 5 } });
          expect(Math.max(config.maxNewTokens, config.promptLength, config.steps)).toBeLessThanOrEqual(65_536);
          for (const id of config.eosTokenIds ?? []) expect(id).toBeLessThan(300);
        } catch (error) {
          expect(error).toBeInstanceOf(DiffuCoderError);
          expect((error as Error).message.length).toBeLessThan(20_000);
        }
      }),
    );
  });
});

describe("loadDiffuCoder", () => {
  it("stops at any token of eos_token_id", async () => {
    const plain = makeTinyModel();
    const coder = await loadDiffuCoder(plain.dir);
    const request = { prompt: "Return the sum of xs.", seed: 1 };
    const long = await coder.generate(request);
    const end = long.tokenIds[4] as number;
    expect(long.completionTokens).toBeGreaterThan(4);
    await coder.close();
    const ending = makeTinyModel({ generationConfig: { eos_token_id: [0, end], repetition_penalty: 1.1 } });
    const stopping = await loadDiffuCoder(ending.dir);
    expect(stopping.endIds.has(end)).toBe(true);
    expect(stopping.notices).toEqual(["generation_config.json says repetition_penalty, which is not used"]);
    const short = await stopping.generate(request);
    expect(short).toMatchObject({ finishReason: "stop" });
    expect(short.completionTokens).toBeLessThanOrEqual(4);
    await stopping.close();
    plain.remove();
    ending.remove();
  });

  it("refuses a completion that no memory would hold, before anything is read", async () => {
    const model = makeTinyModel();
    const config = join(model.dir, "config.json");
    writeFileSync(config, readFileSync(config, "utf8").replace(/"max_position_embeddings": \d+/, '"max_position_embeddings": 2147483647'));
    const coder = await loadDiffuCoder(model.dir);
    await expect(coder.generate({ prompt: "x", maxNewTokens: 1e9 })).rejects.toThrow("  - maxNewTokens: must be at most 65536, got 1000000000");
    await expect(coder.infill({ prefix: "a", suffix: "b", masks: 1e9 })).rejects.toThrow("  - masks: must be at most 65536, got 1000000000");
    const template = ["a", { masks: 65_536 }, "b", { masks: 65_536 }];
    await expect(coder.infill({ template })).rejects.toThrow("The model is made for 131072 tokens.");
    await coder.close();
    model.remove();
  });
});
