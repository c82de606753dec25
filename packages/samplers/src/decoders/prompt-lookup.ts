// Prompt lookup decoding (Saxena 2023, github.com/apoorvumang/prompt-lookup-decoding): code repeats itself, so what followed the same
// tokens before is a draft that costs no pass. Differs: the longest occurrence counts, of any length; of equally long ones, the last.

/**
 * What followed the longest earlier occurrence of the last tokens of a text.
 *
 * @param count tokens that are wanted; fewer where the text ends before
 * @returns empty if the last token has not occurred before
 */
export function followingTokens(text: Int32Array, count: number): Int32Array {
  let [longest, follows] = [0, text.length];
  for (let end = text.length - 1; end > 0; end--) {
    let length = 0;
    while (length < end && text[end - 1 - length] === text[text.length - 1 - length]) length++;
    if (length > longest) [longest, follows] = [length, end];
  }
  return text.slice(follows, follows + count);
}
