// A tokenizer's regular expression as one of JavaScript's. Hugging Face's tokenizers read patterns with Oniguruma in Ruby's syntax
// over Unicode. What JavaScript means differently is written out; a form that is not known to mean the same is refused by name.
//   1. \s is White_Space (JavaScript counts U+FEFF in and U+0085 out), \d is \p{Nd}, \w is a Unicode word, . is all but \n.
//   2. ^ and $ stand at every line.  3. (?i:...) is written out: Node 20 does not know it.
//   4. X++ and (?>X) are (?=(X+))\1, which JavaScript does not go back into either.

/** Unicode's White_Space, for the inside of a class. */
const whiteSpace = String.raw`\t-\r \x85\xa0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000`;
/** Oniguruma's word characters, for the inside of a class: the fractions and powers of Latin-1 are among them. */
const word = String.raw`\p{Alphabetic}\p{M}\p{Nd}\p{Pc}\xb2\xb3\xb9\xbc-\xbe`;

/** Escapes outside of a class. */
const escapes: Readonly<Record<string, string>> = {
  s: `[${whiteSpace}]`,
  S: `[^${whiteSpace}]`,
  d: String.raw`\p{Nd}`,
  D: String.raw`\P{Nd}`,
  w: `[${word}]`,
  W: `[^${word}]`,
  b: `(?:(?<=[${word}])(?![${word}])|(?<![${word}])(?=[${word}]))`,
  B: `(?:(?<=[${word}])(?=[${word}])|(?<![${word}])(?![${word}]))`,
  A: String.raw`(?<![\s\S])`,
  z: String.raw`(?![\s\S])`,
  Z: String.raw`(?=\n?(?![\s\S]))`,
};
/** Escapes inside of a class that stand for more than one character. */
const classEscapes: Readonly<Record<string, string>> = { s: whiteSpace, d: String.raw`\p{Nd}`, D: String.raw`\P{Nd}`, w: word };
const controls: Readonly<Record<string, string>> = { n: "\n", r: "\r", t: "\t", f: "\f", v: "\v", a: "\x07", e: "\x1b" };
const anchors: Readonly<Record<string, string>> = {
  "^": String.raw`(?:(?<=\n)(?=[\s\S])|(?<![\s\S]))`,
  $: String.raw`(?![^\n])`,
  ".": String.raw`[^\n]`,
};

/** ASCII letters of which Unicode knows a third case. */
const folds: Readonly<Record<string, string>> = { s: "sS\u017f", k: "kK\u212a" };
/** Letters that a ligature folds into: with case ignored, Oniguruma finds "ß" where "ss" is written. */
const ligatures = /ss|ff|fi|fl|st/i;

/** Bounds that no tokenizer's pattern comes near, below those at which V8's compiler ends the process. */
const MAX_LENGTH = 10_000;
const MAX_DEPTH = 50;
const MAX_REPEATS = 1_000;

/** A form of pattern that is not supported; the message names it. */
export class PatternError extends Error {}

/** @returns a global regular expression with the same matches @throws {PatternError} naming what has no translation */
export function toJavaScriptPattern(pattern: string): RegExp {
  if (pattern.length > MAX_LENGTH) throw new PatternError(`it has ${pattern.length} characters, more than ${MAX_LENGTH}`);
  const source = new Translation(pattern).run();
  try {
    const expression = new RegExp(source, "gu");
    expression.test(""); // V8 compiles at the first use
    expression.lastIndex = 0;
    return expression;
  } catch (cause) {
    throw new PatternError((cause as Error).message.replace(/^Invalid regular expression: .*: /s, ""));
  }
}

interface Group {
  /** Where the group begins in the output. */
  start: number;
  ignoresCase: boolean;
  isAtomic: boolean;
  isLookbehind: boolean;
  isLookaround: boolean;
  /** Product of the largest counts inside, to be multiplied with the group's own. */
  repeats: number;
}

class Translation {
  readonly #units: readonly string[];
  #at = 0;
  #result = "";
  #captures = 0;
  /** Where the atom begins that a quantifier would follow, -1 if there is none. */
  #atom = -1;
  /** Product of the largest counts inside that atom. */
  #atomRepeats = 1;
  readonly #groups: Group[] = [{ start: 0, ignoresCase: false, isAtomic: false, isLookbehind: false, isLookaround: false, repeats: 1 }];

