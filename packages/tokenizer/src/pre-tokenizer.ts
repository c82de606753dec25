import { valueProblem } from "@diffucoder/core";
// The pre-tokenizers of tokenizer.json: `ByteLevel`, which must come last, and in front of it any number of `Split`, `Digits` and
// `Punctuation`. All others change or remove text, and are refused by name.
import { z } from "zod";
import { PatternError, toJavaScriptPattern } from "./onig-pattern.ts";
import { type SplitRule, splitWords } from "./split-words.ts";
import { WORD_PATTERN } from "./train-bpe.ts";

/** How Qwen2's tokenizer, and Dream's, which is made of it, cut text into words; vocab.json and merges.txt do not say it. */
export const QWEN_PATTERN = String.raw`(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+`;
const LLAMA_3_PATTERN = QWEN_PATTERN.replace(String.raw`|\p{N}|`, String.raw`|\p{N}{1,3}|`);
/** What `ByteLevel` cuts with where `use_regex` is set. */
const GPT_2_PATTERN = String.raw`'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+`;
const DIGIT = String.raw`\p{N}`;
const PUNCTUATION = String.raw`[!-/:-@\[-\`{-~\p{P}]`;
/** Each of these looks at a character a few times at most. */
const trusted: ReadonlySet<string> = new Set([QWEN_PATTERN, LLAMA_3_PATTERN, GPT_2_PATTERN, WORD_PATTERN, DIGIT, PUNCTUATION]);

const behavior = z.enum(["Isolated", "Removed", "MergedWithPrevious", "MergedWithNext", "Contiguous"]);
const SplitSchema = z.looseObject({
  pattern: z.union([z.looseObject({ Regex: z.string() }), z.looseObject({ String: z.string() })]),
  behavior,
  invert: z.boolean(),
});
const DigitsSchema = z.looseObject({ individual_digits: z.boolean().default(false) });
const PunctuationSchema = z.looseObject({ behavior: behavior.default("Isolated") });
const ByteLevelSchema = z.looseObject({ add_prefix_space: z.boolean(), use_regex: z.boolean().default(true) });

/** A pre-tokenizer, or a `Sequence` of them. */
export interface PreTokenizer {
  /** `"ByteLevel"`, `"Split"`, `"Digits"`, `"Punctuation"` or `"Sequence"`. */
  type: string;
  /** The parts of a `Sequence`, one after the other. */
  pretokenizers?: PreTokenizer[] | undefined;
  [option: string]: unknown;
}

/** A tokenizer.json asks for what is not done here; the message names it. */
export class UnsupportedError extends Error {}

/** The cuts that a file's pre-tokenizers make. @throws {UnsupportedError} naming the first that is not done here */
export function splitRules(preTokenizer: PreTokenizer | null | undefined): SplitRule[] {
  const all = preTokenizer ? flatten(preTokenizer, 0) : [];
  const last = all.at(-1);
  const byteLevel = all.findIndex(({ type }) => type === "ByteLevel");
  const rules = all.slice(0, byteLevel < 0 ? all.length : byteLevel).map(toRule);
  if (byteLevel < 0)
    throw new UnsupportedError(`is not byte-level: it has ${last === undefined ? "no pre-tokenizer" : "no ByteLevel pre-tokenizer"}`);
  const after = all[byteLevel + 1];
  if (after !== undefined) throw new UnsupportedError(`has the pre-tokenizer ${after.type} after ByteLevel, which must come last`);
  const { add_prefix_space: addsSpace, use_regex: cuts } = parse(ByteLevelSchema, last as PreTokenizer);
  if (addsSpace) throw new UnsupportedError("has a ByteLevel pre-tokenizer with add_prefix_space, which puts a space into the text");
  return cuts ? [...rules, ruleOf(GPT_2_PATTERN, "Isolated", false)] : rules;
}

function flatten(one: PreTokenizer, depth: number): PreTokenizer[] {
  if (one.type !== "Sequence") return [one];
  if (depth > 10) throw new UnsupportedError("has pre-tokenizers nested more than 10 deep");
  return (one.pretokenizers ?? []).flatMap((inner) => flatten(inner, depth + 1));
}

function toRule(one: PreTokenizer): SplitRule {
  if (one.type === "Split") {
    const { pattern, behavior: what, invert } = parse(SplitSchema, one);
    const source = "Regex" in pattern ? (pattern.Regex as string) : pattern.String.replace(/[\\^$.*+?()[\]{}|/]/g, String.raw`\$&`);
    if (source === "") throw new UnsupportedError("has a Split pre-tokenizer with an empty pattern");
    const rule = ruleOf(source, what, invert);
    if (what === "Removed") checkRemovesNothing(rule);
    return rule;
  }
  if (one.type === "Digits") return ruleOf(DIGIT, parse(DigitsSchema, one).individual_digits ? "Isolated" : "Contiguous", false);
  if (one.type === "Punctuation") {
    const rule = ruleOf(PUNCTUATION, parse(PunctuationSchema, one).behavior, false);
    if (rule.behavior === "Removed") checkRemovesNothing(rule);
    return rule;
  }
  throw new UnsupportedError(`has the pre-tokenizer ${one.type}, expected Split, Digits, Punctuation and ByteLevel`);
}

function ruleOf(source: string, what: SplitRule["behavior"], invert: boolean): SplitRule {
  try {
    return { source, pattern: toJavaScriptPattern(source), behavior: what, invert, isTrusted: trusted.has(source) };
  } catch (cause) {
    if (!(cause instanceof PatternError)) throw cause;
    throw new UnsupportedError(`has a Split pattern that cannot be used, ${JSON.stringify(source.slice(0, 200))}: ${cause.message}`);
  }
}

/** Letters, digits, marks, signs and spaces of all kinds, alone and next to each other. */
const probe = [
  "a",
  "Z",
  "é",
  "e\u0301",
  "漢",
  "0",
  "12345",
  "٣",
  "½",
  "_",
  "-",
  "<|",
  "'s",
  "€",
  "\u{1F600}",
  "\u200d",
  " ",
  "  ",
  "\n",
  "\r\n",
  "\t",
  "\u00a0",
  "\0",
];

/** `Removed` with `invert` keeps what the pattern matches, and loses text only where the pattern leaves gaps. */
function checkRemovesNothing(rule: SplitRule): void {
  const text = probe.flatMap((one) => probe.map((other) => one + other)).join("");
  if (splitWords(text, [rule]).join("") !== text)
    throw new UnsupportedError(`has a ${JSON.stringify(rule.source.slice(0, 200))} pre-tokenizer with the behavior Removed, which takes text away`);
}

function parse<S extends z.ZodType>(schema: S, one: PreTokenizer): z.output<S> {
  const result = schema.safeParse(one, { error: valueProblem });
  if (result.success) return result.data;
  const problems = result.error.issues.map((issue) => `${issue.path.join(".")}: ${issue.message}`);
  throw new UnsupportedError(`has a ${one.type} pre-tokenizer that is not one (${problems.join("; ")})`);
}
