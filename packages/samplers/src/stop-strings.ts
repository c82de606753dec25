/** Texts that end a completion, as end tokens do. */
export interface StopStrings {
  /** Each ends the completion with the token that completes it. */
  strings: readonly string[];
  /** Text of a token; "" for special tokens. Characters that are split between tokens are not found. */
  tokenText: (id: number) => string;
}

/**
 * The column in which the first stop string is complete. Out of order it may stand behind masks: it ends the answer all the
 * same, wherever its tokens are next to each other.
 *
 * @param from first column to look at
 * @returns `undefined` if there is none
 */
export function stopColumn(
  ids: Int32Array,
  { from, maskTokenId, stop }: { from: number; maskTokenId: number; stop: StopStrings },
): number | undefined {
  const longest = Math.max(...stop.strings.map(({ length }) => length));
  let text = "";
  for (let column = from; column < ids.length; column++) {
    const token = ids[column]!;
    // What came before can only matter as far as a stop string reaches back.
    text = token === maskTokenId ? "" : text.slice(-longest) + stop.tokenText(token);
    if (stop.strings.some((string) => text.includes(string))) return column;
  }
  return undefined;
}