  constructor(pattern: string) {
    const unit =
      /\\p\{[^}]*\}|\\P\{[^}]*\}|\\x\{[0-9a-fA-F]+\}|\\x[0-7][0-9a-fA-F]|\\u[0-9a-fA-F]{4}|\\.|\(\?(?:<[=!]|[:=!>]|i:|[^)]{0,8})|\{\d*,?\d*\}|./gsu;
    this.#units = pattern.match(unit) ?? [];
  }

  run(): string {
    while (this.#at < this.#units.length) this.#next(this.#units[this.#at++]!);
    if (this.#groups.length > 1) throw new PatternError("a group is not closed");
    return this.#result;
  }

  get #group(): Group {
    return this.#groups.at(-1) as Group;
  }

  #next(unit: string): void {
    if (unit.startsWith("(")) this.#open(unit);
    else if (unit === ")") this.#close();
    else if (unit === "|") {
      this.#result += "|";
      this.#atom = -1;
    } else if (/^[*+?]$|^\{(?:\d+(?:,\d*)?|,\d+)\}$/.test(unit)) this.#quantify(unit);
    else if (unit === "[") this.#write(this.#class());
    else if (unit in anchors) this.#write(anchors[unit]!);
    else if (/^\\[a-zA-Z]$/.test(unit) && Object.hasOwn(escapes, unit[1]!)) this.#write(escapes[unit[1]!]!);
    else if (/^\\p/i.test(unit)) this.#write(property(unit));
    else for (const character of unit.startsWith("\\") ? [literal(unit)] : unit) this.#character(character);
  }

  #write(atom: string): void {
    this.#atom = this.#result.length;
    this.#atomRepeats = 1;
    this.#result += atom;
  }

  #character(character: string): void {
    if (!this.#group.ignoresCase) return this.#write(escaped(character));
    const next = this.#units[this.#at] ?? "";
    if (ligatures.test(character + next)) throw new PatternError(`"${character}${next}" is not supported with case ignored`);
    this.#write(character === anyCase(character) ? escaped(character) : `[${anyCase(character)}]`);
  }

  #open(unit: string): void {
    const known: Readonly<Record<string, string>> = {
      "(": "(?:",
      "(?:": "(?:",
      "(?i:": "(?:",
      "(?>": "(?:",
      "(?=": "(?=",
      "(?!": "(?!",
      "(?<=": "(?<=",
      "(?<!": "(?<!",
    };
    const written = known[unit];
    if (written === undefined) throw new PatternError(`the group ${unit} is not supported`);
    if (this.#groups.length > MAX_DEPTH) throw new PatternError(`its groups are nested more than ${MAX_DEPTH} deep`);
    const isLookbehind = this.#group.isLookbehind || unit.startsWith("(?<");
    const ignoresCase = this.#group.ignoresCase || unit === "(?i:";
    const isLookaround = /[=!]$/.test(unit);
    this.#groups.push({ start: this.#result.length, ignoresCase, isAtomic: unit === "(?>", isLookbehind, isLookaround, repeats: 1 });
    this.#result += written;
    this.#atom = -1;
  }

  #close(): void {
    if (this.#groups.length === 1) throw new PatternError("a ) closes nothing");
    const group = this.#groups.pop() as Group;
    this.#result += ")";
    this.#atom = group.isLookaround ? -1 : group.start;
    this.#atomRepeats = group.repeats;
    if (group.isAtomic) this.#makeAtomic();
  }

  #quantify(unit: string): void {
    if (this.#atom < 0) throw new PatternError(`${unit} has nothing to repeat`);
    const counts = unit.match(/\d+/g) ?? [];
    const repeats = this.#atomRepeats * Math.max(1, ...counts.map(Number));
    if (repeats > MAX_REPEATS) throw new PatternError(`its counts repeat something more than ${MAX_REPEATS} times`);
    this.#group.repeats = Math.max(this.#group.repeats, repeats);
    const start = this.#atom;
    this.#result += unit.replace("{,", "{0,");
    const next = this.#units[this.#at];
    const isCount = unit.startsWith("{");
    if (next === "?" && !/^\{\d+\}$/.test(unit)) {
      this.#result += "?";
      this.#at++;
    } else if (next === "+") {
      this.#at++;
      // In Ruby's syntax a count and a + is a repeated count.
      if (isCount) this.#result = `${this.#result.slice(0, start)}(?:${this.#result.slice(start)})+`;
      else this.#makeAtomic();
    } else if (next !== undefined && /^[*+?]$|^\{(?:\d+(?:,\d*)?|,\d+)\}$/.test(next))
      throw new PatternError(`the quantifier ${unit}${next} is not supported`);
    this.#atom = -1;
  }

  #makeAtomic(): void {
    if (this.#group.isLookbehind) throw new PatternError("an atomic group within a lookbehind is not supported");
    const atom = this.#result.slice(this.#atom);
    const name = `atomic${++this.#captures}`;
    this.#result = String.raw`${this.#result.slice(0, this.#atom)}(?:(?=(?<${name}>${atom}))\k<${name}>)`;
  }

  /** The class whose `[` has just been read. */
  #class(): string {
    let result = "[";
    if (this.#units[this.#at] === "^") {
      result += "^";
      this.#at++;
    }
    /** Single characters, ranges between two of them, and escapes for sets. */
    let from: string | undefined;
    let size = 0;
    const units = this.#classUnits();
    for (let i = 0; i < units.length; i++) {
      const unit = units[i]!;
      const set = /^\\[a-zA-Z]$/.test(unit) ? classEscapes[unit[1]!] : /^\\p/i.test(unit) ? property(unit) : undefined;
      size++;
      if (set !== undefined) {
        result += set;
        from = undefined;
      } else if (unit === "-" && from !== undefined && i + 1 < units.length) {
        const to = literal(units[++i]!);
        if (this.#group.ignoresCase) throw new PatternError("a case-insensitive range of characters is not supported");
        result += `-${escapedInClass(to)}`;
        from = undefined;
      } else {
        from = literal(unit);
        for (const one of this.#group.ignoresCase ? anyCase(from) : from) result += escapedInClass(one);
      }
    }
    if (size === 0) throw new PatternError("a class is empty");
    return `${result}]`;
  }

  #classUnits(): string[] {
    const units: string[] = [];
    while (true) {
      const unit = this.#units[this.#at++];
      if (unit === undefined) throw new PatternError("a class is not closed");
      if (unit === "]") return units;
      // What is one unit outside, such as {2}, is characters here.
      for (const one of unit.startsWith("\\") ? [unit] : unit) {
        if (one === "[") throw new PatternError("a class within a class is not supported");
        if (one === "&" && units.at(-1) === "&") throw new PatternError("an intersection of classes is not supported");
        units.push(one);
      }
    }
  }
}

