// What takes long to read of a tokenizer's files, in a form that needs no reading: for 150,000 tokens the files' JSON, the tokens' bytes and the
// table of merges take most of a second at each start. The rest of the files is small and read anew every time.
import { createHash } from "node:crypto";
import { MergeTable } from "./merge-table.ts";
import { TokenBytes } from "./token-bytes.ts";
import type { OrdinaryTokens } from "./tokenizer-file.ts";

/** The ordinary tokens of a tokenizer as arrays. */
export interface KeptTokens {
  /** Hash of the files that they were read from. */
  key: string;
  /** What else the file of the vocabulary says, as JSON. */
  rest: string;
  /** Whether tiktoken's rule gives the ids that the merges give. */
  asTiktoken: boolean;
  /** Ids that are no ordinary tokens, although they have a place among them. */
  hidden: readonly number[];
  /** Bytes of all tokens, one after the other. */
  bytes: Uint8Array;
  /** Where each token's bytes end. */
  ends: Int32Array;
  /** The hash table of the merges. */
  merges: Int32Array;
}

/** Where the ordinary tokens of one tokenizer are kept. */
export interface TokenStore {
  /** What is there; `undefined`: nothing that can be read. */
  read(): KeptTokens | undefined;
  /** Keeps them in the place of what was there, if it can. */
  write(tokens: KeptTokens): void;
}

/** Ordinary tokens with what else their file says. */
export interface TokensAndRest {
  tokens: OrdinaryTokens;
  rest: string;
}

/** Ordinary tokens from where they are kept, if they were read from the same contents; else they are made, and kept. */
export function keptOr(store: TokenStore | undefined, contents: readonly (Uint8Array | string)[], make: () => TokensAndRest): TokensAndRest {
  if (store === undefined) return make();
  const hash = createHash("sha256");
  for (const content of contents) hash.update(`${content.length} `).update(content);
  const key = hash.digest("hex");
  const kept = store.read();
  if (kept?.key === key && MergeTable.isTable(kept.merges)) {
    const { rest, asTiktoken, bytes, ends, merges, hidden } = kept;
    return { rest, tokens: { tokens: new TokenBytes(bytes, ends, new Set(hidden)), merges: new MergeTable(merges), asTiktoken: () => asTiktoken } };
  }
  const made = make();
  const { tokens, merges, asTiktoken } = made.tokens;
  store.write({
    key,
    rest: made.rest,
    asTiktoken: asTiktoken(),
    hidden: [...tokens.hidden],
    bytes: tokens.bytes,
    ends: tokens.ends,
    merges: merges.places,
  });
  return made;
}
