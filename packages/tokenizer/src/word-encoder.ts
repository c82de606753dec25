// From text to ids: the text is cut into words, and each word's bytes are merged, here or by tiktoken.
import { createRequire } from "node:module";
import type * as tiktoken from "@dqbd/tiktoken";
import type { MergeTable } from "./merge-table.ts";
import { mergeWord } from "./merge-word.ts";
import { type SplitRule, splitWords } from "./split-words.ts";
import type { TokenBytes } from "./token-bytes.ts";
import type { Vocabulary } from "./tokenizer-file.ts";

/** Words of more bytes are merged here: tiktoken takes time that grows with their square. */
const LONG_WORD_BYTES = 100;

/** Bytes of words that are merged here before tiktoken is made: that takes half a second for 150,000 tokens, as long as merging a megabyte. */
const FEW_BYTES = 1 << 16;

/** Words whose ids are remembered; they make up most of a text. */
const REMEMBERED_WORDS = 1 << 16;
/** Longer words rarely repeat. */
const REMEMBERED_LENGTH = 100;

/** Makes ordinary tokens of text. */
export class WordEncoder {
  readonly #splits: readonly SplitRule[];
  readonly #merges: MergeTable;
  /** Merges words, where its rule gives the ids of the file's merges. Called once there is much to merge. */
  readonly #makeTiktoken: () => tiktoken.Tiktoken | undefined;
  #tiktoken: tiktoken.Tiktoken | undefined;
  #mergedBytes = 0;
  /** Id of each byte. */
  readonly #byteIds = new Int32Array(256);
  /** Ids by a word's bytes, in Latin-1; only where a word that is a token is not merged. */
  readonly #whole: ReadonlyMap<string, number> | undefined;
  readonly #words = new Map<string, number | readonly number[]>();

  constructor({
    tokens,
    merges,
    asTiktoken,
    ignoreMerges,
    splits,
  }: Pick<Vocabulary, "tokens" | "merges" | "asTiktoken" | "ignoreMerges" | "splits">) {
    this.#splits = splits;
    this.#merges = merges;
    this.#makeTiktoken = () => (asTiktoken() ? tiktokenOf(tokens) : undefined);
    for (let id = 0; id < tokens.length; id++) if (tokens.lengthOf(id) === 1) this.#byteIds[tokens.get(id)![0]!] = id;
    if (ignoreMerges === true)
      this.#whole = new Map(Array.from({ length: tokens.length }, (_, id) => [latin1(tokens.get(id) ?? new Uint8Array()), id]));
  }

  /** Ids of well-formed, normalized text. */
  encode(text: string): number[] {
    const ids: number[] = [];
    for (const word of splitWords(text, this.#splits)) {
      const known = this.#words.get(word) ?? this.#encodeWord(word);
      if (typeof known === "number") ids.push(known);
      else for (const id of known) ids.push(id);
    }
    return ids;
  }

  #encodeWord(word: string): number | readonly number[] {
    const bytes = Buffer.from(word);
    const whole = this.#whole?.get(latin1(bytes));
    const ids = whole === undefined ? this.#merge(word, bytes) : [whole];
    const result = ids.length === 1 ? ids[0]! : Array.from(ids);
    if (word.length > REMEMBERED_LENGTH) return result;
    if (this.#words.size >= REMEMBERED_WORDS) this.#words.clear();
    this.#words.set(word, result);
    return result;
  }

  #merge(word: string, bytes: Uint8Array): ArrayLike<number> {
    const before = this.#mergedBytes;
    this.#mergedBytes += bytes.length;
    if (before < FEW_BYTES && this.#mergedBytes >= FEW_BYTES) this.#tiktoken = this.#makeTiktoken();
    if (this.#tiktoken !== undefined && bytes.length <= LONG_WORD_BYTES) return this.#tiktoken.encode(word, [], []);
    return mergeWord(
      Int32Array.from(bytes, (byte) => this.#byteIds[byte]!),
      this.#merges,
    );
  }
}

const latin1 = ({ buffer, byteOffset, byteLength }: Uint8Array): string => Buffer.from(buffer, byteOffset, byteLength).toString("latin1");

/** tiktoken with these tokens, given words one by one. Most processes never need it, and compiling its WebAssembly takes 50 ms. */
function tiktokenOf(tokens: TokenBytes): tiktoken.Tiktoken {
  const { Tiktoken } = createRequire(import.meta.url)("@dqbd/tiktoken") as typeof tiktoken;
  return new Tiktoken(tiktokenRanks(tokens), {}, "(?s).+"); // a word is one piece
}

/** Tokens in tiktoken's own file format. */
function tiktokenRanks(tokens: TokenBytes): string {
  const lines = Array.from({ length: tokens.length }, (_, id) => (tokens.has(id) ? `${base64(tokens.get(id)!)} ${id}\n` : ""));
  return lines.join("");
}

const base64 = ({ buffer, byteOffset, byteLength }: Uint8Array): string => Buffer.from(buffer, byteOffset, byteLength).toString("base64");
