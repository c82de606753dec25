// An automaton over characters becomes one over classes of tokens: for every state, where each class leads. Texts that begin alike
// are followed together, as paths of one tree, and a branch is left where the state behind it is dead.
import { InvalidArgumentError } from "@diffucoder/core";
import type { TokenClasses } from "../denoiser.ts";
import { emptyBits, put } from "./bits.ts";
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
  /** What may stand behind an end token: anything, or, in a hole of a text, end tokens alone. @default "anything" */
  behindEnd?: "anything" | "ends";
  /** Largest automaton, states. @default 20,000 */
  maxStates?: number;
  /** What it is called in errors. @default "automaton" */
  name?: string | undefined;
}

/** No state. */
export const DEAD = -1;
/** The state behind an end token. */
const ENDED = 0;
/** Classes: 0 is forbidden, then end tokens, then one for each text. */
const [FORBIDDEN_CLASS, END_CLASS, FIRST_TEXT_CLASS] = [0, 1, 2];
/** Tokens, or states, between two interruptions. */
const [TOKENS_AT_ONCE, STATES_AT_ONCE] = [1024, 4];
/** Letters of texts that are followed from all states together, at most: about half a minute. */
const MOST_FOLLOWED = 4_000_000_000;

/** Over classes of tokens. */
export interface TokenAutomaton extends TokenClasses {
  stateCount: number;
  start: number;
  /** `next[state][class]`: the state behind a token. */
  next: readonly Int32Array[];
  accepts: Uint8Array;
  /** States that some token leads to, in bits: what a mask can do. */
  successors: Int32Array[];
  /** By state, tokens of the shortest way to the end of a text that is accepted; infinite if there is none. */
  tokensLeft: Float64Array;
}

/**
 * Follows every token from every state that is reached. Tokens that no state tells apart are one class: a first walk finds the classes, a
 * second one follows one token of each, so that no table has as many columns as there are tokens.
 *
 * @returns the steps of that work
 */
export function* tokenAutomaton(options: AutomatonOptions): Generator<void, TokenAutomaton> {
  const { texts, classOf: textOf } = yield* textClasses(options);
  const { automaton, prefix = "" } = options;
  const before = automaton.simplify(prefix);
  const letters = new Map(Array.from(new Set(texts.join("") + before), (letter, number) => [letter, number]));
  const spelled = texts.map((text) => Array.from(text, (letter) => letters.get(letter)!));
  const states = characterStates(options, [...letters.keys()]);
  const start = Array.from(before).reduce((state, letter) => states.next(state, letters.get(letter)!), FIRST_STATE);
  const { classOf, examples } = yield* toldApart(spelled, states, options);
  const classCount = examples.length + FIRST_TEXT_CLASS;
  const next: Int32Array[] = [behindEnd(options, classCount)];
  const followers: Int32Array[] = [Int32Array.of(ENDED)];
  const targets = new Targets();
  const tree = textTree(examples.map((text) => spelled[text]!));
  const follow = followedTexts(tree, states);
  for (let state = FIRST_STATE; state < states.count(); state++) {
    const row = new Int32Array(classCount).fill(DEAD);
    if (states.accepts(state)) targets.add((row[END_CLASS] = ENDED));
    follow(state, (text, to) => {
      row[text + FIRST_TEXT_CLASS] = to;
      targets.add(to);
    });
    next.push(row);
    followers.push(targets.take());
    if (state % STATES_AT_ONCE === 0) yield;
  }
  const accepts = Uint8Array.from(next, (_, state) => (state === ENDED || states.accepts(state) ? 1 : 0));
  const tokensLeft = shortestWays(accepts, followers);
  const successors = followers.map((some) => {
    const bits = emptyBits(next.length);
    for (const state of some) put(bits, state);
    return bits;
  });
  const classOfToken = textOf.map((text) => (text < FIRST_TEXT_CLASS ? text : classOf[text - FIRST_TEXT_CLASS]!));
  return { classOf: classOfToken, classCount, stateCount: next.length, start, next, accepts, successors, tokensLeft };
}

function behindEnd({ behindEnd: what = "anything" }: AutomatonOptions, classCount: number): Int32Array {
  const row = new Int32Array(classCount).fill(what === "anything" ? ENDED : DEAD);
  row[END_CLASS] = ENDED;
  return row;
}

