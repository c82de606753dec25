// Autoregressive models behind the same interface: the base that adaptation starts from, and the baseline.
import { copyFileSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { createRandom } from "@diffucoder/core";
import { type AutoregressiveConfig, initParameters, saveModel } from "@diffucoder/model";
import { Tokenizer, trainBpe } from "@diffucoder/tokenizer";
import { compile, int32, type Tensor } from "@diffucoder/tensor";
import { afterAll, describe, expect, it } from "vitest";
import { type DiffuCoder, loadDiffuCoder } from "./index.ts";
import { TINY_SIZES } from "./tiny-model.fixture.ts";

const folders: string[] = [];
const newFolder = (): string => {
  const dir = mkdtempSync(join(tmpdir(), "diffucoder-ar-"));
  folders.push(dir);
  return dir;
};
afterAll(() => folders.forEach((dir) => rmSync(dir, { recursive: true })));

function makeQwen({ chat = false, generationConfig = {} }: { chat?: boolean; generationConfig?: object } = {}): string {
  const dir = newFolder();
  const file = trainBpe({
    texts: ["def f(xs):\n    return sum(xs)\n"],
    vocabSize: 270,
    specialTokens: ["<|endoftext|>", ...(chat ? ["<|im_start|>", "<|im_end|>"] : [])],
  });
  const { special, vocabSize } = Tokenizer.fromData(file);
  const config: AutoregressiveConfig = {
    family: "qwen2",
    vocabSize: vocabSize + 5, // embeddings often have more rows than there are tokens
    ...TINY_SIZES,
    initializerRange: 0.5,
    tieWordEmbeddings: true,
    eosTokenIds: [special.endOfText],
  };
  saveModel(dir, { config, parameters: initParameters({ config, random: createRandom(3) }) });
  writeFileSync(join(dir, "tokenizer.json"), JSON.stringify(file));
  writeFileSync(join(dir, "generation_config.json"), JSON.stringify({ max_new_tokens: 10, temperature: 0.7, ...generationConfig }));
  return dir;
}

/** The likeliest next token of the whole forward pass, again and again, without a cache. */
async function greedyIds({ logits, parameters }: DiffuCoder, promptIds: readonly number[], count: number): Promise<number[]> {
  const run = compile((weights: Record<string, Tensor>, inputIds: Tensor) => ({ logits: logits(weights, { inputIds, attention: "causal" }) }));
  const ids = [...promptIds];
  for (let i = 0; i < count; i++) {
    const { logits: all } = await run(parameters, int32(ids, [1, ids.length]));
    const last = all.data.slice(-(all.shape[2] as number));
    ids.push(last.indexOf(Math.max(...last)));
  }
  run.dispose();
  return ids.slice(promptIds.length);
}

describe("a Qwen2 folder", () => {
  it("is recognized by its config, and goes on from a prompt as greedy decoding without a cache does", async () => {
    const coder = await loadDiffuCoder(makeQwen());
    const promptIds = coder.tokenizer.encode("def f(xs):");
    const free = await greedyIds(coder, promptIds, 10);
    const want = free.slice(0, free.findIndex((id) => coder.endIds.has(id)) + 1 || 10);
    expect(want.every((id) => coder.tokenizer.hasToken(id))).toBe(true);
    const { tokenIds, trace, forwardPasses } = await coder.generate({ prompt: "def f(xs):" });
    expect(trace.initialIds.slice(0, -10)).toEqual(promptIds);
    expect(tokenIds.slice(0, want.length)).toEqual(want);
    expect(forwardPasses).toBe(want.length);
    await coder.close();
  });

  it("streams its text from left to right, and draws by seed", async () => {
    const coder = await loadDiffuCoder(makeQwen());
    const positions: number[] = [];
    for await (const event of coder.stream({ prompt: "def", temperature: 1, seed: 2 }))
      if (event.type === "reveal") positions.push(...event.positions);
    expect(positions).toEqual([...positions.keys()]);
    const text = async (seed: number) => (await coder.generate({ prompt: "def", temperature: 1, seed })).text;
    expect(await text(2)).toBe(await text(2));
    expect(await text(3)).not.toBe(await text(2));
  });

  it("is greedy unless its generation config says do_sample", async () => {
    expect((await loadDiffuCoder(makeQwen())).generationConfig).toMatchObject({ temperature: 0, alg: "autoregressive" });
    expect((await loadDiffuCoder(makeQwen({ generationConfig: { do_sample: true } }))).generationConfig.temperature).toBe(0.7);
  });

  it("answers in a chat template where it has one, and says where it has none", async () => {
    const chatting = await loadDiffuCoder(makeQwen({ chat: true }));
    const messages = [{ role: "user", content: "def" }] as const;
    const { promptTokens } = await chatting.chat(messages);
    expect(promptTokens).toBe(chatting.tokenizer.encodeChat(messages).length);
    const coder = await loadDiffuCoder(makeQwen());
    await expect(coder.chat(messages)).rejects.toMatchObject({
      name: "NoChatTemplateError",
      message: "messages needs a chat template, which this model does not have. Pass `prompt` instead; it is continued as plain text.",
    });
    await expect(coder.generate({ prompt: "def", chatTemplate: true })).rejects.toMatchObject({
      name: "NoChatTemplateError",
      message: "chatTemplate needs a chat template, which this model does not have. Without it, `prompt` is continued as plain text.",
    });
  });

  it("goes on with an answer that has begun, in a template that is not ChatML", async () => {
    const dir = makeQwen();
    const template = "{% for m in messages %}[{{ m.role }}] {{ m.content }}\n{% endfor %}{% if add_generation_prompt %}[assistant] {% endif %}";
    writeFileSync(join(dir, "tokenizer_config.json"), JSON.stringify({ chat_template: template }));
    const coder = await loadDiffuCoder(dir);
    const messages = [{ role: "user", content: "xs" } as const, { role: "assistant", content: "def f" } as const];
    const { trace } = await coder.chat(messages, { continueFinalMessage: true, maxNewTokens: 2 });
    expect(coder.tokenizer.decode(trace.initialIds.slice(0, -2))).toBe("[user] xs\n[assistant] def f");
  });

  it("is read in 8 bits", async () => {
    const coder = await loadDiffuCoder(makeQwen(), { quantize: "int8" });
    const want = await greedyIds(coder, coder.tokenizer.encode("def f"), 6);
    expect((await coder.generate({ prompt: "def f", maxNewTokens: 6 })).tokenIds).toEqual(want);
  });

  it("refuses what only a diffusion model can do", async () => {
    const coder = await loadDiffuCoder(makeQwen());
    await expect(coder.generate({ prompt: "def", alg: "entropy", steps: 4 })).rejects.toThrow(
      [
        "Invalid generate options:",
        '  - alg: must be "autoregressive", "speculative" or absent for a model of type qwen2, which writes from left to right, got "entropy"',
      ].join("\n"),
    );
    await expect(coder.generate({ prompt: "def", steps: 4, cache: { kind: "dual" } })).rejects.toThrow(
      [
        "Invalid generate options:",
        "  - steps: not used by autoregressive (used by origin, maskgit_plus, topk_margin, entropy, low_confidence, random, remdm_cap, remdm_rescale, remdm_conf, p2, mdlm, bd3lm, bd3lm_card, stable_diffcoder_steps)",
        "  - cache: not used by a model of type qwen2, which has an exact cache of its own",
      ].join("\n"),
    );
    await expect(coder.infill({ prefix: "def" })).rejects.toThrow(
      'model must be a masked diffusion model to infill, got "qwen2". An autoregressive one sees only what stands before.',
    );
  });
});

const weights = fileURLToPath(new URL("../../../../shared/weights", import.meta.url));
const isThere = existsSync(join(weights, "stories260K.safetensors"));

describe.skipIf(!isThere)(`stories260K${isThere ? "" : " (SKIPPED: ../shared/weights is not there)"}`, () => {
  it("writes the reference's tokens, each in a pass of its own", async () => {
    const dir = newFolder();
    copyFileSync(join(weights, "stories260K.config.json"), join(dir, "config.json"));
    copyFileSync(join(weights, "stories260K.safetensors"), join(dir, "model.safetensors"));
    // Its own tokenizer is a SentencePiece model, which is not read here: 512 other tokens stand for its ids.
    const specialTokens = Array.from({ length: 256 }, (_, i) => `<|${i}|>`);
    writeFileSync(join(dir, "tokenizer.json"), JSON.stringify(trainBpe({ texts: [], vocabSize: 512, specialTokens })));
    const coder = await loadDiffuCoder(dir);
    const { ids_greedy64: want } = JSON.parse(readFileSync(join(weights, "stories260K.golden.json"), "utf8")) as { ids_greedy64: number[] };
    const prompt = coder.tokenizer.decode([want[0] as number]);
    expect(coder.tokenizer.encode(prompt)).toEqual([want[0]]);
    const { tokenIds, forwardPasses } = await coder.generate({ prompt, maxNewTokens: 63 });
    expect([want[0], ...tokenIds]).toEqual(want);
    expect(forwardPasses).toBe(63);
  });
});