/** The character that a unit stands for. */
function literal(unit: string): string {
  if (!unit.startsWith("\\")) return unit;
  const code = /^\\(?:x\{([0-9a-fA-F]+)\}|x([0-9a-fA-F]{2})|u([0-9a-fA-F]{4}))$/.exec(unit);
  if (code !== null) {
    const point = Number.parseInt((code[1] ?? code[2] ?? code[3]) as string, 16);
    if (point > 0x10ffff) throw new PatternError(`${unit} is not supported`);
    return String.fromCodePoint(point);
  }
  const character = unit.slice(1);
  if (character in controls) return controls[character]!;
  if (/[a-zA-Z0-9]/.test(character) || character === "") throw new PatternError(`${unit} is not supported`);
  return character;
}

/** A general category or a script. */
function property(unit: string): string {
  const name = unit.slice(3, -1);
  for (const known of [`General_Category=${name}`, `Script=${name}`]) {
    const written = `\\${unit[1]}{${known}}`;
    if (/^\w+$/.test(name) && isPattern(written)) return written;
  }
  throw new PatternError(`${unit} is not supported`);
}

function isPattern(source: string): boolean {
  try {
    return new RegExp(source, "u").source !== "";
  } catch {
    return false;
  }
}

const escaped = (character: string): string => (/^[\^$\\.*+?()[\]{}|/]$/.test(character) ? `\\${character}` : character);
const escapedInClass = (character: string): string => (/^[\^\\\]\-[]$/.test(character) ? `\\${character}` : character);

function anyCase(character: string): string {
  if (/^[a-zA-Z]$/.test(character)) return folds[character.toLowerCase()] ?? character.toLowerCase() + character.toUpperCase();
  if (character.toLowerCase() !== character.toUpperCase()) throw new PatternError(`"${character}" is not supported with case ignored`);
  return character;
}
