// A constraint on the text of a completion, given as an automaton over characters. Out of order: a masked position may get a
// token if some filling of all the masks is accepted. With F_i the states that can be reached before column i and B_i those
// from which the end can be reached (both over all fillings), token v may stand at i iff some s in F_i has d(s, v) in B_{i+1}.
// One pass from each side: this is what a greedy check from left to right cannot do while masks lie in between.
import { InvalidArgumentError } from "@diffucoder/core";
import { addAll, emptyBits, isIn, listOf, meet, put } from "./bits.ts";
import type { Constraint, ConstraintRow } from "./constraint.ts";
import { compileInSlices } from "./compile-in-slices.ts";
import { type AutomatonOptions, DEAD, type TokenAutomaton, tokenAutomaton } from "./token-automaton.ts";

/**
 * The text of a completion is accepted by an automaton over characters, in any order of revealing its tokens. The
 * automaton is compiled once to one over classes of tokens: by `prepare`, in slices between which others have their turn, or
 * else when it is first asked. Both throw an `InvalidArgumentError` if the automaton has more than `maxStates` states.
 *
 * @throws {InvalidArgumentError} if the automaton does not accept the prefix
 */
export function automatonConstraint(options: AutomatonOptions): Constraint {
  checkPrefix(options);
  return compiledConstraint(() => tokenAutomaton(options));
}

/** The constraint of an automaton over tokens, which is made when it is first asked, or in slices. @param work makes it */
export function compiledConstraint(work: () => Generator<void, TokenAutomaton>, argument = "constraint"): Constraint {
  const compiled = compileInSlices(work);
  return {
    argument,
    get tokenClasses() {
      const { classOf, classCount } = compiled.now();
      return { classOf, classCount };
    },
    get fewestTokens() {
      const { start, tokensLeft } = compiled.now();
      return tokensLeft[start]!;
    },
    prepare: compiled.prepare,
    allowed: (row, columns) => allowedClasses(compiled.now(), row, columns),
  };
}

function checkPrefix({ automaton, prefix = "" }: AutomatonOptions): void {
  let state: string | undefined = automaton.start;
  for (const character of automaton.simplify(prefix)) state = state === undefined ? undefined : automaton.next(state, character);
  if (state === undefined)
    throw new InvalidArgumentError({ argument: "prefix", value: prefix, expected: "the beginning of a text that the automaton accepts" });
}

function allowedClasses(
  automaton: TokenAutomaton,
  { ids, completionStart, end = Infinity, until = ids.length, maskTokenId }: ConstraintRow,
  columns: readonly number[],
) {
  const { classCount, classOf } = automaton;
  const length = Math.min(end + 1, until) - completionStart;
  const classAt = (i: number): number => (ids[completionStart + i] === maskTokenId ? DEAD : classOf[ids[completionStart + i]!]!);
  const forward = forwardStates(automaton, length, classAt);
  const backward = backwardStates(automaton, length, classAt, forward);
  const allowed = new Uint8Array(columns.length * classCount);
  let before: { states: Int32Array; ahead: Int32Array; classes: Uint8Array } | undefined;
  columns.forEach((column, at) => {
    const i = column - completionStart;
    if (i < 0 || i >= length) return void allowed.fill(1, at * classCount, (at + 1) * classCount); // not about it
    const [states, ahead] = [forward[i]!, backward[i + 1]!];
    if (before?.states !== states || before.ahead !== ahead) before = { states, ahead, classes: classesBetween(automaton, states, ahead) };
    allowed.set(before.classes, at * classCount);
  });
  return allowed;
}

/** 1 for classes that lead from one of the states to a live one. */
function classesBetween({ classCount, next }: TokenAutomaton, states: Int32Array, ahead: Int32Array): Uint8Array {
  const classes = new Uint8Array(classCount);
  /** Classes that no state has led ahead so far: soon few. */
  const open = Int32Array.from({ length: classCount }, (_, group) => group);
  let count = classCount;
  for (const state of states) {
    const row = next[state]!;
    let kept = 0;
    for (let i = 0; i < count; i++) {
      const group = open[i]!;
      const to = row[group]!;
      if (to !== DEAD && isIn(ahead, to)) classes[group] = 1;
      else open[kept++] = group;
    }
    count = kept;
  }
  return classes;
}

/** States before each column from which the end is not too far. */
function forwardStates(
  { start, stateCount, next, successors, tokensLeft }: TokenAutomaton,
  length: number,
  classAt: (i: number) => number,
): Int32Array[] {
  const before: Int32Array[] = [Int32Array.of(start)];
  const reached = emptyBits(stateCount);
  for (let i = 0; i < length; i++) {
    const group = classAt(i);
    const last = before[i]!;
    reached.fill(0);
    for (const state of last) {
      if (group === DEAD) addAll(reached, successors[state]!);
      else if (next[state]![group] !== DEAD) put(reached, next[state]![group]!);
    }
    const states = listOf(reached).filter((state) => tokensLeft[state]! < length - i);
    // Where mask follows mask the set soon stays the same, and so does all that is computed from it.
    const isSame = states.length === last.length && states.every((state, at) => state === last[at]);
    before.push(isSame ? last : states);
  }
  return before;
}

/** Among the states before each column, those from which the end can be reached, in bits. */
function backwardStates(
  { stateCount, next, accepts, successors }: TokenAutomaton,
  length: number,
  classAt: (i: number) => number,
  forward: readonly Int32Array[],
): Int32Array[] {
  const last = emptyBits(stateCount);
  for (const state of forward[length]!) if (accepts[state] === 1) put(last, state);
  const live: Int32Array[] = [];
  live[length] = last;
  for (let i = length - 1; i >= 0; i--) {
    const [states, ahead, group] = [forward[i]!, live[i + 1]!, classAt(i)];
    const here = emptyBits(stateCount);
    for (const state of states) {
      const to = group === DEAD ? undefined : next[state]![group]!;
      const isLive = to === undefined ? meet(successors[state]!, ahead) : to !== DEAD && isIn(ahead, to);
      if (isLive) put(here, state);
    }
    live[i] = states === forward[i + 1] && here.every((word, at) => word === ahead[at]) ? ahead : here;
  }
  return live;
}
