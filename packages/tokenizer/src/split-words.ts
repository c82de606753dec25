// How a text is split into words before its bytes are merged: Hugging Face's `Split`, `Digits` and `Punctuation`, and the cut that
// `ByteLevel` makes. Each rule cuts the pieces that the one before it left.
import { runInContext, createContext } from "node:vm";
import { InvalidArgumentError } from "@diffucoder/core";

/** What a match becomes: its own piece, nothing, a part of its neighbour, or one piece with adjacent matches. */
export type SplitBehavior = "Isolated" | "Removed" | "MergedWithPrevious" | "MergedWithNext" | "Contiguous";

/** One cut through every piece. */
export interface SplitRule {
  /** The pattern as the file writes it, for messages. */
  source: string;
  /** Global, with the u flag. */
  pattern: RegExp;
  /** What becomes of a match. */
  behavior: SplitBehavior;
  /** The gaps count as matches, and the matches as gaps. */
  invert: boolean;
  /** Known not to backtrack without bound: it runs without a watchdog. */
  isTrusted: boolean;
}

/** Time for a text of no length, milliseconds. */
const BASE_TIME = 2_000;
/** Patterns run through more than 5,000 characters a millisecond; this leaves room for a busy machine. */
const CHARACTERS_PER_MILLISECOND = 100;

/** Words of a text, in order. @throws {InvalidArgumentError} if a pattern of the file takes too long */
export function splitWords(text: string, rules: readonly SplitRule[]): string[] {
  if (text === "") return [];
  if (rules.every((rule) => rule.isTrusted)) return applyRules(text, rules);
  return withinTime(text, rules);
}

function applyRules(text: string, rules: readonly SplitRule[]): string[] {
  let pieces = [text];
  for (const rule of rules) pieces = pieces.length === 1 ? cut(pieces[0]!, rule) : pieces.flatMap((piece) => cut(piece, rule));
  return pieces;
}

/** An expression cannot be interrupted from the thread that it runs on, but V8's watchdog stops it. */
function withinTime(text: string, rules: readonly SplitRule[]): string[] {
  const timeout = BASE_TIME + Math.ceil(text.length / CHARACTERS_PER_MILLISECOND);
  watched.run = () => applyRules(text, rules);
  try {
    return runInContext("run()", watched, { timeout }) as string[];
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code !== "ERR_SCRIPT_EXECUTION_TIMEOUT") throw cause;
    const sources = rules.filter((rule) => !rule.isTrusted).map((rule) => JSON.stringify(rule.source));
    throw new InvalidArgumentError({
      argument: "text",
      value: text,
      expected: `such as the tokenizer's split pattern ${sources.join(", ")} cuts within ${timeout} ms`,
      wayOut: "The pattern tries the same characters again and again.",
    });
  } finally {
    watched.run = undefined;
  }
}

const watched = createContext({ run: undefined }) as { run: (() => string[]) | undefined };

function cut(text: string, { pattern, behavior, invert }: SplitRule): string[] {
  if (behavior === "Isolated") return isolated(text, pattern);
  const pieces: Piece[] = [];
  let end = 0;
  let lastMatchEnd = -1;
  for (const { index, 0: match } of text.matchAll(pattern)) {
    if (match === "" && (index === lastMatchEnd || isWithinPair(text, index))) continue;
    if (index > end) pieces.push({ start: end, end: index, isMatch: invert });
    end = index + match.length;
    lastMatchEnd = end;
    pieces.push({ start: index, end, isMatch: !invert });
  }
  if (end < text.length) pieces.push({ start: end, end: text.length, isMatch: invert });
  return merged(pieces, behavior)
    .filter(({ start, end: stop }) => stop > start)
    .map(({ start, end: stop }) => text.slice(start, stop));
}

interface Piece {
  start: number;
  end: number;
  isMatch: boolean;
}

function merged(pieces: readonly Piece[], behavior: Exclude<SplitBehavior, "Isolated">): Piece[] {
  if (behavior === "Removed") return pieces.filter(({ isMatch }) => !isMatch);
  const isForward = behavior !== "MergedWithNext";
  const result: Piece[] = [];
  let wasMatch: boolean | undefined;
  for (const piece of isForward ? pieces : pieces.toReversed()) {
    const last = result.at(-1);
    const joins = behavior === "Contiguous" ? piece.isMatch === wasMatch : piece.isMatch && wasMatch !== true;
    if (joins && last !== undefined) {
      last.start = Math.min(last.start, piece.start);
      last.end = Math.max(last.end, piece.end);
    } else result.push({ ...piece });
    wasMatch = piece.isMatch;
  }
  return isForward ? result : result.toReversed();
}

/** Matches and gaps alike are pieces. */
function isolated(text: string, pattern: RegExp): string[] {
  const matches: string[] = text.match(pattern) ?? [];
  let length = 0;
  for (const match of matches) length += match.length;
  // Without gaps there are no empty matches either, except behind a match, where they cut nothing.
  if (length === text.length && !matches.includes("")) return matches;
  const pieces: string[] = [];
  let end = 0;
  for (const { index, 0: match } of text.matchAll(pattern)) {
    if (match === "" && isWithinPair(text, index)) continue;
    if (index > end) pieces.push(text.slice(end, index));
    if (match !== "") pieces.push(match);
    end = index + match.length;
  }
  if (end < text.length) pieces.push(text.slice(end));
  return pieces;
}

/** Whether an index is in the middle of a character: V8 finds empty matches of lookarounds there, in spite of the u flag. */
function isWithinPair(text: string, index: number): boolean {
  return /^[\uD800-\uDBFF][\uDC00-\uDFFF]$/.test(text.slice(Math.max(0, index - 1), index + 1));
}
