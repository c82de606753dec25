// A constraint on the text of a completion, given as an automaton over characters. Out of order: a masked position may get a
// token if some filling of all the masks is accepted. With F_i the states that can be reached before column i and B_i those
// from which the end can be reached (both over all fillings), token v may stand at i iff some s in F_i has d(s, v) in B_{i+1}.
// One pass from each side: this is what a greedy check from left to right cannot do while masks lie in between.
import { InvalidArgumentError } from "@diffucoder/core";
import type { TokenClasses } from "../denoiser.ts";
import type { Constraint, ConstraintRow } from "./constraint.ts";

/** Over characters; states are strings. */
export interface CharacterAutomaton {
  /** The state before the first character. */
  start: string;
  /** The state behind a character; `undefined`: the text is not accepted and cannot become so. */
  next(state: string, character: string): string | undefined;
  /** Whether a text may end in this state. */
  accepts(state: string): boolean;
  /** A shorter text that moves every state to the same one; texts that share it are one class. */
  simplify(text: string): string;
}

/** An automaton, and the tokens whose texts it reads. */
export interface AutomatonOptions {
  /** What the text of the prefix and the completion must be accepted by. */
  automaton: CharacterAutomaton;
  /** Tokens of the vocabulary. */
  vocabSize: number;
  /** Text of a token; `undefined` for special tokens, which are not allowed but for those that end the answer. */
  tokenText: (id: number) => string | undefined;
  /** Tokens that end the answer, where the automaton accepts. Behind them anything goes. */
  eosTokenIds: readonly number[];
  /** What stands before the completion and belongs to its text. @default "" */
  prefix?: string;
  /** Largest automaton, states. @default 20,000 */
  maxStates?: number;
}

/** No state. */
const DEAD = -1;
/** The state behind an end token. */
const ENDED = 0;
/** Classes: 0 is forbidden, then end tokens, then one for each text. */
const [FORBIDDEN_CLASS, END_CLASS, FIRST_TEXT_CLASS] = [0, 1, 2];

/** Over classes of tokens: `next[state * classCount + class]`. */
interface TokenAutomaton extends TokenClasses {
  stateCount: number;
  start: number;
  next: Int32Array;
  accepts: Uint8Array;
  /** States that some token leads to, without repetition: what a mask can do. */
  successors: Int32Array[];
}

/**
 * The text of a completion is accepted by an automaton over characters, in any order of revealing its tokens. The
 * automaton is compiled once to one over classes of tokens.
 *
 * @throws {InvalidArgumentError} if the automaton has more than `maxStates` states, or does not accept the prefix
 */
export function automatonConstraint(options: AutomatonOptions): Constraint {
  const automaton = compileAutomaton(options);
  return {
    tokenClasses: { classOf: automaton.classOf, classCount: automaton.classCount },
    allowed: (row, columns) => allowedClasses(automaton, row, columns),
  };
}

function allowedClasses(
  automaton: TokenAutomaton,
  { ids, completionStart, end = ids.length - 1, maskTokenId }: ConstraintRow,
  columns: readonly number[],
) {
  const { classCount, classOf } = automaton;
  const length = end + 1 - completionStart;
  const classAt = (i: number): number => (ids[completionStart + i] === maskTokenId ? DEAD : classOf[ids[completionStart + i]!]!);
  const forward = forwardStates(automaton, length, classAt);
  const backward = backwardStates(automaton, length, classAt, forward);
  const allowed = new Uint8Array(columns.length * classCount);
  let before: { states: Int32Array; ahead: Uint8Array; classes: Uint8Array } | undefined;
  columns.forEach((column, at) => {
    const i = column - completionStart;
    if (i < 0 || i >= length) return void allowed.fill(1, at * classCount, (at + 1) * classCount); // not about it
    const [states, ahead] = [forward[i] as Int32Array, backward[i + 1] as Uint8Array];
    if (before?.states !== states || before.ahead !== ahead) before = { states, ahead, classes: classesBetween(automaton, states, ahead) };
    allowed.set(before.classes, at * classCount);
  });
  return allowed;
}

/** 1 for classes that lead from one of the states to a live one. */
function classesBetween({ classCount, next }: TokenAutomaton, states: Int32Array, ahead: Uint8Array): Uint8Array {
  const classes = new Uint8Array(classCount);
  for (const state of states) {
    for (let group = 0; group < classCount; group++) {
      const to = next[state * classCount + group]!;
      if (to !== DEAD && ahead[to] === 1) classes[group] = 1;
    }
  }
  return classes;
}

/** States before each column. */
function forwardStates(
  { start, stateCount, classCount, next, successors }: TokenAutomaton,
  length: number,
  classAt: (i: number) => number,
): Int32Array[] {
  const before: Int32Array[] = [Int32Array.of(start)];
  for (let i = 0; i < length; i++) {
    const seen = new Uint8Array(stateCount);
    const states: number[] = [];
    const visit = (state: number): void => {
      if (state === DEAD || seen[state] === 1) return;
      seen[state] = 1;
      states.push(state);
    };
    const group = classAt(i);
    for (const state of before[i] as Int32Array) {
      if (group !== DEAD) visit(next[state * classCount + group]!);
      else for (const to of successors[state] as Int32Array) visit(to);
    }
    const last = before[i] as Int32Array;
    // Where mask follows mask the set soon stays the same, and so does all that is computed from it.
    before.push(states.length === last.length && last.every((state) => seen[state] === 1) ? last : Int32Array.from(states));
  }
  return before;
}

