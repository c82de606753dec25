// Byte-pair encoding (Sennrich et al. 2016) on bytes: start from the 256 bytes and join the most frequent pair of
// neighbours within a word, again and again. Ties go to the pair of lower ids, so the result is a function of the texts.
import { InvalidArgumentError } from "@diffucoder/core";
import type { TokenizerFile } from "./tokenizer-file.ts";
import { toSymbols } from "./byte-symbols.ts";

/** How text is cut into words before merging: Qwen2.5's pattern without English contractions, which code has no use for. */
export const WORD_PATTERN = String.raw`[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+`;

/** What a vocabulary is trained on, and how large it gets. */
export interface TrainBpeOptions {
  /** Texts whose pairs of tokens are counted. */
  texts: Iterable<string>;
  /** Bytes and merges together; special tokens come on top. At least 256. */
  vocabSize: number;
  /** Placed after the last merge, in this order. */
  specialTokens: readonly string[];
  /** Source of the regular expression, with the u flag, whose matches are the words of a text; no merge crosses them. @default WORD_PATTERN */
  pattern?: string;
}

/** Trains a vocabulary. Stops early, with fewer merges, when no pair occurs twice. */
export function trainBpe({ texts, vocabSize, specialTokens, pattern = WORD_PATTERN }: TrainBpeOptions): TokenizerFile {
  if (!Number.isInteger(vocabSize) || vocabSize < 256)
    throw new InvalidArgumentError({ argument: "vocabSize", value: vocabSize, expected: "an integer of at least 256" });
  const words = countWords(texts, new RegExp(pattern, "gu"));
  const tokens: Uint8Array[] = Array.from({ length: 256 }, (_, byte) => Uint8Array.of(byte));
  const merges: [string, string][] = [];
  while (tokens.length < vocabSize) {
    const pair = mostFrequentPair(words);
    if (pair === undefined) break;
    const [left, right] = pair.map((id) => tokens[id] as Uint8Array) as [Uint8Array, Uint8Array];
    merges.push([toSymbols(left), toSymbols(right)]);
    const id = tokens.length;
    tokens.push(Uint8Array.of(...left, ...right));
    for (const word of words) joinPair(word.ids, pair, id);
  }
  return {
    version: "1.0",
    added_tokens: specialTokens.map((content, i) => ({ id: tokens.length + i, content, special: true })),
    normalizer: { type: "NFC" },
    pre_tokenizer: {
      type: "Sequence",
      pretokenizers: [
        { type: "Split", pattern: { Regex: pattern }, behavior: "Isolated", invert: false },
        { type: "ByteLevel", add_prefix_space: false, use_regex: false },
      ],
    },
    decoder: { type: "ByteLevel" },
    model: { type: "BPE", vocab: Object.fromEntries(tokens.map((token, id) => [toSymbols(token), id])), merges },
  };
}

interface Word {
  ids: number[];
  count: number;
}

function countWords(texts: Iterable<string>, pattern: RegExp): Word[] {
  const counts = new Map<string, number>();
  for (const text of texts) for (const [word] of text.normalize("NFC").matchAll(pattern)) counts.set(word, (counts.get(word) ?? 0) + 1);
  return Array.from(counts, ([word, count]) => ({ ids: [...new TextEncoder().encode(word)], count }));
}

function mostFrequentPair(words: readonly Word[]): [number, number] | undefined {
  const counts = new Map<number, number>();
  for (const { ids, count } of words) {
    for (let i = 1; i < ids.length; i++) {
      const pair = ids[i - 1]! * 2 ** 21 + ids[i]!;
      counts.set(pair, (counts.get(pair) ?? 0) + count);
    }
  }
  let best: number | undefined;
  let bestCount = 1;
  for (const [pair, count] of counts) {
    if (count > bestCount || (count === bestCount && best !== undefined && pair < best)) [best, bestCount] = [pair, count];
  }
  return best === undefined ? undefined : [Math.floor(best / 2 ** 21), best % 2 ** 21];
}

function joinPair(ids: number[], [left, right]: readonly [number, number], joined: number): void {
  for (let i = 1; i < ids.length; i++) {
    if (ids[i - 1] === left && ids[i] === right) ids.splice(i - 1, 2, joined);
  }
}
