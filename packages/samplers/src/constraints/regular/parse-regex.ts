// Regular expressions in JavaScript's syntax, with the `u` and `s` flags, without what is not regular:
//   literals, `.` (any character, line breaks too), classes [a-z], [^a-z], \d \D \w \W \s \S
//   escapes \n \r \t \f \v \0 \xhh \uhhhh \u{h...}, and \ before any other character that is not a letter or a digit
//   groups ( ), (?: ), (?<name> ), alternation |, repetition * + ? {n} {n,} {n,m}, also lazy, which is the same language
//   ^ at the beginning and $ at the end of the expression or of an alternative of its outermost level
// A text must match as a whole, so anchors change nothing. Look-around, back references, \b and \p are refused by name.
import { InvalidArgumentError } from "@diffucoder/core";
import { type CodePoints, choice, complement, EMPTY, LAST_CODE_POINT, oneOf, type Regular, repeat, sequence } from "./regular.ts";

/** Repetitions that an expression can ask for. */
export const MOST_REPEATS = 10_000;

/** Groups inside each other, at most. */
const MOST_NESTED = 200;
/** Characters of an expression, at most. */
const MOST_CHARACTERS = 10_000;

const DIGITS: CodePoints = [[48, 57]];
const WORD: CodePoints = [
  [48, 57],
  [65, 90],
  [95, 95],
  [97, 122],
];
const SPACE: CodePoints = [
  [9, 13],
  [32, 32],
  [0xa0, 0xa0],
  [0x16_80, 0x16_80],
  [0x20_00, 0x20_0a],
  [0x20_28, 0x20_29],
  [0x20_2f, 0x20_2f],
  [0x20_5f, 0x20_5f],
  [0x30_00, 0x30_00],
  [0xfe_ff, 0xfe_ff],
];
const CLASSES: Readonly<Record<string, CodePoints>> = {
  d: DIGITS,
  D: complement(DIGITS),
  w: WORD,
  W: complement(WORD),
  s: SPACE,
  S: complement(SPACE),
};
const ESCAPES: Readonly<Record<string, number>> = { n: 10, r: 13, t: 9, f: 12, v: 11, "0": 0 };
const ANY: CodePoints = [[0, LAST_CODE_POINT]];

export interface ParseRegexOptions {
  /** What the expression is called in errors. */
  argument: string;
  /** Whether a text matches if a part of it does, unless the expression has anchors: as JSON schema's `pattern`. @default false */
  anywhere?: boolean;
}

/**
 * The texts that a regular expression matches.
 *
 * @throws {InvalidArgumentError} naming the place and what is wrong there
 */
export function parseRegex(pattern: string, { argument, anywhere = false }: ParseRegexOptions): Regular {
  return new Parser(pattern, argument, anywhere).parse();
}

class Parser {
  readonly #pattern: string;
  readonly #characters: readonly string[];
  readonly #argument: string;
  readonly #anywhere: boolean;
  #at = 0;
  #depth = 0;

  constructor(pattern: string, argument: string, anywhere: boolean) {
    this.#pattern = pattern;
    this.#characters = Array.from(pattern);
    this.#argument = argument;
    this.#anywhere = anywhere;
  }

