// Where tiktoken's rule and Hugging Face's give the same ids. tiktoken joins any neighbours whose bytes are a token, the lowest
// id first; Hugging Face joins what a merge of the file names, the first merge first. They agree if
//   1. every token of several bytes is made by exactly one merge, and merges stand in the order of the ids that they make;
//   2. every token is reached: its own bytes are merged into it.
// For if neighbours X and Y spell a token T, nothing was joined across the ends of T before. So its bytes alone pass through
// X, Y as well; they end in T, and so by the merge X + Y. Every vocabulary that BPE was trained for is of this kind.
import type { MergeTable } from "./merge-table.ts";
import type { TokenBytes } from "./token-bytes.ts";

/** Tokens as pairs of parts. */
export interface MergeTree {
  /** Bytes of each token by id. */
  tokens: TokenBytes;
  /** Which neighbours are joined. */
  merges: MergeTable;
  /** Left and right part of token `id` at `2 * id` and `2 * id + 1`; -1 for a token that no merge makes. */
  parts: Int32Array;
}

/**
 * Whether every token is reached. One merge makes each token of several bytes, in the order of the ids.
 *
 * A merge P + Q is reached if no merge across the place between them comes before it. Seen backwards, from P + Q to single
 * bytes: undo the later of the two tokens at the place, until nothing is left to undo, and look for a merge across it that would
 * have come before what was undone (as `is_valid_token_pair` of the Rust crate `bpe` does). Takes a few look-ups for each token.
 */
export function reachesEveryToken({ tokens, merges, parts }: MergeTree): boolean {
  for (let id = 0; id < tokens.length; id++) {
    if (!tokens.has(id) || tokens.lengthOf(id) === 1) continue;
    if (parts[2 * id] === -1 || !isReached(id, { merges, parts })) return false;
  }
  return true;
}

function isReached(id: number, { merges, parts }: Omit<MergeTree, "tokens">): boolean {
  let [left, right, limit] = [parts[2 * id]!, parts[2 * id + 1]!, id];
  while (true) {
    const place = merges.find(left, right);
    if (place >= 0 && merges.joinedAt(place) < limit) return false;
    const [undoLeft, undoRight] = [parts[2 * left + 1]!, parts[2 * right]!];
    if (undoLeft === -1 && undoRight === -1) return true;
    if (undoRight === -1 || (undoLeft !== -1 && left > right)) [left, limit] = [undoLeft, left];
    // Of equal merges the leftmost comes first: the same one across the place comes before `right`.
    else [right, limit] = [undoRight, right + 1];
  }
}
