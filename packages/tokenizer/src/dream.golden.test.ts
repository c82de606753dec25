// Dream's own tokenizer files, against Hugging Face's implementation for JavaScript, which shares no code with ours.
import { cpSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { createRandom } from "@diffucoder/core";
import { Tokenizer as Independent } from "@huggingface/tokenizers";
import { afterAll, describe, expect, it } from "vitest";
import { QWEN_PATTERN, Tokenizer } from "./index.ts";

const files = fileURLToPath(new URL("../../../../shared/tokenizer/dream", import.meta.url));
const isThere = existsSync(join(files, "vocab.json"));

describe.skipIf(!isThere)(`Dream's tokenizer${isThere ? "" : " (SKIPPED: ../shared/tokenizer/dream is not there)"}`, () => {
  const folder = mkdtempSync(join(tmpdir(), "dream-tokenizer-"));
  afterAll(() => rmSync(folder, { recursive: true }));
  const readJson = (name: string): any => JSON.parse(readFileSync(join(files, name), "utf8"));
  const tokenizer = isThere ? Tokenizer.fromFolder(files) : (undefined as never);
  const vocab = isThere ? readJson("vocab.json") : {};
  const merges = isThere ? readFileSync(join(files, "merges.txt"), "utf8").split("\n").slice(1).filter(Boolean) : [];

  /** What tokenizer.json holds for these files. */
  const tokenizerJson = (addedTokens: boolean): any => {
    const added = Object.entries<{ content: string; special: boolean }>(readJson("tokenizer_config.json").added_tokens_decoder);
    return {
      version: "1.0",
      truncation: null,
      padding: null,
      added_tokens: addedTokens ? added.map(([id, token]) => ({ id: Number(id), ...token })) : [],
      normalizer: { type: "NFC" },
      pre_tokenizer: {
        type: "Sequence",
        pretokenizers: [
          { type: "Split", pattern: { Regex: QWEN_PATTERN }, behavior: "Isolated", invert: false },
          { type: "ByteLevel", add_prefix_space: false, trim_offsets: false, use_regex: false },
        ],
      },
      post_processor: null,
      decoder: { type: "ByteLevel", add_prefix_space: false, trim_offsets: false, use_regex: false },
      model: {
        type: "BPE",
        dropout: null,
        unk_token: null,
        continuing_subword_prefix: "",
        end_of_word_suffix: "",
        fuse_unk: false,
        byte_fallback: false,
        vocab,
        merges,
      },
    };
  };

  /** The independent implementation with special tokens; reading 150,000 tokens takes it a second. */
  const trusting = isThere ? new Independent(tokenizerJson(true), {}) : (undefined as never);

  /** Code of this repository in slices, and words of all kinds in any order. */
  const texts = (count: number, withSpecial: boolean): string[] => {
    const random = createRandom(7);
    const sources = ["tokenizer.ts", "train-bpe.ts", "chat-template.ts", "../README.md", "../package.json"];
    const code = sources.map((path) => readFileSync(new URL(path, import.meta.url), "utf8")).join("\n");
    const letters = "aeinorstxyzAEIOUé\u0301ñüßøłŁ\u017fжщлюアカ漢字한글\u1100\u1161\u11a8עברית\u0939\u093f\u0928\u094d";
    const others =
      " \t\n\r\0\u0085\u00a0\u2028\u3000\uFEFF\u200d.,;:!?'\"()[]{}<>|_-+=*/\\#@$%^&~`0123456789½Ⅷ٣€\u{1F600}\u{1F468}\u200d\u{1F469}\u0300\u0327\u20dd\uD800";
    const words = ["'s", "'LL", " don't", "\r\n\r\n", "    ", "==", "\t\t", "e\u0301", "\u212b", "ﬁ", "0", "12", "345"];
    const special = ["<|mask|>", "<|im_end|>", "<|endoftext|>", "<tool_call>", "<|dlm_pad|>", "<|", "|>", "<|fim_middle|>"];
    const pick = <T>(from: readonly T[]): T => from[random.integer(0, from.length)] as T;
    const kinds = [Array.from(letters), Array.from(others), words, ...(withSpecial ? [special] : [])];
    return Array.from({ length: count }, (_, i) => {
      if (i % 2 === 0) {
        const at = random.integer(0, code.length - 300);
        const slice = code.slice(at, at + random.integer(1, 300));
        return i % 4 === 0 ? slice : slice.replaceAll("\n", "\r\n");
      }
      return Array.from({ length: random.integer(1, 60) }, () => pick(pick(kinds))).join("");
    });
  };

  it("gives the ids of an independent implementation on 1000 mixed texts, with special tokens as text", () => {
    const independent = new Independent(tokenizerJson(false), {});
    for (const text of texts(1000, true)) {
      const ids = tokenizer.encode(text);
      expect(ids, JSON.stringify(text)).toEqual(independent.encode(text, { add_special_tokens: false }).ids);
      expect(tokenizer.decode(ids)).toBe(text.normalize("NFC").replace(/\p{Surrogate}/gu, "\uFFFD"));
      expect(ids.some((id) => tokenizer.isSpecial(id))).toBe(false);
    }
  });

  it("gives them with special tokens for what they are, in trusted text", () => {
    for (const text of texts(300, true)) {
      expect(tokenizer.encodeTrusted(text), JSON.stringify(text)).toEqual(trusting.encode(text, { add_special_tokens: false }).ids);
    }
  });

  it("reads the same from tokenizer.json", () => {
    cpSync(join(files, "tokenizer_config.json"), join(folder, "tokenizer_config.json"));
    writeFileSync(join(folder, "tokenizer.json"), JSON.stringify(tokenizerJson(true)));
    const again = Tokenizer.fromFolder(folder);
    expect(Object.fromEntries(again.specialTokens)).toEqual(Object.fromEntries(tokenizer.specialTokens));
    expect(again.roles).toEqual(tokenizer.roles);
    for (const text of texts(50, true)) expect(again.encode(text)).toEqual(tokenizer.encode(text));
  });

  it("has the special tokens and roles of its files", () => {
    expect({ ...tokenizer.special }).toEqual({ endOfText: 151643, imStart: 151644, imEnd: 151645, mask: 151666 });
    expect(tokenizer.roles).toEqual({ bos: 151665, eos: 151643, pad: 151643, mask: 151666 });
    expect(tokenizer.stopIds).toEqual(new Set([151645, 151643]));
    expect(tokenizer.vocabSize).toBe(151667);
    expect([tokenizer.hasToken(151666), tokenizer.hasToken(151667), tokenizer.hasToken(151704)]).toEqual([true, false, false]);
    expect(tokenizer.decode([151704])).toBe("\uFFFD");
  });

  it("writes conversations in its own template, with the default system message", () => {
    const written = "<|im_start|>system\nYou are a helpful assistant.<|im_end|>\n<|im_start|>user\nSum <|mask|>.<|im_end|>\n<|im_start|>assistant\n";
    const ids = tokenizer.encodeChat([{ role: "user", content: "Sum <|mask|>." }]);
    expect(tokenizer.decode(ids, { skipSpecial: false })).toBe(written);
    expect(ids.filter((id) => id === tokenizer.special.mask)).toEqual([]);
    const plain = written.replace("<|mask|>", "xs");
    expect(tokenizer.encodeChat([{ role: "user", content: "Sum xs." }])).toEqual(trusting.encode(plain).ids);
  });

  it("gives a long run of one letter the ids of its parts, without looking at all pairs again and again", () => {
    // tiktoken's own merging is quadratic in the length of a word.
    for (const letter of ["a", "-", " ", "あ", "\n"]) expect(tokenizer.decode(tokenizer.encode(letter.repeat(20_000)))).toBe(letter.repeat(20_000));
  });
});
