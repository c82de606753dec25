// Subsets of the states of an automaton over bytes become states of one that is in one state at a time. What grows too large is an error
// after a bounded amount of work, and the work can be interrupted.
import { minimized } from "./minimize.ts";
import { type Nfa, nfaOf, tooLarge } from "./nfa.ts";
import type { Regular } from "./regular.ts";

/** Over classes of bytes. Every state leads to an end, but for the first where the language is empty. */
export interface Dfa {
  /** `[256]`, the class of each byte; the bytes of class 0 lead nowhere. */
  classOf: Uint8Array;
  /** Classes of bytes. */
  classCount: number;
  /** `next[state * classCount + class]`, -1: nowhere. The text begins in state 0. */
  next: Int32Array;
  /** `[states]`, 1 where a text may end. */
  accepts: Uint8Array;
}

/** States before those that mean the same are merged, at most. */
const MOST_STATES = 10_000;
/** Members of all subsets, at most: this bounds the time. */
const MOST_MEMBERS = 5_000_000;
/** States between two interruptions. */
const STATES_AT_ONCE = 32;

/**
 * The smallest automaton of a language.
 *
 * @param argument what the language is called in errors
 * @returns the steps of that work
 * @throws {InvalidArgumentError} if it has too many states
 */
export function* dfaOf(regular: Regular, argument: string): Generator<void, Dfa> {
  const nfa = nfaOf(regular, argument);
  yield;
  const { classOf, classCount } = byteClasses(nfa);
  const numbers = new Map<string, number>();
  const subsets: Int32Array[] = [];
  const accepts: number[] = [];
  const next: Int32Array[] = [];
  const closure = closures(nfa);
  let members = 0;
  const numberOf = (states: readonly number[]): number => {
    const subset = closure(states);
    members += subset.length;
    const key = subset.join(",");
    const known = numbers.get(key);
    if (known !== undefined) return known;
    if (subsets.length >= MOST_STATES) throw tooLarge(argument);
    numbers.set(key, subsets.length);
    accepts.push(subset[0] === 0 ? 1 : 0);
    return subsets.push(subset) - 1;
  };
  numberOf([nfa.start]);
  /** By class of bytes, where they lead from the members of a subset, with repetition. */
  const targets: number[][] = Array.from({ length: classCount }, () => []);
  for (let state = 0; state < subsets.length; state++) {
    for (const member of subsets[state]!)
      for (const { first, last, to } of nfa.edges[member]!)
        for (let group = classOf[first]!; group <= classOf[last]!; group++) {
          targets[group]!.push(to);
          members++;
        }
    if (members > MOST_MEMBERS) throw tooLarge(argument);
    next.push(Int32Array.from(targets, (some) => (some.length === 0 ? -1 : numberOf(some))));
    for (const some of targets) some.length = 0;
    if (state % STATES_AT_ONCE === 0) yield;
  }
  return yield* minimized({ classOf, classCount, next: joined(next, classCount), accepts: Uint8Array.from(accepts) });
}

/** Bytes that no edge tells apart share a class; classes ascend with their bytes. */
function byteClasses({ edges }: Nfa): { classOf: Uint8Array; classCount: number } {
  const begins = new Uint8Array(257);
  for (const some of edges) for (const { first, last } of some) begins[first] = begins[last + 1] = 1;
  const classOf = new Uint8Array(256);
  for (let byte = 1; byte < 256; byte++) classOf[byte] = classOf[byte - 1]! + begins[byte]!;
  return { classOf, classCount: classOf[255]! + 1 };
}

/** Gives the states of some with all that they may become without a byte, ascending, without those that only pass on. */
function closures({ silent, edges }: Nfa): (states: readonly number[]) => Int32Array {
  const seen = new Int32Array(silent.length);
  let round = 0;
  return (states) => {
    round++;
    const open = [...states];
    const kept: number[] = [];
    for (let state = open.pop(); state !== undefined; state = open.pop()) {
      if (seen[state] === round) continue;
      seen[state] = round;
      if (state === 0 || edges[state]!.length > 0) kept.push(state);
      open.push(...silent[state]!);
    }
    return Int32Array.from(kept).sort();
  };
}

function joined(rows: readonly Int32Array[], length: number): Int32Array {
  const all = new Int32Array(rows.length * length);
  rows.forEach((row, i) => all.set(row, i * length));
  return all;
}
