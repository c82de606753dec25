// An automaton over characters becomes one over classes of tokens: for every state, where each class leads. Texts that begin alike
// are followed together, as paths of one tree, and a branch is left where the state behind it is dead.
import { InvalidArgumentError } from "@diffucoder/core";
import type { TokenClasses } from "../denoiser.ts";
import { type TextTree, textTree } from "./text-tree.ts";

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
export const DEAD = -1;
/** The state behind an end token. */
const ENDED = 0;
/** Classes: 0 is forbidden, then end tokens, then one for each text. */
const [FORBIDDEN_CLASS, END_CLASS, FIRST_TEXT_CLASS] = [0, 1, 2];
/** Tokens, or states, between two interruptions. */
const [TOKENS_AT_ONCE, STATES_AT_ONCE] = [1024, 16];

/** Over classes of tokens. */
export interface TokenAutomaton extends TokenClasses {
  stateCount: number;
  start: number;
  /** `next[state][class]`: the state behind a token. */
  next: readonly Int32Array[];
  accepts: Uint8Array;
  /** States that some token leads to, without repetition: what a mask can do. */
  successors: Int32Array[];
}

/** Follows every class of tokens from every state that is reached. @returns the steps of that work */
export function* tokenAutomaton(options: AutomatonOptions): Generator<void, TokenAutomaton> {
  const { texts, classOf } = yield* textClasses(options);
  const { automaton, prefix = "" } = options;
  const before = automaton.simplify(prefix);
  const letters = new Map(Array.from(new Set(texts.join("") + before), (letter, number) => [letter, number]));
  const tree = textTree(texts.map((text) => Array.from(text, (letter) => letters.get(letter)!)));
  const states = characterStates(options, [...letters.keys()]);
  const start = Array.from(before).reduce((state, letter) => states.next(state, letters.get(letter)!), FIRST_STATE);
  const classCount = texts.length + FIRST_TEXT_CLASS;
  const next: Int32Array[] = [new Int32Array(classCount).fill(ENDED)];
  const successors: Int32Array[] = [Int32Array.of(ENDED)];
  const targets = new Targets();
  for (let state = FIRST_STATE; state < states.count(); state++) {
    const row = new Int32Array(classCount).fill(DEAD);
    if (states.accepts(state)) targets.add((row[END_CLASS] = ENDED));
    followTexts(tree, state, { states, row, targets });
    next.push(row);
    successors.push(targets.take());
    if (state % STATES_AT_ONCE === 0) yield;
  }
  const accepts = Uint8Array.from(next, (_, state) => (state === ENDED || states.accepts(state) ? 1 : 0));
  return { classOf, classCount, stateCount: next.length, start, next, accepts, successors };
}

/** Distinct states, collected. */
class Targets {
  readonly #seen: boolean[] = [];
  #states: number[] = [];

  add(state: number): void {
    if (this.#seen[state] === true) return;
    this.#seen[state] = true;
    this.#states.push(state);
  }

  take(): Int32Array {
    const taken = Int32Array.from(this.#states);
    for (const state of this.#states) this.#seen[state] = false;
    this.#states = [];
    return taken;
  }
}

/** Writes where each text leads from a state to the state's row. */
function followTexts(
  { parents, letters, ends, texts }: TextTree,
  start: number,
  { states, row, targets }: { states: CharacterStates; row: Int32Array; targets: Targets },
): void {
  const behind = new Int32Array(letters.length);
  for (let place = 0; place < letters.length;) {
    const to = place === 0 ? start : states.next(behind[parents[place]!]!, letters[place]!);
    if (to === DEAD) {
      place = ends[place]!;
      continue;
    }
    behind[place] = to;
    const text = texts[place]!;
    if (text !== -1) {
      row[text + FIRST_TEXT_CLASS] = to;
      targets.add(to);
    }
    place++;
  }
}

type CharacterStates = ReturnType<typeof characterStates>;

/** The number of the automaton's start. */
const FIRST_STATE = 1;
const UNKNOWN = -2;

/** The automaton over characters with numbered states, found as they are reached. */
function characterStates({ automaton, maxStates = 20_000 }: AutomatonOptions, letters: readonly string[]) {
  const names = ["", automaton.start];
  const numbers = new Map([[automaton.start, FIRST_STATE]]);
  const tables: Int32Array[] = [];
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
  const found = (state: number, letter: number): number => {
    const to = automaton.next(names[state]!, letters[letter]!);
    return (tables[state]![letter] = to === undefined ? DEAD : numberOf(to));
  };
  const next = (state: number, letter: number): number => {
    const to = (tables[state] ??= new Int32Array(letters.length).fill(UNKNOWN))[letter]!;
    return to === UNKNOWN ? found(state, letter) : to;
  };
  return { next, count: () => names.length, accepts: (state: number) => automaton.accepts(names[state]!) };
}

/** Texts that differ for the automaton, and the class of each token. */
function* textClasses({ automaton, vocabSize, tokenText, eosTokenIds }: AutomatonOptions): Generator<void, { texts: string[]; classOf: Int32Array }> {
  const numbers = new Map<string, number>();
  const ends = new Set(eosTokenIds);
  const classOf = new Int32Array(vocabSize);
  for (let id = 0; id < vocabSize; id++) {
    if (id % TOKENS_AT_ONCE === 0) yield;
    const text = ends.has(id) ? undefined : tokenText(id);
    if (text === undefined) {
      classOf[id] = ends.has(id) ? END_CLASS : FORBIDDEN_CLASS;
      continue;
    }
    const simple = automaton.simplify(text);
    const known = numbers.get(simple) ?? numbers.size + FIRST_TEXT_CLASS;
    numbers.set(simple, known);
    classOf[id] = known;
  }
  return { texts: [...numbers.keys()], classOf };
}
