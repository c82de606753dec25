// Thompson's construction: a regular language as an automaton over bytes of UTF-8 that may be in several states at once.
import { InvalidArgumentError } from "@diffucoder/core";
import { EMPTY, type Regular } from "./regular.ts";
import { utf8Sequences } from "./utf8.ts";

/** Its state 0 is the one in which a text may end. */
export interface Nfa {
  start: number;
  /** By state, those that it may become without a byte. */
  silent: number[][];
  /** By state, where bytes of a range lead. */
  edges: { first: number; last: number; to: number }[][];
}

/** States, at most: what a large repetition of a large part runs into. */
const MOST_STATES = 100_000;

/** @throws {InvalidArgumentError} if it has too many states, naming the argument */
export function nfaOf(regular: Regular, argument: string): Nfa {
  const nfa: Nfa = { start: 0, silent: [[]], edges: [[]] };
  const add = (): number => {
    if (nfa.silent.length >= MOST_STATES) throw tooLarge(argument);
    nfa.silent.push([]);
    nfa.edges.push([]);
    return nfa.silent.length - 1;
  };
  /** A state from which the part leads to `to`. */
  const before = (part: Regular, to: number): number => {
    switch (part.kind) {
      case "one of":
        return beforeBytes(nfa, add, utf8Sequences(part.points), to);
      case "sequence":
        return part.parts.reduceRight((behind, one) => before(one, behind), to);
      case "choice": {
        const state = add();
        nfa.silent[state]!.push(...part.options.map((option) => before(option, to)));
        return state;
      }
      case "repeat":
        return beforeRepeat(part, to);
    }
  };
  const beforeRepeat = ({ item, min, max, between }: Extract<Regular, { kind: "repeat" }>, to: number): number => {
    const separated = (state: number): number => (between === EMPTY ? state : before(between, state));
    let behind = to;
    if (max === Infinity) {
      const loop = add(); // behind an item: end, or go on
      nfa.silent[loop]!.push(to);
      const again = before(item, loop);
      nfa.silent[loop]!.push(separated(again));
      if (min <= 1) return min === 1 ? again : orSkip(again, to);
      behind = separated(again);
    }
    for (let left = max === Infinity ? min - 1 : max; left > 0; left--) {
      const one = before(item, behind);
      // Items from `min` on may be missing, and so may all that follow.
      const mayEnd = max !== Infinity && left > min;
      behind = left === 1 ? one : separated(one);
      if (mayEnd || (left === 1 && min === 0)) behind = orSkip(behind, to);
    }
    return behind;
  };
  const orSkip = (state: number, to: number): number => {
    const either = add();
    nfa.silent[either]!.push(state, to);
    return either;
  };
  nfa.start = before(regular, 0);
  return nfa;
}

/** Sequences that end alike share their ends. */
function beforeBytes({ edges }: Nfa, add: () => number, sequences: ReturnType<typeof utf8Sequences>, to: number): number {
  const start = add();
  const shared = new Map<string, number>();
  for (const ranges of sequences) {
    let [behind, key] = [to, ""];
    for (let i = ranges.length - 1; i >= 0; i--) {
      const [first, last] = ranges[i]!;
      key = `${first}-${last} ${key}`;
      const known = i === 0 ? start : shared.get(key);
      const state = known ?? add();
      if (known === undefined || i === 0) edges[state]!.push({ first, last, to: behind });
      if (i > 0) shared.set(key, state);
      behind = state;
    }
  }
  return start;
}

export function tooLarge(argument: string): InvalidArgumentError {
  return new InvalidArgumentError({
    argument,
    value: "one with too many states",
    expected: "smaller",
    wayOut: "Lower its bounds of repetition, and what is repeated inside of repetitions.",
  });
}
