// Python text as an automaton: brackets are closed by their own kind, strings end, and, if wanted, lines are indented as the
// lines before them ask for. A state is `stack|mode|indent|colon`:
//   stack   the open brackets, at most maxDepth
//   mode    code; in a comment; in a string of one of four kinds, with the quotes seen so far or behind a backslash; or, for
//           indentation, at the start of a line behind so many spaces
//   indent  spaces of the logical line; colon: whether its last character of code is one
// It knows no more of Python than that: `return return` is accepted, and a backslash does not continue a line.
import { parseConfig } from "@diffucoder/core";
import { z } from "zod";
import type { CharacterAutomaton } from "./token-automaton.ts";

/** How deep Python text may nest, and whether its indentation is checked. */
export interface PythonAutomatonOptions {
  /** Open brackets, at most: from 1 to 8. @default 4 */
  maxDepth?: number | undefined;
  /** Spaces of a level of indentation. @default indentation is free */
  indentation?: number | undefined;
  /** Levels of indentation, at most; not read where indentation is free. @default 5 */
  maxLevels?: number | undefined;
}

/** Options of `pythonAutomaton`. Unknown keys fail. */
export const PythonAutomatonOptionsSchema = z.strictObject({
  maxDepth: z.int().min(1).max(8).default(4).describe("open brackets, at most"),
  indentation: z.int().positive().optional().describe("spaces of a level; absent: indentation is free"),
  maxLevels: z.int().positive().default(5).describe("levels of indentation, at most"),
}) satisfies z.ZodType<unknown, PythonAutomatonOptions>;

interface State {
  stack: string;
  mode: string;
  indent: number;
  colon: boolean;
}

const CODE = "c";
const COMMENT = "#";
/** A comment on a line of its own. */
const COMMENT_LINE = "##";
const closing: Record<string, string> = { "(": ")", "[": "]", "{": "}" };

/**
 * An automaton of Python text: brackets are closed by their own kind, strings end, and, if wanted, lines are indented as
 * the lines before them ask for. It knows no more of Python than that.
 *
 * @throws {ConfigError} naming every bad option
 */
export function pythonAutomaton(options: PythonAutomatonOptions = {}): CharacterAutomaton {
  const settings = parseConfig(PythonAutomatonOptionsSchema, options, { source: "pythonAutomaton options" });
  const start: State = { stack: "", mode: settings.indentation === undefined ? CODE : lineStart(0), indent: 0, colon: false };
  return {
    start: format(start),
    next: (text, character) => {
      const to = step(parse(text), character, settings);
      return to && format(to);
    },
    accepts: (text) => {
      const { stack, mode, colon } = parse(text);
      return stack === "" && !colon && (mode === CODE || mode === COMMENT || mode === COMMENT_LINE || isLineStart(mode) || /^["']2$/.test(mode));
    },
    simplify: (text) => simplify(text, settings.indentation !== undefined),
  };
}

type Settings = z.output<typeof PythonAutomatonOptionsSchema>;

function step(state: State, character: string, settings: Settings): State | undefined {
  const { mode } = state;
  if (isLineStart(mode)) return lineStartStep(state, character, settings);
  if (mode === CODE) return codeStep(state, character, settings);
  if (mode === COMMENT) return character === "\n" ? newline(state, settings) : state;
  if (mode === COMMENT_LINE) return character === "\n" ? { ...state, mode: lineStart(0) } : state;
  return stringStep(state, character, settings);
}

function codeStep(state: State, character: string, { maxDepth, ...settings }: Settings): State | undefined {
  const { stack } = state;
  if (character === "\n") return newline(state, { maxDepth, ...settings });
  if (character === " ") return state;
  if (character === "#") return { ...state, mode: COMMENT };
  const colon = settings.indentation !== undefined && stack === "" && character === ":";
  if (character === '"' || character === "'") return { ...state, mode: `${character}1`, colon };
  if (character in closing) return stack.length < maxDepth ? { ...state, stack: stack + character, colon } : undefined;
  if (Object.values(closing).includes(character)) {
    return closing[stack.at(-1) ?? ""] === character ? { ...state, stack: stack.slice(0, -1), colon } : undefined;
  }
  return { ...state, colon };
}

/** Modes of a string: its quote, then 1 or 2 quotes seen, `s` short, `t` long, `t1`, `t2` long behind quotes, `\` behind a backslash. */
function stringStep(state: State, character: string, settings: Settings): State | undefined {
  const [quote, kind] = [state.mode[0]!, state.mode.slice(1)];
  const to = (next: string): State => ({ ...state, mode: quote + next });
  const isQuote = character === quote;
  switch (kind) {
    case "1":
      if (isQuote) return to("2");
      return shortString(state, quote, character);
    case "2": // an empty string, or the first quotes of a long one
      return isQuote ? to("t") : codeStep({ ...state, mode: CODE }, character, settings);
    case "s":
      return isQuote ? { ...state, mode: CODE } : shortString(state, quote, character);
    case "s\\":
      return to("s");
    case "t\\":
      return to("t");
    default:
      if (character === "\\") return to("t\\");
      if (!isQuote) return to("t");
      return kind === "t2" ? { ...state, mode: CODE } : to(kind === "t" ? "t1" : "t2");
  }
}

/** A short string does not continue on the next line. */
function shortString(state: State, quote: string, character: string): State | undefined {
  if (character === "\n") return undefined;
  return { ...state, mode: `${quote}${character === "\\" ? "s\\" : "s"}` };
}

function newline(state: State, { indentation }: Settings): State {
  const isLogical = indentation !== undefined && state.stack === "";
  return { ...state, mode: isLogical ? lineStart(0) : CODE };
}

/** Behind some spaces: blank and comment lines are free, others are indented by what the line before asks for. */
function lineStartStep(state: State, character: string, settings: Settings): State | undefined {
  const spaces = Number(state.mode.slice(1));
  const unit = settings.indentation as number;
  const deepest = state.colon ? state.indent + unit : state.indent;
  if (character === "\n") return { ...state, mode: lineStart(0) };
  if (character === "#") return { ...state, mode: COMMENT_LINE };
  if (character === " ") return spaces < deepest ? { ...state, mode: lineStart(spaces + 1) } : undefined;
  if (character === "\t") return undefined;
  const fits = state.colon ? spaces === deepest && spaces <= unit * settings.maxLevels : spaces % unit === 0;
  return fits ? codeStep({ ...state, mode: CODE, indent: spaces, colon: false }, character, settings) : undefined;
}

const lineStart = (spaces: number): string => `L${spaces}`;
const isLineStart = (mode: string): boolean => mode.startsWith("L");

const format = ({ stack, mode, indent, colon }: State): string => `${stack}|${mode}|${indent}|${colon ? 1 : 0}`;

function parse(text: string): State {
  const [stack, mode, indent, colon] = text.split("|") as [string, string, string, string];
  return { stack, mode, indent: Number(indent), colon: colon === "1" };
}

/** Characters that mean nothing become one `a`; spaces count only where a line may begin, and not at all without indentation. */
function simplify(text: string, indentation: boolean): string {
  const meaning = indentation ? /[^()[\]{}"'\\\n#: \t]+/g : /[^()[\]{}"'\\\n#]+/g;
  const simple = text.replaceAll(meaning, "a");
  return indentation ? simple.replaceAll(/(?<=[^\n ]) +/g, " ") : simple;
}