  parse(): Regular {
    if (this.#characters.length > MOST_CHARACTERS) this.#refuse(`it has ${this.#characters.length} characters, and ${MOST_CHARACTERS} are the most`);
    const all = this.#choice();
    if (this.#at < this.#characters.length) this.#refuse('")" closes no group');
    return all;
  }

  #choice(): Regular {
    const options = [this.#alternative()];
    while (this.#take("|")) options.push(this.#alternative());
    return choice(options);
  }

  #alternative(): Regular {
    const isOutermost = this.#depth === 0;
    const begins = isOutermost && this.#take("^");
    const parts: Regular[] = [];
    while (!this.#isEnd(isOutermost)) parts.push(this.#repeated());
    const ends = isOutermost && this.#take("$");
    const rest = repeat(oneOf(ANY));
    return sequence(...(this.#anywhere && !begins ? [rest] : []), ...parts, ...(this.#anywhere && !ends ? [rest] : []));
  }

  /** Whether an alternative ends here. */
  #isEnd(isOutermost: boolean): boolean {
    if (this.#at === this.#characters.length || this.#is("|") || this.#is(")")) return true;
    const after = this.#characters[this.#at + 1];
    return isOutermost && this.#is("$") && (after === undefined || after === "|");
  }

  #repeated(): Regular {
    const item = this.#atom();
    const [min, max] = this.#bounds() ?? [1, 1];
    if (this.#bounds() !== undefined) this.#refuse("a repetition is repeated; put the inner one into a group", this.#at - 1);
    return min === 1 && max === 1 ? item : repeat(item, { min, max });
  }

  /** A repetition, and the `?` that makes it lazy. */
  #bounds(): [number, number] | undefined {
    const bounds = this.#take("*")
      ? ([0, Infinity] as const)
      : this.#take("+")
        ? ([1, Infinity] as const)
        : this.#take("?")
          ? ([0, 1] as const)
          : this.#braces();
    if (bounds !== undefined) this.#take("?");
    return bounds && [...bounds];
  }

  #braces(): readonly [number, number] | undefined {
    if (!this.#is("{")) return undefined;
    const rest = this.#characters.slice(this.#at, this.#at + 32).join("");
    const [all, first, comma, last] =
      /^\{(\d+)(,?)(\d*)\}/.exec(rest) ?? this.#refuse('"{" begins no {n}, {n,} or {n,m}; write \\{ for the character');
    const min = Number(first);
    const max = comma === "" ? min : last === "" ? Infinity : Number(last);
    if (max < min) this.#refuse(`{${min},${max}} has its bounds the wrong way round`);
    if (min > MOST_REPEATS || (max > MOST_REPEATS && max !== Infinity)) this.#refuse(`a repetition may ask for at most ${MOST_REPEATS}`);
    this.#at += all.length;
    return [min, max];
  }

  #atom(): Regular {
    if (this.#is("(")) return this.#group();
    if (this.#is("[")) return oneOf(this.#class());
    if (this.#take(".")) return oneOf(ANY);
    if (this.#is("\\")) return oneOf(this.#escape("outside"));
    for (const special of ["*", "+", "?", "{"]) if (this.#is(special)) this.#refuse(`"${special}" has nothing to repeat`);
    for (const special of ["]", "}"]) if (this.#is(special)) this.#refuse(`"${special}" closes nothing; write \\${special} for the character`);
    if (this.#is("^") || this.#is("$")) this.#refuse(`"${this.#characters[this.#at]}" is not at an end of the expression`);
    return oneOf(this.#character());
  }

  #group(): Regular {
    const start = this.#at++;
    if (this.#take("?")) {
      const isNamed = this.#is("<") && !["=", "!"].includes(this.#characters[this.#at + 1] ?? "");
      if (isNamed) while (this.#at < this.#characters.length && !this.#is(">")) this.#at++;
      if (!this.#take(isNamed ? ">" : ":")) this.#refuse("look-around and flags in groups are not supported", start);
    }
    if (++this.#depth > MOST_NESTED) this.#refuse(`groups are nested more than ${MOST_NESTED} deep`);
    const inner = this.#choice();
    this.#depth--;
    if (!this.#take(")")) this.#refuse("the group is not closed", start);
    return inner === EMPTY ? EMPTY : inner;
  }

  #class(): CodePoints {
    const start = this.#at++;
    const isNegated = this.#take("^");
    const points: (readonly [number, number])[] = [];
    while (!this.#take("]")) {
      if (this.#at >= this.#characters.length) this.#refuse("the class is not closed", start);
      const first = this.#classItem();
      const isRange = this.#is("-") && this.#characters[this.#at + 1] !== "]" && this.#at + 1 < this.#characters.length;
      if (!isRange) {
        points.push(...first);
        continue;
      }
      this.#at++;
      const last = this.#classItem();
      const [[from, same] = [0, -1], [to, also] = [0, -1]] = [first[0], last[0]];
      if (first.length !== 1 || last.length !== 1 || from !== same || to !== also) this.#refuse("a range is of two characters");
      if (to < from) this.#refuse("a range has its ends the wrong way round");
      points.push([from, to]);
    }
    return isNegated ? complement(points) : points;
  }

  #classItem(): CodePoints {
    return this.#is("\\") ? this.#escape("class") : this.#character();
  }

  #character(): CodePoints {
    const point = this.#characters[this.#at]!.codePointAt(0)!;
    if (point >= 0xd8_00 && point <= 0xdf_ff) this.#refuse("half of a surrogate pair is no character");
    this.#at++;
    return [[point, point]];
  }

  #escape(where: "class" | "outside"): CodePoints {
    const start = this.#at++;
    const letter = this.#characters[this.#at++] ?? this.#refuse("a backslash ends the expression", start);
    const some = CLASSES[letter];
    if (some !== undefined) return some;
    if (letter in ESCAPES) return [[ESCAPES[letter]!, ESCAPES[letter]!]];
    if (letter === "x" || letter === "u") return this.#hexadecimal(letter, start);
    if (where === "class" && letter === "b") return [[8, 8]];
    if (/[1-9k]/.test(letter)) this.#refuse("back references are not regular", start);
    if (/[a-z]/i.test(letter)) this.#refuse(`\\${letter} is not supported`, start);
    const point = letter.codePointAt(0)!;
    return [[point, point]];
  }

  #hexadecimal(letter: "x" | "u", start: number): CodePoints {
    const rest = this.#characters.slice(this.#at, this.#at + 10).join("");
    const [all, digits, braced] =
      (letter === "x" ? /^([0-9a-f]{2})/i : /^(?:([0-9a-f]{4})|\{([0-9a-f]{1,6})\})/i).exec(rest) ??
      this.#refuse(`\\${letter} is without its hexadecimal digits`, start);
    const point = Number.parseInt(digits ?? braced!, 16);
    if (point > LAST_CODE_POINT || (point >= 0xd8_00 && point <= 0xdf_ff)) this.#refuse("this is no code point of a character", start);
    this.#at += all.length;
    return [[point, point]];
  }

  #is(character: string): boolean {
    return this.#characters[this.#at] === character;
  }

  #take(character: string): boolean {
    const isNext = this.#is(character);
    if (isNext) this.#at++;
    return isNext;
  }

  #refuse(problem: string, at = this.#at): never {
    throw new InvalidArgumentError({
      argument: this.#argument,
      value: this.#pattern,
      expected: `a regular expression that is supported: at character ${at + 1}, ${problem}`,
    });
  }
}
