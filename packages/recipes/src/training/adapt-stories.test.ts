// A real autoregressive model, stories260K (karpathy, MIT), adapted to diffusion on texts of its own: its loss on masked tokens falls.
import { existsSync, copyFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { createRandom, parseConfig } from "@diffucoder/core";
import { loadDiffuCoder } from "@diffucoder/engine";
import { afterAll, describe, expect, it } from "vitest";
import { runLaterStage } from "./later-stages.ts";
import { StageRecipeSchema } from "./stage-recipe.ts";

const weights = fileURLToPath(new URL("../../../../../shared/weights", import.meta.url));
const isThere = existsSync(join(weights, "stories260K.safetensors"));

/** Bytes as GPT-2's symbols, which a byte-level tokenizer.json is written in. */
const symbolOf = (byte: number): string => {
  const isPlain = (one: number): boolean => (one >= 33 && one <= 126) || (one >= 161 && one <= 172) || one >= 174;
  if (isPlain(byte)) return String.fromCodePoint(byte);
  return String.fromCodePoint(256 + Array.from({ length: byte }, (_, one) => one).filter((one) => !isPlain(one)).length);
};
const symbolsOf = (text: string): string => [...Buffer.from(text)].map(symbolOf).join("");

/**
 * tok512.bin, llama2.c's form of the model's SentencePiece vocabulary, as a byte-level tokenizer.json with the same ids: letters have a
 * piece, and the token of their byte, which is never used, keeps its id under another name.
 */
function tokenizerFile(): object {
  const file = readFileSync(join(weights, "tok512.bin"));
  const pieces: { text: string; score: number }[] = [];
  for (let at = 4; at < file.length;) {
    const size = file.readInt32LE(at + 4);
    pieces.push({ text: file.toString("utf8", at + 8, at + 8 + size), score: file.readFloatLE(at) });
    at += 8 + size;
  }
  const ordinary = pieces.map(({ text }, id) => (id >= 259 ? symbolsOf(text) : undefined));
  const known = new Set(ordinary);
  const byteSymbol = (id: number): string => symbolOf(id - 3);
  const vocab: Record<string, number> = {};
  const added: { id: number; content: string; special: boolean }[] = [];
  pieces.forEach((_, id) => {
    const symbol = ordinary[id] ?? (id >= 3 ? byteSymbol(id) : undefined);
    const isUnused = symbol === undefined || (id < 259 && known.has(symbol));
    const content = isUnused ? (["<unk>", "<s>", "</s>"][id] ?? `<byte-${id - 3}>`) : symbol;
    if (isUnused) added.push({ id, content, special: true });
    vocab[content] = id;
  });
  const merges = pieces
    .map(({ score }, id) => ({ symbol: ordinary[id] ?? "", score }))
    .filter(({ symbol }) => symbol.length > 1)
    .toSorted((a, b) => b.score - a.score)
    .flatMap(({ symbol }) =>
      Array.from({ length: symbol.length - 1 }, (_, i) => [symbol.slice(0, i + 1), symbol.slice(i + 1)]).filter((pair) =>
        pair.every((part) => part in vocab),
      ),
    );
  return {
    added_tokens: added,
    normalizer: null,
    pre_tokenizer: { type: "ByteLevel", add_prefix_space: false, use_regex: false },
    decoder: { type: "ByteLevel" },
    model: { type: "BPE", vocab, merges },
  };
}

describe.skipIf(!isThere)(`stories260K${isThere ? "" : " (SKIPPED: ../shared/weights is not there)"}`, () => {
  const folder = mkdtempSync(join(tmpdir(), "adapt-stories-"));
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  it("becomes a diffusion model whose masked loss falls, on texts that it wrote itself", { timeout: 300_000 }, async () => {
    copyFileSync(join(weights, "stories260K.config.json"), join(folder, "config.json"));
    copyFileSync(join(weights, "stories260K.safetensors"), join(folder, "model.safetensors"));
    writeFileSync(join(folder, "tokenizer.json"), JSON.stringify(tokenizerFile()));
    writeFileSync(join(folder, "tokenizer_config.json"), JSON.stringify({ bos_token: "<s>", eos_token: "</s>" }));
    const teacher = await loadDiffuCoder(folder);
    const openings = ["Once upon a time, there was a", "One day, a little girl", "Tom and Lily were", "The dog saw a big"];
    const random = createRandom(5);
    const written = await teacher.generate(
      Array.from({ length: 32 }, (_, i) => ({
        prompt: openings[i % openings.length]!,
        maxNewTokens: 64,
        temperature: 1,
        topP: 0.9,
        seed: random.integer(0, 1e6),
      })),
    );
    await teacher.close();
    const texts = written.map(({ text }, i) => `${openings[i % openings.length]}${text}`);
    expect(texts.join(" ")).toMatch(/\b(she|he|and|was)\b/); // the tokenizer is the model's
    const file = (name: string, some: readonly string[]): string => {
      writeFileSync(join(folder, name), some.map((text) => `${JSON.stringify({ text })}\n`).join(""));
      return join(folder, name);
    };
    const recipe = parseConfig(StageRecipeSchema, {
      data: { dataset: file("texts.jsonl", texts.slice(0, 26)), promptLength: 16, completionLength: 32 },
      training: {
        stages: [{ objective: "adaptation", maxSteps: 40, annealSteps: 10, truncationRate: 0.01, cleanPrefixRate: 0.01 }],
        perDeviceTrainBatchSize: 8,
        learningRate: 1e-3,
        warmupSteps: 5,
        evalSteps: 40,
      },
      evaluation: { dataset: file("held-out.jsonl", texts.slice(26)), examples: 8 },
    });
    const losses: number[] = [];
    const adapted = await runLaterStage({
      command: "adapt",
      init: folder,
      recipe,
      output: join(folder, "run"),
      fresh: true,
      signal: new AbortController().signal,
      onProgress: ({ phase, metrics }) => void (phase === "evaluation" && losses.push(metrics!["evalLoss"]!)),
      onNote: () => {},
    });
    const [before, after] = losses as [number, number];
    expect(losses).toHaveLength(2);
    expect(after).toBeLessThan(0.9 * before);
    const coder = await loadDiffuCoder(adapted);
    expect(coder.config).toMatchObject({ vocabSize: 513, maskTokenId: 512 }); // Llama's vocabulary and a row for the mask
    expect((await coder.generate({ prompt: "Once upon a time", maxNewTokens: 8 })).tokenIds).toHaveLength(8);
    await coder.close();
  });
});
