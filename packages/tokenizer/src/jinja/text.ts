// Text that remembers the origin of each character, so that a template sees a message's real text, and the message's text can
// still be told from the template's.

/** A string, and for each of its UTF-16 units whether a message wrote it (`m`) or the template (`t`). */
export class Text {
  readonly value: string;
  readonly origin: string;

  private constructor(value: string, origin: string) {
    this.value = value;
    this.origin = origin;
  }

  /** What a template or the tokenizer's files say. */
  static ofTemplate(value: string): Text {
    return new Text(value, "t".repeat(value.length));
  }

  /** What a message says. */
  static ofMessage(value: string): Text {
    return new Text(value, "m".repeat(value.length));
  }

  static join(parts: readonly Text[]): Text {
    return new Text(parts.map(({ value }) => value).join(""), parts.map(({ origin }) => origin).join(""));
  }

  get length(): number {
    return this.value.length;
  }

  concat(other: Text): Text {
    return new Text(this.value + other.value, this.origin + other.origin);
  }

  /** By UTF-16 units. */
  slice(start: number, end = this.length): Text {
    return new Text(this.value.slice(start, end), this.origin.slice(start, end));
  }

  /** Each code point changed on its own. */
  map(change: (character: string) => string): Text {
    return Text.join(this.characters().map((one) => new Text(change(one.value), one.origin[0]!.repeat(change(one.value).length))));
  }

  /** In capital or small letters, which may depend on the neighbours: a sigma at the end of a word. */
  withCase(change: (text: string) => string): Text {
    const value = change(this.value);
    return value.length === this.length ? new Text(value, this.origin) : this.map(change);
  }

  /** Its code points. */
  characters(): Text[] {
    let at = 0;
    return Array.from(this.value, (character) => this.slice(at, (at += character.length)));
  }

  /** Number of code points. */
  get size(): number {
    return /\p{Surrogate}|[\u{10000}-\u{10ffff}]/u.test(this.value) ? Array.from(this.value).length : this.length;
  }

  /** Parts between occurrences of a separator, at most `limit + 1` of them. */
  split(separator: string, limit = Infinity): Text[] {
    const parts: Text[] = [];
    let start = 0;
    for (let at = this.value.indexOf(separator); at >= 0 && parts.length < limit; at = this.value.indexOf(separator, start)) {
      parts.push(this.slice(start, at));
      start = at + separator.length;
    }
    return [...parts, this.slice(start)];
  }

  /** As `split`, from the right. */
  splitRight(separator: string, limit: number): Text[] {
    const parts: Text[] = [];
    let end = this.length;
    while (parts.length < limit) {
      const at = end < separator.length ? -1 : this.value.lastIndexOf(separator, end - separator.length);
      if (at < 0) break;
      parts.unshift(this.slice(at + separator.length, end));
      end = at;
    }
    return [this.slice(0, end), ...parts];
  }

  /** Words between white space. */
  words(limit = Infinity): Text[] {
    const parts: Text[] = [];
    const word = new RegExp(`[^${space}]+`, "gu");
    for (let match = word.exec(this.value); match !== null; match = word.exec(this.value)) {
      if (parts.length >= limit) return [...parts, this.slice(match.index).trim("end")];
      parts.push(this.slice(match.index, match.index + match[0].length));
    }
    return parts;
  }

  /** Without these characters, white space unless given, at an end or both. */
  trim(where: "both" | "start" | "end", characters?: string): Text {
    const isOut = (unit: string): boolean => (characters === undefined ? isSpace.test(unit) : characters.includes(unit));
    let [start, end] = [0, this.length];
    if (where !== "end") while (start < end && isOut(this.value[start]!)) start++;
    if (where !== "start") while (end > start && isOut(this.value[end - 1]!)) end--;
    return this.slice(start, end);
  }
}

/** Python's white space. */
const space = String.raw`\t-\r\x1c-\x20\x85\xa0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000`;
const isSpace = new RegExp(`[${space}]`);
