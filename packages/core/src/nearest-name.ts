/**
 * The known name that a person most likely meant: the same but for case, `_` and `-`; a name that it begins or abbreviates
 * (`lr` for `learningRate`); else the one that the fewest edits reach, if those are few.
 *
 * @returns undefined if none is near
 */
export function nearestName(name: string, known: readonly string[]): string | undefined {
  const plain = normalize(name);
  const same = known.find((other) => normalize(other) === plain);
  if (same !== undefined) return same;
  const [best, distance] = known
    .map((other): [string, number] => [other, editDistance(plain, normalize(other))])
    .reduce((nearest, next) => (next[1] < nearest[1] ? next : nearest), ["", Infinity]);
  const longest = Math.max(plain.length, normalize(best).length);
  if (distance < longest && distance <= Math.max(1, Math.floor(longest / 3))) return best; // no letter in common is not near
  return known.find((other) => plain.length >= 2 && (normalize(other).startsWith(plain) || initials(other) === plain));
}

function normalize(name: string): string {
  return name.toLowerCase().replaceAll(/[_-]/g, "");
}

/** First letters of the words: `lr` of `learningRate`. */
function initials(name: string): string {
  return name
    .split(/[_-]|(?=[A-Z])/)
    .map((word) => word.slice(0, 1).toLowerCase())
    .join("");
}

/** Insertions, deletions, replacements and swaps of neighbours that turn one text into the other. */
function editDistance(from: string, to: string): number {
  let [beforeLast, last] = [[] as number[], Array.from({ length: to.length + 1 }, (_, j) => j)];
  for (let i = 1; i <= from.length; i++) {
    const row = [i];
    for (let j = 1; j <= to.length; j++) {
      const replaced = last[j - 1]! + (from[i - 1] === to[j - 1] ? 0 : 1);
      let edits = Math.min(replaced, last[j]! + 1, row[j - 1]! + 1);
      if (i > 1 && j > 1 && from[i - 1] === to[j - 2] && from[i - 2] === to[j - 1]) edits = Math.min(edits, beforeLast[j - 2]! + 1);
      row.push(edits);
    }
    [beforeLast, last] = [last, row];
  }
  return last[to.length]!;
}
