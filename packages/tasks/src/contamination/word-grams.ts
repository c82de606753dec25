// Overlap with a benchmark, found as the GPT papers do: two texts overlap if they share n words in a row (Brown et al. 2020, arXiv 2005.14165,
// appendix C, with 13; 12 here, since programs are short). Words are runs of letters, digits and underscores, in lower case; nothing else counts.
import { InvalidArgumentError } from "@diffucoder/core";

/** Words in a row that two texts must share to overlap. */
export const GRAM_WORDS = 12;

const wordsOf = (text: string): string[] => text.toLowerCase().match(/[\p{L}\p{N}_]+/gu) ?? [];

function* gramsOf(text: string, size: number): Generator<string> {
  const words = wordsOf(text);
  for (let i = 0; i + size <= words.length; i++) yield words.slice(i, i + size).join(" ");
}

/** Texts, by the words in a row that they contain. A text with fewer words than that overlaps with nothing. */
export class WordGrams {
  readonly #size: number;
  readonly #owners = new Map<string, string>();

  /** @throws {InvalidArgumentError} if `size` is not a positive integer */
  constructor(size: number = GRAM_WORDS) {
    if (!Number.isSafeInteger(size) || size < 1) throw new InvalidArgumentError({ argument: "size", value: size, expected: "a positive integer" });
    this.#size = size;
  }

  /** Adds a text under a name. */
  add(name: string, text: string): void {
    for (const gram of gramsOf(text, this.#size)) if (!this.#owners.has(gram)) this.#owners.set(gram, name);
  }

  /** The name of the first text that shares words in a row with this one, and the words. @returns undefined if none does */
  overlap(text: string): { /** Of the text that was added. */ name: string; /** The words that both have. */ words: string } | undefined {
    for (const words of gramsOf(text, this.#size)) {
      const name = this.#owners.get(words);
      if (name !== undefined) return { name, words };
    }
    return undefined;
  }
}
