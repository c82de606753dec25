// Encoding the code of this repository, file by file, and one long word. With Dream's files next to the repository the vocabulary has
// 151,643 tokens, else it is the bundled model's.
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { QWEN_PATTERN, Tokenizer } from "@diffucoder/tokenizer";
import { Tokenizer as Independent } from "@huggingface/tokenizers";
import { bundledModelDir } from "diffucoder";
import { agree, extent, inTurns, measured, median, type Result, timed } from "../measurement.ts";
import type { SuiteOptions } from "./suite.ts";

const SUITE = "tokenizer";
const ROUNDS = 5;
/** The peer takes seconds for a megabyte. */
const TEXT_BYTES = 1_000_000;
const LONG_WORD = 20_000;
const repository = fileURLToPath(new URL("../..", import.meta.url));
const dream = join(repository, "..", "shared", "tokenizer", "dream");

export async function tokenizerSuite({ quick, say }: SuiteOptions): Promise<Result[]> {
  const folder = existsSync(join(dream, "vocab.json")) ? dream : bundledModelDir();
  say(`${SUITE} on the files of ${folder} ...`);
  const rounds = quick ? 1 : ROUNDS;
  const texts = codeOfRepository(quick ? TEXT_BYTES / 10 : TEXT_BYTES);
  const bytes = texts.reduce((total, text) => total + Buffer.byteLength(text), 0);
  const loads = (await inTurns({ load: () => timed(async () => Tokenizer.fromFolder(folder)) }, rounds)).load;
  const [ours, peer] = [Tokenizer.fromFolder(folder), new Independent(tokenizerJson(folder), {})];
  const first = await timed(async () => texts.forEach((text) => ours.encode(text)));
  const [count, peerCount] = [
    countOf(texts, (text) => ours.encode(text)),
    countOf(texts, (text) => peer.encode(text, { add_special_tokens: false }).ids),
  ];
  if (!agree(count, peerCount)) throw new Error(`${SUITE}: ours gives ${count} tokens, the peer ${peerCount}`);
  const times = await inTurns(
    {
      ours: () => timed(async () => texts.forEach((text) => ours.encode(text))),
      peer: () => timed(async () => texts.forEach((text) => peer.encode(text, { add_special_tokens: false }))),
    },
    rounds,
  );
  const rate = (milliseconds: number): number => bytes / 1e3 / milliseconds;
  const words: number[] = [];
  for (const letter of ["a", "-", " ", "あ", "\n"]) words.push(await timed(async () => ours.encode(letter.repeat(LONG_WORD))));
  const fresh = Tokenizer.fromFolder(folder);
  const firstWord = await timed(async () => fresh.encode("a".repeat(LONG_WORD)));
  return [
    measured({
      suite: SUITE,
      name: "code, words known",
      ours: rate(median(times.ours)),
      spread: extent(times.ours.map(rate)),
      peer: rate(median(times.peer)),
      peerSpread: extent(times.peer.map(rate)),
      peerName: "@huggingface/tokenizers",
      unit: "MB/s",
      target: { of: "ours", atLeast: 3 },
    }),
    measured({ suite: SUITE, name: "code, words new", ours: rate(first), unit: "MB/s", target: { of: "ours", atLeast: 3 } }),
    measured({
      suite: SUITE,
      name: `${LONG_WORD} times one character`,
      ours: Math.max(...words),
      spread: extent(words),
      unit: "ms",
      target: { of: "ours", atMost: 50 },
    }),
    measured({
      suite: SUITE,
      name: `${LONG_WORD} letters, first text of a tokenizer`,
      ours: firstWord,
      unit: "ms",
      target: { of: "ours", atMost: 50 },
    }),
    measured({ suite: SUITE, name: "loading", ours: median(loads), spread: extent(loads), unit: "ms" }),
  ];
}

function countOf(texts: readonly string[], encode: (text: string) => readonly number[]): number {
  return texts.reduce((total, text) => total + encode(text).length, 0);
}

/** TypeScript, Python, Markdown and JSON of the packages, up to so many characters. */
function codeOfRepository(length: number): string[] {
  const texts: string[] = [];
  let total = 0;
  const isText = (name: string): boolean => /\.(ts|py|md|mjs)$/.test(name) && !/(^|\/)(node_modules|dist)\//.test(name);
  for (const name of readdirSync(join(repository, "packages"), { recursive: true, encoding: "utf8" }).filter(isText).sort()) {
    if (total >= length) break;
    const text = readFileSync(join(repository, "packages", name), "utf8").slice(0, length - total);
    texts.push(text);
    total += text.length;
  }
  return texts;
}

/** What the peer reads: a tokenizer.json, put together where a folder has its parts. */
function tokenizerJson(folder: string): object {
  const read = (name: string): string => readFileSync(join(folder, name), "utf8");
  if (existsSync(join(folder, "tokenizer.json"))) return JSON.parse(read("tokenizer.json")) as object;
  return {
    version: "1.0",
    added_tokens: [],
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
      vocab: JSON.parse(read("vocab.json")) as Record<string, number>,
      merges: read("merges.txt").split("\n").slice(1).filter(Boolean),
    },
  };
}
