// The decimal numbers from one integer to another, as texts.
import { choice, literal, NOTHING, oneOf, type Regular, sequence } from "../regular/regular.ts";

/** The largest that is written: 15 digits, which a double holds exactly. */
export const LARGEST = 10 ** 15 - 1;

/** Integers from `min` to `max`, both included and cut at 15 digits. */
export function integersBetween(min: number, max: number): Regular {
  const [from, to] = [Math.max(-LARGEST, Math.ceil(min)), Math.min(LARGEST, Math.floor(max))];
  if (from > to) return NOTHING;
  const negative = from < 0 ? sequence(literal("-"), naturals(Math.max(1, -to), -from)) : NOTHING;
  return choice([...(from < 0 ? [negative] : []), ...(to >= 0 ? [naturals(Math.max(0, from), to)] : [])]);
}

function naturals(from: number, to: number): Regular {
  const options: Regular[] = [];
  for (let first = from; first <= to;) {
    const length = String(first).length;
    const last = Math.min(to, 10 ** length - 1);
    options.push(ofOneLength(String(first), String(last)));
    first = last + 1;
  }
  return choice(options);
}

/** Numbers of as many digits as both ends. */
function ofOneLength(from: string, to: string): Regular {
  if (from === "") return literal("");
  const [low, high] = [Number(from[0]), Number(to[0])];
  const [lowRest, highRest] = [from.slice(1), to.slice(1)];
  const [zeros, nines] = [lowRest.replaceAll(/./g, "0"), lowRest.replaceAll(/./g, "9")];
  if (low === high) return sequence(digits(low, high), ofOneLength(lowRest, highRest));
  const isWholeLow = lowRest === zeros;
  const isWholeHigh = highRest === nines;
  const [first, last] = [isWholeLow ? low : low + 1, isWholeHigh ? high : high - 1];
  return choice([
    ...(isWholeLow ? [] : [sequence(digits(low, low), ofOneLength(lowRest, nines))]),
    ...(first <= last ? [sequence(digits(first, last), ...Array.from(zeros, () => digits(0, 9)))] : []),
    ...(isWholeHigh ? [] : [sequence(digits(high, high), ofOneLength(zeros, highRest))]),
  ]);
}

function digits(from: number, to: number): Regular {
  return oneOf([[48 + from, 48 + to]]);
}
