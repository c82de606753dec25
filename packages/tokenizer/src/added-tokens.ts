// Added tokens: those that are not in the vocabulary. Text is searched for them as in Hugging Face's AddedVocabulary: first for
// those that match verbatim, then, in normalized text, for those marked `normalized`; the leftmost first, of these the longest;
// `single_word` allows no word character next to it, `lstrip` and `rstrip` include white space.

/** A token that is added to the vocabulary's own. */
export interface AddedToken {
  /** Its id: a row of the embedding. */
  id: number;
  /** Its text, at least one character. */
  content: string;
  /** Whether it is a control token. @default true */
  special?: boolean;
  /** Whether the white space before it belongs to it. @default false */
  lstrip?: boolean;
  /** Whether the white space after it belongs to it. @default false */
  rstrip?: boolean;
  /** Whether it counts only where no letter, digit or underscore is next to it. @default false */
  singleWord?: boolean;
  /** Whether it is looked for in normalized text. @default false */
  normalized?: boolean;
}

/** Text that is plain, and the added tokens between. */
export type TextPart = { text: string } | { id: number };

/** Half-open ranges of a text that may hold added tokens; each token lies within one. */
export type Range = readonly [start: number, end: number];

/** Finds added tokens in text. */
export class AddedTokens {
  readonly #asWritten: TokenFinder;
  readonly #inNormalized: TokenFinder;
  readonly #normalize: (text: string) => string;

  constructor(tokens: readonly AddedToken[], normalize: (text: string) => string) {
    this.#normalize = normalize;
    this.#asWritten = new TokenFinder(tokens.filter(({ normalized }) => !normalized));
    this.#inNormalized = new TokenFinder(
      tokens.filter(({ normalized }) => normalized).map((token) => ({ ...token, content: normalize(token.content) })),
    );
  }

  /** @param ranges where tokens may be. @default everywhere */
  cut(text: string, ranges: readonly Range[] = [[0, text.length]]): TextPart[] {
    const parts: TextPart[] = [];
    for (const piece of this.#asWritten.find(text, ranges)) {
      if ("id" in piece) parts.push({ id: piece.id });
      else if (this.#inNormalized.isEmpty) parts.push({ text: text.slice(piece.start, piece.end) });
      else parts.push(...this.#cutNormalized(text, piece, ranges));
    }
    return parts;
  }

  #cutNormalized(text: string, { start, end }: Plain, ranges: readonly Range[]): TextPart[] {
    let normal = "";
    const within: Range[] = [];
    const add = (from: number, to: number): void => {
      normal += this.#normalize(text.slice(from, to));
    };
    let at = start;
    for (const [from, to] of ranges) {
      const [first, last] = [Math.max(from, at), Math.min(to, end)];
      if (first >= last) continue;
      add(at, first);
      const begin = normal.length;
      add(first, last);
      within.push([begin, normal.length]);
      at = last;
    }
    add(at, end);
    return this.#inNormalized
      .find(normal, within)
      .map((piece) => ("id" in piece ? { id: piece.id } : { text: normal.slice(piece.start, piece.end) }));
  }
}

interface Plain {
  start: number;
  end: number;
}

class TokenFinder {
  readonly #tokens = new Map<string, AddedToken>();
  /** Lengths of the tokens that begin with a character, the longest first. */
  readonly #lengths = new Map<number, number[]>();

  constructor(tokens: readonly AddedToken[]) {
    for (const token of tokens) this.#tokens.set(token.content, token);
    for (const content of this.#tokens.keys()) {
      const first = content.charCodeAt(0);
      const known = this.#lengths.get(first) ?? [];
      if (!known.includes(content.length))
        this.#lengths.set(
          first,
          [...known, content.length].sort((a, b) => b - a),
        );
    }
  }

  get isEmpty(): boolean {
    return this.#tokens.size === 0;
  }

  /** The pieces of a text in order; empty ones are left out. */
  find(text: string, ranges: readonly Range[]): (Plain | { id: number })[] {
    const pieces: (Plain | { id: number })[] = [];
    /** The text has been emitted up to here. */
    let end = 0;
    for (const [from, to] of this.isEmpty ? [] : ranges) {
      for (let at = from; at < to;) {
        const token = this.#tokenAt(text, at, to);
        if (token === undefined) {
          at++;
          continue;
        }
        let [start, stop] = [at, at + token.content.length];
        at = stop;
        if (start < end || (token.singleWord && (isWordAtEnd(text, start) || isWordAtStart(text, stop)))) continue;
        while (token.lstrip && start > end && whiteSpace.test(text[start - 1]!)) start--;
        while (token.rstrip && stop < text.length && whiteSpace.test(text[stop]!)) stop++;
        if (start > end) pieces.push({ start: end, end: start });
        pieces.push({ id: token.id });
        end = stop;
      }
    }
    if (end < text.length) pieces.push({ start: end, end: text.length });
    return pieces;
  }

  #tokenAt(text: string, at: number, end: number): AddedToken | undefined {
    for (const length of this.#lengths.get(text.charCodeAt(at)) ?? []) {
      const token = at + length <= end ? this.#tokens.get(text.slice(at, at + length)) : undefined;
      if (token !== undefined) return token;
    }
    return undefined;
  }
}

/** Unicode's White_Space; all of it lies below U+10000. */
const whiteSpace = /[\t-\r \x85\xa0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000]/;
const wordCharacter = /^[\p{Alphabetic}\p{M}\p{Nd}\p{Pc}\u200c\u200d]$/u;

function isWordAtEnd(text: string, end: number): boolean {
  return wordCharacter.test(Array.from(text.slice(Math.max(0, end - 2), end)).at(-1) ?? "");
}

function isWordAtStart(text: string, start: number): boolean {
  return wordCharacter.test(String.fromCodePoint(text.codePointAt(start) ?? 0));
}
