import type { TokenTexts } from "@diffucoder/samplers";
import type { Tokenizer } from "@diffucoder/tokenizer";

/** What a model's tokens are as text, for constraints. Bytes that are no whole character are U+FFFD. */
export function tokenTexts(
  tokenizer: Tokenizer,
  {
    vocabSize,
    endIds,
  }: {
    /** Rows of the model's head; those without a token have no text. */
    vocabSize: number;
    /** Tokens that end an answer. */
    endIds: ReadonlySet<number>;
  },
): TokenTexts {
  return {
    vocabSize,
    eosTokenIds: [...endIds],
    tokenBytes: (id) => (tokenizer.hasToken(id) && !tokenizer.isSpecial(id) ? tokenizer.tokenBytes(id) : undefined),
    tokenText: (id) => (tokenizer.hasToken(id) && !tokenizer.isSpecial(id) ? tokenizer.decode([id]) : undefined),
  };
}
