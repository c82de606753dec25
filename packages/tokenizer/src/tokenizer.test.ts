import { mkdtempSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { FileError, InvalidArgumentError } from "@diffucoder/core";
import fc from "fast-check";
import { afterAll, describe, expect, it } from "vitest";
import { toSymbols } from "./byte-symbols.ts";
import { SPECIAL_TOKENS, Tokenizer } from "./tokenizer.ts";
import { type TokenizerFile, toVocabulary } from "./tokenizer-file.ts";
import { trainBpe, WORD_PATTERN } from "./train-bpe.ts";

const folder = mkdtempSync(join(tmpdir(), "tokenizer-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const file: TokenizerFile = trainBpe({
  texts: ["def f(xs):\n    return sum(xs)\n", "def f(xs):\n    return max(xs)\n", "naïve café"],
  vocabSize: 280,
  specialTokens: Object.values(SPECIAL_TOKENS),
});
const tokenizer = Tokenizer.fromData(file);
const specialIds = new Set(Object.values(tokenizer.special));

/** Text that likes to hold what special tokens are written as. */
const text = fc
  .array(
    fc.oneof(fc.string({ unit: "binary" }), fc.constantFrom(...Object.values(SPECIAL_TOKENS), "<|", "mask", "|>", "\n", "é", "e\u0301", "\uFEFF")),
  )
  .map((parts) => parts.join(""));

describe("encode and decode", () => {
  it("gives every text back, in Unicode's normal form", () => {
    fc.assert(
      fc.property(text, (value) => {
        expect(tokenizer.decode(tokenizer.encode(value))).toBe(value.normalize("NFC"));
      }),
    );
  });

  it("keeps a byte order mark, and writes half a character as U+FFFD", () => {
    expect(tokenizer.decode(tokenizer.encode("\uFEFFa\uFEFF"))).toBe("\uFEFFa\uFEFF");
    expect(tokenizer.decode(tokenizer.encode("a\uD800b"))).toBe("a\uFFFDb");
  });

  it("never makes a special token out of text", () => {
    fc.assert(
      fc.property(text, (value) => {
        expect(tokenizer.encode(value).some((id) => specialIds.has(id))).toBe(false);
      }),
    );
    expect(tokenizer.decode(tokenizer.encode(SPECIAL_TOKENS.mask))).toBe("<|mask|>");
  });

  it("uses merges that it learned", () => {
    expect(tokenizer.encode("def").length).toBeLessThan(3);
    expect(tokenizer.encode("def f(xs)").length).toBeLessThan("def f(xs)".length);
  });

  it("gives a word the same ids early and late, when tiktoken merges", () => {
    const many = Array.from({ length: 20_000 }, (_, i) => `f${i} naïve${i}(xs)`).join(" "); // 300 kB of different words
    const late = Tokenizer.fromData(file);
    expect(late.encode(many).length).toBeGreaterThan(100_000);
    fc.assert(
      fc.property(text, (value) => {
        expect(late.encode(value)).toEqual(tokenizer.encode(value));
      }),
    );
    for (const word of many.split(" ").slice(-100)) expect(late.encode(word)).toEqual(Tokenizer.fromData(file).encode(word));
  });

  it("joins as byte-pair encoding does: the earliest merge first, everywhere in a word", () => {
    const { vocab, merges } = file.model;
    const pattern = new RegExp(WORD_PATTERN, "gu");
    const joined = (word: string): number[] => {
      let parts = toSymbols(new TextEncoder().encode(word)).split("");
      for (const [left, right] of merges as [string, string][]) {
        const next: string[] = [];
        for (const part of parts) {
          if (next.at(-1) === left && part === right) next.splice(-1, 1, left + right);
          else next.push(part);
        }
        parts = next;
      }
      return parts.map((part) => vocab[part]!);
    };
    const code = fc
      .array(fc.constantFrom("def ", "f(", "xs", "):", "\n    ", "return ", "sum", "max", "ée", "é", " ", "\n", "42"))
      .map((parts) => parts.join(""));
    fc.assert(
      fc.property(fc.oneof(code, text), (value) => {
        const words = value.normalize("NFC").match(pattern) ?? [];
        expect(tokenizer.encode(value)).toEqual(words.flatMap(joined));
      }),
    );
  });

  it("leaves special tokens out of the text unless asked for", () => {
    const ids = [...tokenizer.encode("a"), tokenizer.special.mask, ...tokenizer.encode("b")];
    expect(tokenizer.decode(ids)).toBe("ab");
    expect(tokenizer.decode(ids, { skipSpecial: false })).toBe("a<|mask|>b");
  });

  it("writes U+FFFD for bytes that are no UTF-8 and ids that are no token", () => {
    expect(tokenizer.decode([0xff, 1e6])).toBe("\uFFFD\uFFFD");
  });
});

describe("arguments that are none", () => {
  const user = (content: unknown): unknown => [{ role: "user", content }];
  it.each<[string, () => unknown, string]>([
    ["encode(undefined)", () => tokenizer.encode(undefined as never), "text must be a string, got undefined."],
    ["encode(42)", () => tokenizer.encode(42 as never), "text must be a string, got 42."],
    ["encodeTrusted(null)", () => tokenizer.encodeTrusted(null as never), "text must be a string, got null."],
    ['decode("x")', () => tokenizer.decode("x" as never), 'ids must be an array of token ids, got "x".'],
    ["decode(7)", () => tokenizer.decode(7 as never), "ids must be an array of token ids, got 7."],
    ["decode([1, -2])", () => tokenizer.decode([1, -2]), "ids[1] must be a token id, an integer of at least 0, got -2."],
    ["decode([20.7])", () => tokenizer.decode([20.7]), "ids[0] must be a token id, an integer of at least 0, got 20.7."],
    ["decode([NaN])", () => tokenizer.decode([Number.NaN]), "ids[0] must be a token id, an integer of at least 0, got NaN."],
    ["decode([[1]])", () => tokenizer.decode([[1]] as never), "ids[0] must be a token id, an integer of at least 0, got [1]."],
    ["push(-100)", () => tokenizer.decodeStream().push(-100), "id must be a token id, an integer of at least 0, got -100."],
    ["encodeChat('hi')", () => tokenizer.encodeChat("hi" as never), 'messages must be an array of { role, content }, got "hi".'],
    ["encodeChat(['hi'])", () => tokenizer.encodeChat(["hi"] as never), 'messages[0] must be an object { role, content }, got "hi".'],
    ["no role", () => tokenizer.encodeChat([{ content: "hi" }] as never), "messages[0].role must be a string, got undefined."],
    ["no content", () => tokenizer.encodeChat(user(undefined) as never), "messages[0].content must be a string, got undefined."],
  ])("%s", (_, call, message) => {
    expect(call).toThrow(InvalidArgumentError);
    expect(call).toThrow(message);
  });

  it("takes ids from anything that can be gone through once", () => {
    const ids = tokenizer.encode("def");
    expect(tokenizer.decode(ids.values())).toBe("def");
    expect(tokenizer.decode(Int32Array.from(ids))).toBe("def");
  });
});

describe("decodeStream", () => {
  it("gives the text of decode, whole characters only", () => {
    fc.assert(
      fc.property(text, (value) => {
        const stream = tokenizer.decodeStream();
        const parts = tokenizer.encode(value).map((id) => stream.push(id));
        expect(parts.join("") + stream.end()).toBe(value.normalize("NFC"));
        if (!value.includes("\uFFFD")) expect(parts.join("")).not.toContain("\uFFFD");
      }),
    );
  });
});

describe("encodeChat", () => {
  it("is ChatML, as written by hand", () => {
    const messages = [
      { role: "system" as const, content: "Be brief." },
      { role: "user" as const, content: "Sum xs." },
    ];
    const written = "<|im_start|>system\nBe brief.<|im_end|>\n<|im_start|>user\nSum xs.<|im_end|>\n<|im_start|>assistant\n";
    expect(tokenizer.decode(tokenizer.encodeChat(messages), { skipSpecial: false })).toBe(written);
    expect(tokenizer.decode(tokenizer.encodeChat(messages, { addGenerationPrompt: false }), { skipSpecial: false })).toBe(
      written.slice(0, written.lastIndexOf("<|im_start|>")),
    );
  });

  it("cuts the role and the content into words as one text, as the template written out would be", () => {
    const lined = Tokenizer.fromData(
      trainBpe({ texts: Array(9).fill("user\n\n\n    def"), vocabSize: 280, specialTokens: Object.values(SPECIAL_TOKENS) }),
    );
    const { imStart, imEnd } = lined.special;
    expect(lined.encode("user\n\n\nhi").length).toBeLessThan([...lined.encode("user\n"), ...lined.encode("\n\nhi")].length);
    expect(lined.encodeChat([{ role: "user", content: "\n\nhi" }], { addGenerationPrompt: false })).toEqual([
      imStart,
      ...lined.encode("user\n\n\nhi"),
      imEnd,
      ...lined.encode("\n"),
    ]);
  });

  it("keeps a message from ending its turn or holding a mask", () => {
    fc.assert(
      fc.property(text, (content) => {
        const ids = tokenizer.encodeChat([{ role: "user", content }]);
        const found = ids.filter((id) => specialIds.has(id));
        expect(found).toEqual([tokenizer.special.imStart, tokenizer.special.imEnd, tokenizer.special.imStart]);
      }),
    );
  });
});

describe("tokenizer files", () => {
  const write = (data: unknown): string => {
    const path = join(folder, "tokenizer.json");
    writeFileSync(path, typeof data === "string" ? data : JSON.stringify(data));
    return path;
  };
  const without = (key: keyof TokenizerFile): object => Object.fromEntries(Object.entries(file).filter(([name]) => name !== key));

  it("come back from disk the same", () => {
    expect(Tokenizer.fromFile(write(file)).encode("def f(xs):")).toEqual(tokenizer.encode("def f(xs):"));
  });

  it("that are missing, cut off or something else are named", () => {
    expect(() => Tokenizer.fromFile(join(folder, "none.json"))).toThrow(/none\.json: no such file/);
    const path = write(file);
    truncateSync(path, 500);
    expect(() => Tokenizer.fromFile(path)).toThrow(/tokenizer\.json: not valid JSON/);
    expect(() => Tokenizer.fromFile(write(without("model")))).toThrow(/is not a byte-level BPE/);
    expect(() => Tokenizer.fromFile(write({ ...file, model: { ...file.model, type: "Unigram" } }))).toThrow(FileError);
  });

  it("with ids that collide or leave gaps are refused", () => {
    const withVocab = (vocab: Record<string, number>): TokenizerFile => ({ ...file, model: { ...file.model, vocab } });
    const withSpecial = (...special: [id: number, content: string][]): TokenizerFile => ({
      ...file,
      added_tokens: special.map(([id, content]) => ({ id, content, special: true })),
    });
    expect(() => toVocabulary(withVocab({ a: 0, b: 0 }))).toThrow("two tokens have the id 0");
    expect(() => toVocabulary(withVocab({ a: 0, b: 2 }))).toThrow("must run from 0 to 1");
    expect(() => toVocabulary(withVocab({ a: 0, b: 1 }))).toThrow("has tokens for 2 of the 256 bytes");
    expect(() => toVocabulary(withSpecial([3, "<|mask|>"]))).toThrow("has the id of an ordinary one");
    expect(() => toVocabulary(withSpecial([300, "<|mask|>"], [300, "<|im_end|>"]))).toThrow("two special tokens share an id or a text");
    expect(() => toVocabulary(withSpecial([300, "<|mask|>"], [301, "<|mask|>"]))).toThrow("two special tokens share an id or a text");
  });

  it("may list their merges in any form and order, but not of tokens that are not there", () => {
    const withMerges = (merges: TokenizerFile["model"]["merges"]): TokenizerFile => ({ ...file, model: { ...file.model, merges } });
    const asText = file.model.merges.map((merge) => (merge as [string, string]).join(" "));
    expect(Tokenizer.fromData(withMerges(asText)).encode("def f(xs):")).toEqual(tokenizer.encode("def f(xs):"));
    expect(() => toVocabulary(withMerges([...file.model.merges, ["z", "q"]]))).toThrow(
      "tokenizer.json: a token of merge z + q is missing in the vocabulary.",
    );
    expect(() => toVocabulary(withMerges(["ab"]))).toThrow("tokenizer.json: a token of merge ab is missing in the vocabulary.");
  });

  const byteLevel = { type: "ByteLevel", add_prefix_space: false, use_regex: false };
  const splitAt = (Regex: string, behavior = "Isolated"): object => ({ type: "Split", pattern: { Regex }, behavior, invert: false });

  it.each<[Record<string, unknown>, string]>([
    [{ pre_tokenizer: null }, "is not byte-level: it has no pre-tokenizer"],
    [{ pre_tokenizer: { type: "Metaspace" } }, "has the pre-tokenizer Metaspace, expected Split, Digits, Punctuation and ByteLevel"],
    [{ pre_tokenizer: { type: "Digits", individual_digits: true } }, "is not byte-level: it has no ByteLevel pre-tokenizer"],
    [
      { pre_tokenizer: { ...byteLevel, add_prefix_space: true } },
      "has a ByteLevel pre-tokenizer with add_prefix_space, which puts a space into the text",
    ],
    [
      { pre_tokenizer: { type: "Sequence", pretokenizers: [byteLevel, { type: "Digits", individual_digits: true }] } },
      "has the pre-tokenizer Digits after ByteLevel, which must come last",
    ],
    [
      { pre_tokenizer: { type: "Sequence", pretokenizers: [{ type: "Whitespace" }, byteLevel] } },
      "has the pre-tokenizer Whitespace, expected Split, Digits, Punctuation and ByteLevel",
    ],
    [
      { pre_tokenizer: { type: "Sequence", pretokenizers: [splitAt(" ", "Removed"), byteLevel] } },
      'has a " " pre-tokenizer with the behavior Removed, which takes text away',
    ],
    [
      { pre_tokenizer: { type: "Sequence", pretokenizers: [splitAt("("), byteLevel] } },
      'has a Split pattern that cannot be used, "(": a group is not closed',
    ],
    [
      { pre_tokenizer: { type: "Sequence", pretokenizers: [splitAt("a", "Merged"), byteLevel] } },
      'has a Split pre-tokenizer that is not one (behavior: must be one of "Isolated", "Removed", "MergedWithPrevious", "MergedWithNext", "Contiguous", got "Merged")',
    ],
    [{ normalizer: { type: "Lowercase" } }, "has the normalizer Lowercase, expected NFC, NFD, NFKC, NFKD or none"],
    [{ normalizer: { type: "Sequence", normalizers: [{ type: "Prepend" }] } }, "has the normalizer Prepend, expected NFC, NFD, NFKC, NFKD or none"],
    [{ decoder: { type: "Metaspace" } }, "has the decoder Metaspace, expected ByteLevel"],
    [{ model: { ...file.model, type: "Unigram" } }, "has the model Unigram, expected BPE"],
    [{ model: { ...file.model, dropout: 0.1 } }, "has a model with dropout 0.1, which leaves merges out at random"],
    [{ model: { ...file.model, end_of_word_suffix: "</w>" } }, 'has a model with the end_of_word_suffix "</w>", which byte-level tokens do not have'],
    [{ added_tokens: [{ id: 2 ** 24, content: "<x>", special: true }] }, 'token "<x>" has the id 16777216, expected less than 16777216'],
  ])("that ask for what is not done are refused by name: %j", (change, problem) => {
    expect(() => Tokenizer.fromData({ ...file, ...change })).toThrow(`tokenizer.json: ${problem}.`);
  });

  it("of GPT-2 have their control token in the vocabulary: text never becomes it", () => {
    const size = Object.keys(file.model.vocab).length;
    const vocab = { ...file.model.vocab, [toSymbols(Buffer.from("<|"))]: size, "<|x": size + 1 };
    const merges = [...file.model.merges, ["<", "|"], ["<|", "x"]] as [string, string][];
    const data = { ...file, model: { ...file.model, vocab, merges }, added_tokens: [{ id: size + 1, content: "<|x", special: true }] };
    const gpt2 = Tokenizer.fromData(data);
    expect(gpt2.encode("<|x")).not.toContain(size + 1);
    expect(gpt2.encodeTrusted("<|x")).toEqual([size + 1]);
    expect(gpt2.decode(gpt2.encode("<|x"))).toBe("<|x");
    expect(() => Tokenizer.fromData({ ...data, added_tokens: [{ id: size + 2, content: "<|x", special: true }] })).toThrow(
      `the added token "<|x" has the id ${size + 2}, in the vocabulary ${size + 1}.`,
    );
  });

  it("without one of the special tokens name it when it is used, and a pattern that is none is refused", () => {
    const some = { ...file, added_tokens: file.added_tokens.filter(({ content }) => content !== SPECIAL_TOKENS.mask) };
    const without = Tokenizer.fromData(some); // an autoregressive model's: only a use of the mask is an error
    expect(without.special.imEnd).toBe(tokenizer.special.imEnd);
    expect(() => without.special.mask).toThrow(InvalidArgumentError);
    expect(() => without.special.mask).toThrow("one with the special token <|mask|>");
    const broken = { ...file, pre_tokenizer: { type: "Sequence", pretokenizers: [splitAt("("), byteLevel] } };
    expect(() => Tokenizer.fromFile(write(broken))).toThrow(FileError);
    expect(() => Tokenizer.fromFile(write(broken))).toThrow(/tokenizer\.json: has a Split pattern that cannot be used/);
    expect(Tokenizer.fromData(file).encode("def")).toEqual(tokenizer.encode("def"));
  });

  it("are shipped with the training recipes", () => {
    const shipped = Tokenizer.fromFile(fileURLToPath(new URL("../../../packages/recipes/recipes/tokenizer.json", import.meta.url)));
    const code = "def f(xs):\n    return sum(xs)\n";
    expect(shipped.decode(shipped.encode(code))).toBe(code);
    expect(shipped.encode(code).length).toBeLessThan(code.length / 2);
  });
});
