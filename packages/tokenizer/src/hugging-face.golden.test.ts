// Tokenizers with every form of pre-tokenizer, normalizer and added token that is done, against Hugging Face's own library in Rust:
// golden/make-hugging-face.py writes the ids that it gives. TOKENIZER_GOLDEN names another file of the same form.
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { Tokenizer, type TokenizerFile } from "./index.ts";

interface Case {
  name: string;
  merges?: string;
  ignore_merges?: boolean;
  pre_tokenizer: TokenizerFile["pre_tokenizer"];
  normalizer?: TokenizerFile["normalizer"];
  added: TokenizerFile["added_tokens"];
  trusted?: boolean;
  texts: [text: string, ids: number[]][];
}

const path = process.env["TOKENIZER_GOLDEN"] ?? fileURLToPath(new URL("../golden/hugging-face.json", import.meta.url));
const { vocab, merges, cases }: { vocab: Record<string, number>; merges: Record<string, [string, string][]>; cases: Case[] } = JSON.parse(
  readFileSync(path, "utf8"),
);

const tokenizerOf = ({ merges: name = "trained", ignore_merges, pre_tokenizer, normalizer = null, added }: Case): Tokenizer =>
  Tokenizer.fromData({
    added_tokens: added,
    normalizer,
    pre_tokenizer,
    decoder: { type: "ByteLevel" },
    model: { type: "BPE", vocab, merges: merges[name] ?? [], ignore_merges },
  });

describe("ids of Hugging Face's tokenizers", () => {
  it.each(cases.map((one) => [one.name, one] as const))("%s", (_, one) => {
    const tokenizer = tokenizerOf(one);
    const forms = one.normalizer ? (one.normalizer.normalizers?.map(({ type }) => type) ?? [one.normalizer.type]) : [];
    for (const [text, ids] of one.texts) {
      const ours = one.trusted ? tokenizer.encodeTrusted(text) : tokenizer.encode(text);
      expect(ours, JSON.stringify(text)).toEqual(ids);
      if (!one.trusted) expect(tokenizer.decode(ours)).toBe(forms.reduce((normal, form) => normal.normalize(form), text));
    }
  });
});
