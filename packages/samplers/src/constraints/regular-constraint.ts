// A regular language as a constraint: its automaton over bytes of UTF-8, so that a character may be spread over tokens.
// DINGO (arXiv 2505.23061, section 4) has the same automaton over tokens, where a mask leads to every state that some token leads to:
//   d(q, mask) = { q' : some token v, q' = d(q, v) }
// Differs: 1. DINGO takes the likeliest string of a block by dynamic programming, and so decides its masks together; here each position is
// drawn from the tokens with which all masks can still be filled (automaton.ts), so any decoder, temperature and order of reveal keeps to it.
// 2. A row must be a whole text of the language where it ends, not the beginning of one.
import type { Constraint } from "./constraint.ts";
import { compiledConstraint } from "./automaton.ts";
import { type Dfa, dfaOf } from "./regular/dfa.ts";
import type { Regular } from "./regular/regular.ts";
import { type AutomatonOptions, type CharacterAutomaton, tokenAutomaton } from "./token-automaton.ts";

export interface RegularConstraintOptions extends Pick<AutomatonOptions, "vocabSize" | "eosTokenIds" | "behindEnd"> {
  /** The texts. */
  language: Regular;
  /** Bytes of a token; `undefined` for special tokens. */
  tokenBytes: (id: number) => Uint8Array | undefined;
  /** What the language is called in errors. */
  name: string;
}

/** The text of a completion is one of a regular language. */
export function regularConstraint({ language, tokenBytes, name, ...tokens }: RegularConstraintOptions): Constraint {
  const work = function* () {
    const automaton = byteAutomaton(yield* dfaOf(language, name));
    const tokenText = (id: number): string | undefined => {
      const bytes = tokenBytes(id);
      return bytes && Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString("latin1");
    };
    return yield* tokenAutomaton({ ...tokens, automaton, tokenText, name });
  };
  return compiledConstraint(work, name);
}

/** Characters are bytes, and simplified the class of a byte. */
function byteAutomaton({ classOf, classCount, next, accepts }: Dfa): CharacterAutomaton {
  return {
    start: "0",
    next: (state, letter) => {
      const to = next[Number(state) * classCount + letter.charCodeAt(0)]!;
      return to === -1 ? undefined : String(to);
    },
    accepts: (state) => accepts[Number(state)] === 1,
    simplify: (bytes) => {
      const classes = Array.from(bytes, (byte) => classOf[byte.charCodeAt(0)]!);
      return classes.includes(0) ? "\0" : String.fromCharCode(...classes);
    },
  };
}
