// Code points as their bytes in UTF-8: a range of code points is a few sequences of ranges of bytes.
import type { CodePoints } from "./regular.ts";

/** Each byte of a sequence in its own range. */
export type ByteRanges = readonly (readonly [first: number, last: number])[];

/** The last code points of one byte, two and three; those between are of four. Surrogates have no bytes. */
const LAST_OF_LENGTH = [0x7f, 0x7_ff, 0xd7_ff, 0xff_ff, 0x10_ff_ff];
const FIRST_SURROGATE = 0xd8_00;
const BEHIND_SURROGATES = 0xe0_00;

/** All that the code points are written as, each once. */
export function utf8Sequences(points: CodePoints): ByteRanges[] {
  return points.flatMap(([first, last]) => pieces(first, last)).flatMap(([first, last]) => sequencesOf(first, last));
}

/** The range without surrogates, in pieces of one length each. */
function pieces(first: number, last: number): [number, number][] {
  const found: [number, number][] = [];
  let from = first;
  for (const end of LAST_OF_LENGTH) {
    if (from >= FIRST_SURROGATE && from < BEHIND_SURROGATES) from = BEHIND_SURROGATES;
    if (from > last) break;
    if (from > end) continue;
    found.push([from, Math.min(last, end)]);
    from = Math.min(last, end) + 1;
  }
  return found;
}

/** Splits where the bytes behind the first that differs do not all run from 80 to BF. */
function sequencesOf(first: number, last: number): ByteRanges[] {
  for (const bits of [6, 12, 18]) {
    const tail = (1 << bits) - 1;
    if ((first & ~tail) === (last & ~tail) || last <= 0x7f) continue;
    if ((first & tail) !== 0) return [...sequencesOf(first, first | tail), ...sequencesOf((first | tail) + 1, last)];
    if ((last & tail) !== tail) return [...sequencesOf(first, (last & ~tail) - 1), ...sequencesOf(last & ~tail, last)];
  }
  const [from, to] = [bytesOf(first), bytesOf(last)];
  return [from.map((byte, i) => [byte, to[i]!] as const)];
}

function bytesOf(point: number): number[] {
  return [...new TextEncoder().encode(String.fromCodePoint(point))];
}
