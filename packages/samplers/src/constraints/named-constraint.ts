// Constraints by name, as plain data: what a request, a recipe or a command can ask for.
import { ConstraintError } from "@diffucoder/core";
import { z } from "zod";
import { automatonConstraint } from "./automaton.ts";
import type { Constraint } from "./constraint.ts";
import { anyObject } from "./json/json-text.ts";
import { jsonSchemaTexts } from "./json/json-schema.ts";
import { type CallableTool, toolCallTexts } from "./json/tool-calls.ts";
import { pythonAutomaton, type PythonAutomatonOptions, PythonAutomatonOptionsSchema } from "./python.ts";
import { parseRegex } from "./regular/parse-regex.ts";
import type { Regular } from "./regular/regular.ts";
import { regularConstraint } from "./regular-constraint.ts";
import type { CharacterAutomaton } from "./token-automaton.ts";

interface PythonConstraintOptions extends PythonAutomatonOptions {
  /** Python as `pythonAutomaton` has it: brackets and strings are closed, and with `indentation` blocks are indented. */
  kind: "python";
}

interface RegexConstraintOptions {
  /** The text matches a regular expression as a whole. */
  kind: "regex";
  /** In JavaScript's syntax, without look-around, back references and `\\b`. */
  pattern: string;
}

interface JsonSchemaConstraintOptions {
  /** The text is JSON that is valid for a schema. */
  kind: "json_schema";
  /** Draft 2020-12, of which the README says what is supported. */
  schema: boolean | Readonly<Record<string, unknown>>;
}

interface JsonObjectConstraintOptions {
  /** The text is a JSON object. */
  kind: "json_object";
  /** How deep its values nest, itself included: from 1 to 4. @default 3 */
  maxDepth?: number | undefined;
}

interface ToolCallsConstraintOptions {
  /** The text is calls of functions, and nothing else, as Qwen and Hermes have them written. */
  kind: "tool_calls";
  /** The functions that may be called. */
  tools: CallableTool[];
  /** Calls, at most. @default any number */
  maxCalls?: number | undefined;
}

/** What the text of a completion must keep to, by `kind`; a kind alone has its defaults. */
export type ConstraintOptions =
  | "python"
  | "json_object"
  | PythonConstraintOptions
  | RegexConstraintOptions
  | JsonSchemaConstraintOptions
  | JsonObjectConstraintOptions
  | ToolCallsConstraintOptions;

/** Options of `createConstraint`. Unknown keys fail. */
export const ConstraintOptionsSchema = z.union([
  z.enum(["python", "json_object"]),
  z.discriminatedUnion("kind", [
    PythonAutomatonOptionsSchema.extend({
      kind: z.literal("python").describe("brackets and strings are closed, and with indentation blocks are indented"),
    }),
    z.strictObject({
      kind: z.literal("regex").describe("the text matches a regular expression as a whole"),
      pattern: z.string().describe("in JavaScript's syntax, without look-around and back references"),
    }),
    z.strictObject({
      kind: z.literal("json_schema").describe("the text is JSON that is valid for a schema"),
      schema: z.union([z.boolean(), z.record(z.string(), z.unknown())]).describe("draft 2020-12"),
    }),
    z.strictObject({
      kind: z.literal("json_object").describe("the text is a JSON object"),
      maxDepth: z.int().min(1).max(4).default(3).describe("how deep its values nest, itself included"),
    }),
    z.strictObject({
      kind: z.literal("tool_calls").describe("the text is calls of functions, as Qwen and Hermes have them written"),
      tools: z
        .array(z.strictObject({ name: z.string().min(1), parameters: z.record(z.string(), z.unknown()).optional() }))
        .min(1)
        .describe("the functions that may be called, with JSON schemas of their arguments"),
      maxCalls: z.int().positive().optional().describe("calls, at most"),
    }),
  ]),
]) satisfies z.ZodType<unknown, ConstraintOptions>;

