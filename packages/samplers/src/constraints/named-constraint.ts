// Constraints by name, as plain data: what a request, a recipe or a command can ask for.
import { ConstraintError } from "@diffucoder/core";
import { z } from "zod";
import { automatonConstraint } from "./automaton.ts";
import type { Constraint } from "./constraint.ts";
import { pythonAutomaton, type PythonAutomatonOptions, PythonAutomatonOptionsSchema } from "./python.ts";
import type { CharacterAutomaton } from "./token-automaton.ts";

interface PythonConstraintOptions extends PythonAutomatonOptions {
  /** Python as `pythonAutomaton` has it: brackets and strings are closed, and with `indentation` blocks are indented. */
  kind: "python";
}

/** What the text of a completion must keep to, by `kind`; a kind alone has its defaults. */
export type ConstraintOptions = "python" | PythonConstraintOptions;

/** Options of `createConstraint`. Unknown keys fail. */
export const ConstraintOptionsSchema = z.union([
  z.literal("python"),
  PythonAutomatonOptionsSchema.extend({
    kind: z.literal("python").describe("brackets and strings are closed, and with indentation blocks are indented"),
  }),
]) satisfies z.ZodType<unknown, ConstraintOptions>;

/** What a constraint on text must know of tokens. Keep the object: constraints that were made of it are found by it. */
export interface TokenTexts {
  /** Tokens of the vocabulary. */
  readonly vocabSize: number;
  /** Text of a token; `undefined` for special tokens and ids without one. */
  tokenText(id: number): string | undefined;
  /** Tokens that end an answer. */
  readonly eosTokenIds: readonly number[];
}

/** Constraints that are kept for each vocabulary: each took a walk through all of its tokens. */
const KEPT = 8;
const made = new WeakMap<TokenTexts, Map<string, Constraint>>();

/**
 * The constraint that options name.
 *
 * @param before text before the completion that it belongs to: the beginning of the program
 * @throws {ConfigError} naming every bad option
 * @throws {ConstraintError} if the text before breaks the constraint already
 */
export function createConstraint(options: ConstraintOptions, texts: TokenTexts, before = ""): Constraint {
  const { kind: _, ...given } = typeof options === "string" ? { kind: options } : options;
  const automaton = pythonAutomaton(given);
  const start = stateBehind(before, automaton);
  const key = JSON.stringify([given, start]);
  const kept = made.get(texts) ?? new Map<string, Constraint>();
  made.set(texts, kept);
  const constraint = kept.get(key) ?? automatonConstraint({ automaton: { ...automaton, start }, ...texts, tokenText: (id) => texts.tokenText(id) });
  kept.delete(key);
  kept.set(key, constraint);
  if (kept.size > KEPT) kept.delete(kept.keys().next().value!);
  return constraint;
}

function stateBehind(text: string, automaton: CharacterAutomaton): string {
  let [state, position]: [string, number] = [automaton.start, 0];
  for (const character of text) {
    const next = automaton.next(state, character);
    if (next === undefined) {
      const line = text.slice(0, position).split("\n").length;
      throw new ConstraintError(
        `constraint "python" cannot be kept: the text before the answer breaks it at ${JSON.stringify(character)} in line ${line}. Mend the text, or leave out the constraint.`,
      );
    }
    [state, position] = [next, position + character.length];
  }
  return state;
}
