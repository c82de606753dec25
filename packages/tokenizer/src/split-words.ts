// A tokenizer's split pattern, written for Rust's or Oniguruma's regular expressions, as one of JavaScript's.
// Differs: 1. \s is Unicode's White_Space in all of them but JavaScript, which counts U+FEFF in and U+0085 out; 2. JavaScript of
// Node 20 knows no (?i:...), which is written out here.

/** Unicode's White_Space, for the inside of a class. */
const whiteSpace = String.raw`\t-\r \x85\xa0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000`;

/** Letters whose case folding is not a pair of ASCII letters. */
const folds: Readonly<Record<string, string>> = { s: "sS\u017f", k: "kK\u212a" };

/**
 * @returns a global regular expression with the same matches, or `undefined` if the pattern has a form that is not
 *   translated
 */
export function toJavaScriptPattern(pattern: string): RegExp | undefined {
  let result = "";
  let isInClass = false;
  /** For each open group, whether case is ignored in it. */
  const groups: boolean[] = [false];
  const units = pattern.match(/\\p\{[^}]*\}|\\P\{[^}]*\}|\\.|\(\?[a-z]+:|./gsu) ?? [];
  for (const unit of units) {
    if (unit === String.raw`\s`) result += isInClass ? whiteSpace : `[${whiteSpace}]`;
    else if (unit === String.raw`\S`) {
      if (isInClass) return undefined;
      result += `[^${whiteSpace}]`;
    } else if (isInClass) {
      if (unit === "[" || unit === "&") return undefined; // sets of sets
      if (unit === "]") isInClass = false;
      result += unit;
    } else if (unit === "[") {
      isInClass = true;
      result += unit;
    } else if (unit === "(?i:") {
      groups.push(true);
      result += "(?:";
    } else if (unit === "(" || (unit.startsWith("(?") && unit.endsWith(":"))) {
      if (unit !== "(" && unit !== "(?:") return undefined;
      groups.push(groups.at(-1) as boolean);
      result += unit;
    } else if (unit === ")") {
      groups.pop();
      result += unit;
    } else if (groups.at(-1) === true && /^\p{L}$/u.test(unit)) result += ignoringCase(unit);
    else result += unit;
  }
  try {
    return new RegExp(result, "gu");
  } catch {
    return undefined;
  }
}

function ignoringCase(letter: string): string {
  const lower = letter.toLowerCase();
  return `[${folds[lower] ?? lower + letter.toUpperCase()}]`;
}

/** Words of a text, in order and without gaps: what the pattern matches, and what is left between. */
export function splitWords(text: string, pattern: RegExp): string[] {
  const words = text.match(pattern) ?? [];
  let length = 0;
  for (const word of words) length += word.length;
  if (length === text.length) return words;
  const all: string[] = [];
  let at = 0;
  for (const { index, 0: word } of text.matchAll(pattern)) {
    if (index > at) all.push(text.slice(at, index));
    if (word !== "") all.push(word);
    at = index + word.length;
  }
  if (at < text.length) all.push(text.slice(at));
  return all;
}