/** What a constraint on text must know of tokens. Keep the object: constraints that were made of it are found by it. */
export interface TokenTexts {
  /** Tokens of the vocabulary. */
  readonly vocabSize: number;
  /** Text of a token; `undefined` for special tokens and ids without one. */
  tokenText(id: number): string | undefined;
  /** Its bytes in UTF-8, which may be a part of a character. @default those of its text */
  tokenBytes?(id: number): Uint8Array | undefined;
  /** Tokens that end an answer. */
  readonly eosTokenIds: readonly number[];
}

/** Constraints that are kept for each vocabulary: each took a walk through all of its tokens. */
const KEPT = 8;
const made = new WeakMap<TokenTexts, Map<string, Constraint>>();

/** Where a constraint is made for. */
export interface ConstraintPlace {
  /** Text before the completion, the beginning of a program: `python` is about both together, other kinds are not. @default "" */
  before?: string | undefined;
  /** Whether it is about a hole of a text, all of whose tokens are kept. @default false: what is behind an end token is not */
  hole?: boolean | undefined;
}

/** Whether a constraint is about each hole of a text alone, and not about the text with its holes. */
export function isAboutHoles(options: ConstraintOptions): boolean {
  return kindOf(options) !== "python";
}

function kindOf(options: ConstraintOptions): Exclude<ConstraintOptions, string>["kind"] {
  return typeof options === "string" ? options : options.kind;
}

/**
 * The constraint that options name.
 *
 * @throws {ConfigError} naming every bad option
 * @throws {InvalidArgumentError} if an expression or a schema is not supported, naming what in it is not
 * @throws {ConstraintError} if the text before breaks the constraint already
 */
export function createConstraint(options: ConstraintOptions, texts: TokenTexts, { before = "", hole = false }: ConstraintPlace = {}): Constraint {
  const given: Exclude<ConstraintOptions, string> = options === "python" || options === "json_object" ? { kind: options } : options;
  if (given.kind === "python") {
    const { kind: _, ...own } = given;
    const automaton = pythonAutomaton(own);
    const start = stateBehind(before, automaton);
    return kept(texts, [own, start], () =>
      automatonConstraint({ automaton: { ...automaton, start }, ...texts, tokenText: (id) => texts.tokenText(id) }),
    );
  }
  return kept(texts, [given, hole], () =>
    regularConstraint({
      ...texts,
      ...languageOf(given),
      behindEnd: hole ? "ends" : "anything",
      tokenBytes: (id) => (texts.tokenBytes === undefined ? bytesOf(texts.tokenText(id)) : texts.tokenBytes(id)),
    }),
  );
}

type RegularConstraint = RegexConstraintOptions | JsonSchemaConstraintOptions | JsonObjectConstraintOptions | ToolCallsConstraintOptions;

function languageOf(options: RegularConstraint): { language: Regular; name: string } {
  switch (options.kind) {
    case "regex":
      return { language: parseRegex(options.pattern, { argument: "constraint.pattern" }), name: "constraint.pattern" };
    case "json_schema":
      return { language: jsonSchemaTexts(options.schema, "constraint.schema"), name: "constraint.schema" };
    case "json_object":
      return { language: anyObject(options.maxDepth ?? 3), name: "constraint.maxDepth" };
    case "tool_calls": {
      const { tools, maxCalls } = options;
      return { language: toolCallTexts(tools, { maxCalls, argument: "constraint.tools" }), name: "constraint.tools" };
    }
  }
}

function bytesOf(text: string | undefined): Uint8Array | undefined {
  return text === undefined ? undefined : new TextEncoder().encode(text);
}

/** Constraints that were used last are kept. */
function kept(texts: TokenTexts, settings: unknown, make: () => Constraint): Constraint {
  const key = JSON.stringify(settings);
  const ofTexts = made.get(texts) ?? new Map<string, Constraint>();
  made.set(texts, ofTexts);
  const constraint = ofTexts.get(key) ?? make();
  ofTexts.delete(key);
  ofTexts.set(key, constraint);
  if (ofTexts.size > KEPT) ofTexts.delete(ofTexts.keys().next().value!);
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
