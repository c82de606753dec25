import type { Tokenizer } from "@diffucoder/tokenizer";
import type { FinishReason } from "./events.ts";

export interface CommittedPrefixOptions {
  tokenizer: Pick<Tokenizer, "decodeStream">;
  /** Positions of the completion. */
  length: number;
  /** Tokens that end the answer; the first of them cuts it. */
  endIds: ReadonlySet<number>;
  /** The answer is cut after this many tokens. @default length */
  maxTokens?: number | undefined;
}

/**
 * The part of an answer that can be read from left to right while its tokens are committed in any order: the text up
 * to the first position that is still masked.
 */
export class CommittedPrefix {
  readonly #ids: (number | undefined)[];
  readonly #endIds: ReadonlySet<number>;
  readonly #limit: number;
  readonly #decoder: { push(id: number): string; end(): string };
  #tokens = 0;
  #text = "";
  #settled: FinishReason | undefined;

  constructor({ tokenizer, length, endIds, maxTokens = length }: CommittedPrefixOptions) {
    this.#ids = Array.from({ length });
    this.#endIds = endIds;
    this.#limit = Math.min(length, maxTokens);
    this.#decoder = tokenizer.decodeStream();
  }

  /** Tokens of the prefix, without the end token. */
  get tokens(): number {
    return this.#tokens;
  }

  /** Their text. A character whose bytes are not all there yet is left out until they are, or until the answer is settled. */
  get text(): string {
    return this.#text;
  }

  /** Why the answer ends where it does, as soon as no further token can change it. */
  get settled(): FinishReason | undefined {
    return this.#settled;
  }

  /** Takes the tokens that one step committed. */
  commit(positions: readonly number[], tokenIds: readonly number[]): void {
    for (const [i, position] of positions.entries()) this.#ids[position] = tokenIds[i];
    while (this.#settled === undefined) {
      const id = this.#tokens < this.#limit ? this.#ids[this.#tokens] : undefined;
      if (this.#tokens === this.#limit) this.#settle("length");
      else if (id === undefined) return;
      else if (this.#endIds.has(id)) this.#settle("stop");
      else {
        this.#text += this.#decoder.push(id);
        this.#tokens++;
      }
    }
  }

  #settle(reason: FinishReason): void {
    this.#settled = reason;
    this.#text += this.#decoder.end();
  }
}