/**
 * Texts that lead from every state to the same one share a class. Where a text leads is summed up in 64 bits that states and their targets
 * are mixed into: for two texts that differ to have the same is less likely than one in a billion, whatever the vocabulary.
 */
function* toldApart(spelled: readonly (readonly number[])[], states: CharacterStates, options: AutomatonOptions) {
  const follow = followedTexts(textTree(spelled), states);
  const [low, high] = [new Int32Array(spelled.length), new Int32Array(spelled.length)];
  let followed = 0;
  for (let state = FIRST_STATE; state < states.count(); state++) {
    const [one, other] = [mixed(state), mixed(~state)];
    followed += follow(state, (text, to) => {
      low[text] = (low[text]! + mixed(one ^ Math.imul(to, 0x9e_37_79_b1))) | 0;
      high[text] = (high[text]! + mixed(other ^ Math.imul(to, 0x85_eb_ca_6b))) | 0;
    });
    if (followed > MOST_FOLLOWED) throw tooManyStates(options, states.count());
    if (state % STATES_AT_ONCE === 0) yield;
  }
  const numbers = new Map<string, number>();
  const examples: number[] = [];
  const classOf = Int32Array.from(spelled, (_, text) => {
    if (low[text] === 0 && high[text] === 0) return FORBIDDEN_CLASS; // it leads nowhere
    const key = `${low[text]},${high[text]}`;
    const known = numbers.get(key);
    if (known !== undefined) return known;
    numbers.set(key, examples.length + FIRST_TEXT_CLASS);
    return examples.push(text) - 1 + FIRST_TEXT_CLASS;
  });
  return { classOf, examples };
}

/** A number that looks random (the last steps of MurmurHash3). */
function mixed(number: number): number {
  let x = Math.imul(number ^ (number >>> 16), 0x85_eb_ca_6b);
  x = Math.imul(x ^ (x >>> 13), 0xc2_b2_ae_35);
  return x ^ (x >>> 16);
}

/** From the ends of texts back. */
function shortestWays(accepts: Uint8Array, followers: readonly Int32Array[]): Float64Array {
  const before: number[][] = Array.from(accepts, () => []);
  followers.forEach((some, state) => some.forEach((to) => before[to]!.push(state)));
  const left = Float64Array.from(accepts, (isEnd) => (isEnd === 1 ? 0 : Infinity));
  let reached = [...accepts.keys()].filter((state) => accepts[state] === 1);
  for (let tokens = 1; reached.length > 0; tokens++) {
    const further = new Set(reached.flatMap((state) => before[state]!).filter((state) => left[state] === Infinity));
    for (const state of further) left[state] = tokens;
    reached = [...further];
  }
  return left;
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

/** Tells where each text leads from a state, if anywhere. @returns how many places of the tree were visited */
function followedTexts({ parents, letters, ends, texts }: TextTree, states: CharacterStates) {
  const behind = new Int32Array(letters.length);
  return (start: number, tell: (text: number, to: number) => void): number => {
    let visited = 0;
    for (let place = 0; place < letters.length; visited++) {
      const to = place === 0 ? start : states.next(behind[parents[place]!]!, letters[place]!);
      if (to === DEAD) {
        place = ends[place]!;
        continue;
      }
      behind[place] = to;
      if (texts[place] !== -1) tell(texts[place]!, to);
      place++;
    }
    return visited;
  };
}

function tooManyStates({ name = "automaton" }: AutomatonOptions, states: number): InvalidArgumentError {
  return new InvalidArgumentError({ argument: name, value: `more than ${states} states`, expected: "a smaller one", wayOut: "Lower its depth." });
}

type CharacterStates = ReturnType<typeof characterStates>;

/** The number of the automaton's start. */
const FIRST_STATE = 1;
const UNKNOWN = -2;

/** The automaton over characters with numbered states, found as they are reached. */
function characterStates(options: AutomatonOptions, letters: readonly string[]) {
  const { automaton, maxStates = 20_000 } = options;
  const names = ["", automaton.start];
  const numbers = new Map([[automaton.start, FIRST_STATE]]);
  const tables: Int32Array[] = [];
  const numberOf = (name: string): number => {
    const known = numbers.get(name);
    if (known !== undefined) return known;
    if (names.length > maxStates) throw tooManyStates(options, maxStates);
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