/** 1 for states before each column, among those that can be reached, from which the end can be reached. */
function backwardStates(
  { stateCount, classCount, next, accepts, successors }: TokenAutomaton,
  length: number,
  classAt: (i: number) => number,
  forward: readonly Int32Array[],
): Uint8Array[] {
  const last = new Uint8Array(stateCount);
  for (const state of forward[length] as Int32Array) last[state] = accepts[state]!;
  const live: Uint8Array[] = [];
  live[length] = last;
  for (let i = length - 1; i >= 0; i--) {
    const [states, ahead, group] = [forward[i] as Int32Array, live[i + 1] as Uint8Array, classAt(i)];
    const here = new Uint8Array(stateCount);
    for (const state of states) {
      const to = group === DEAD ? undefined : next[state * classCount + group]!;
      const isLive = to === undefined ? (successors[state] as Int32Array).some((one) => ahead[one] === 1) : to !== DEAD && ahead[to] === 1;
      if (isLive) here[state] = 1;
    }
    live[i] = states === forward[i + 1] && here.every((value, state) => value === ahead[state]) ? ahead : here;
  }
  return live;
}

/** Follows every class of tokens from every state that is reached. */
function compileAutomaton(options: AutomatonOptions): TokenAutomaton {
  const { texts, classOf } = textClasses(options);
  const characters = characterTable(options);
  const classCount = texts.length + FIRST_TEXT_CLASS;
  const letters = texts.map((text) => Array.from(text, characters.letter));
  const rows: Int32Array[] = [new Int32Array(classCount).fill(ENDED)];
  for (let state = 1; state < characters.count(); state++) {
    const row = new Int32Array(classCount).fill(DEAD);
    if (characters.accepts(state)) row[END_CLASS] = ENDED;
    letters.forEach((text, i) => (row[i + FIRST_TEXT_CLASS] = follow(text, state, characters.next)));
    rows.push(row);
  }
  const next = new Int32Array(rows.length * classCount);
  rows.forEach((row, state) => next.set(row, state * classCount));
  return {
    classOf,
    classCount,
    stateCount: rows.length,
    start: characters.start,
    next,
    accepts: Uint8Array.from(rows, (_, state) => (state === ENDED || characters.accepts(state) ? 1 : 0)),
    successors: rows.map((row) => Int32Array.from(new Set(row.filter((to) => to !== DEAD)))),
  };
}

/** The automaton over characters with numbered states, found as they are reached. */
function characterTable({ automaton, prefix = "", maxStates = 20_000 }: AutomatonOptions) {
  const names = [""];
  const numbers = new Map<string, number>();
  const letters = new Map<string, number>();
  const tables: number[][] = [];
  const numberOf = (name: string): number => {
    const known = numbers.get(name);
    if (known !== undefined) return known;
    if (names.length > maxStates)
      throw new InvalidArgumentError({
        argument: "automaton",
        value: `more than ${maxStates} states`,
        expected: "a smaller one",
        wayOut: "Lower its depth.",
      });
    numbers.set(name, names.length);
    return names.push(name) - 1;
  };
  const letter = (character: string): number => {
    const number = letters.get(character) ?? letters.size;
    letters.set(character, number);
    return number;
  };
  const next = (state: number, number: number): number => {
    const table = (tables[state] ??= []);
    return (table[number] ??= ((): number => {
      const to = automaton.next(names[state]!, [...letters.keys()][number] as string);
      return to === undefined ? DEAD : numberOf(to);
    })());
  };
  const first = numberOf(automaton.start);
  const start = follow(Array.from(automaton.simplify(prefix), letter), first, next);
  if (start === DEAD)
    throw new InvalidArgumentError({ argument: "prefix", value: prefix, expected: "the beginning of a text that the automaton accepts" });
  return { start, letter, next, count: () => names.length, accepts: (state: number) => automaton.accepts(names[state]!) };
}

function follow(letters: readonly number[], start: number, next: (state: number, letter: number) => number): number {
  let state = start;
  for (const letter of letters) {
    state = next(state, letter);
    if (state === DEAD) return DEAD;
  }
  return state;
}

/** Texts that differ for the automaton, and the class of each token. */
function textClasses({ automaton, vocabSize, tokenText, eosTokenIds }: AutomatonOptions): { texts: string[]; classOf: Int32Array } {
  const numbers = new Map<string, number>();
  const classOf = Int32Array.from({ length: vocabSize }, (_, id) => {
    if (eosTokenIds.includes(id)) return END_CLASS;
    const text = tokenText(id);
    if (text === undefined) return FORBIDDEN_CLASS;
    const simple = automaton.simplify(text);
    const known = numbers.get(simple) ?? numbers.size + FIRST_TEXT_CLASS;
    numbers.set(simple, known);
    return known;
  });
  return { texts: [...numbers.keys()], classOf };
}
