import { FileError, readBytes, readJsonObject, valueProblem } from "@diffucoder/core";
import { z } from "zod";
import type { AddedToken } from "./added-tokens.ts";
import { keptOr, type TokenStore } from "./kept-tokens.ts";
import { MergeTable } from "./merge-table.ts";
import { type PreTokenizer, splitRules, UnsupportedError } from "./pre-tokenizer.ts";
import type { SplitRule } from "./split-words.ts";
import { type MergeTree, reachesEveryToken } from "./tiktoken-rule.ts";
import { TokenBytes } from "./token-bytes.ts";

/** Ids by token. There may be 150,000, for which zod would take a second: the ids are checked where they are read. */
export const VocabularySchema = z.custom<Record<string, number>>(
  (value) => typeof value === "object" && value !== null && !Array.isArray(value),
  "expected ids by token",
);

const MergesSchema = z.custom<(string | [string, string])[]>(isListOfMerges, 'expected "LEFT RIGHT" or ["LEFT", "RIGHT"] for each merge');

function isListOfMerges(value: unknown): boolean {
  const isPair = (merge: unknown): boolean => Array.isArray(merge) && merge.length === 2 && merge.every((part) => typeof part === "string");
  return Array.isArray(value) && value.every((merge) => typeof merge === "string" || isPair(merge));
}

/** An added token as the files write it. */
export const AddedTokenSchema = z.looseObject({
  content: z.string().min(1),
  special: z.boolean().default(true),
  lstrip: z.boolean().default(false),
  rstrip: z.boolean().default(false),
  single_word: z.boolean().default(false),
  normalized: z.boolean().default(false),
});

const PreTokenizerSchema: z.ZodType<PreTokenizer> = z.looseObject({
  type: z.string(),
  get pretokenizers() {
    return z.array(PreTokenizerSchema).optional();
  },
});

const NormalizerSchema = z.looseObject({ type: z.string(), normalizers: z.array(z.looseObject({ type: z.string() })).optional() });

/** An added token of a `tokenizer.json`. */
interface AddedTokenEntry {
  /** Its id: a row of the embedding. */
  id: number;
  /** Its text, at least one character. */
  content: string;
  /** Whether it is a control token. */
  special: boolean;
  /** Whether the white space before it belongs to it. @default false */
  lstrip?: boolean | undefined;
  /** Whether the white space after it belongs to it. @default false */
  rstrip?: boolean | undefined;
  /** Whether it counts only where no letter, digit or underscore is next to it. @default false */
  single_word?: boolean | undefined;
  /** Whether it is looked for in normalized text. @default false */
  normalized?: boolean | undefined;
  [key: string]: unknown;
}

interface Normalizer {
  /** `"NFC"`, `"NFD"`, `"NFKC"`, `"NFKD"` or `"Sequence"`. */
  type: string;
  /** The parts of a `Sequence`, one after the other. */
  normalizers?: Pick<Normalizer, "type">[] | undefined;
  [option: string]: unknown;
}

interface ByteLevelDecoder {
  /** `"ByteLevel"`. */
  type: string;
  [option: string]: unknown;
}

interface BpeModel {
  /** `"BPE"`. */
  type: string;
  /** Ids by token, whose bytes are written as GPT-2's symbols. They run from 0 on without a gap. */
  vocab: Record<string, number>;
  /** The pairs that are joined, the first first: `"LEFT RIGHT"` or `["LEFT", "RIGHT"]`. */
  merges: (string | [string, string])[];
  /** Whether a word that is a token becomes that token without applying merges. @default false */
  ignore_merges?: boolean | null | undefined;
  /** Share of merges left out at random: only 0 is supported. */
  dropout?: number | null | undefined;
  /** Prefix of tokens within a word: only "" is supported. */
  continuing_subword_prefix?: string | null | undefined;
  /** Suffix of tokens that end a word: only "" is supported. */
  end_of_word_suffix?: string | null | undefined;
  [option: string]: unknown;
}

/** What `tokenizer.json` holds, as data. Other keys are not read. */
export interface TokenizerFile {
  /** Tokens besides the vocabulary's own. */
  added_tokens: AddedTokenEntry[];
  /** NFC, NFD, NFKC or NFKD, or a `Sequence` of them. @default text stays as it is */
  normalizer?: Normalizer | null | undefined;
  /** `ByteLevel`, after any number of `Split`, `Digits` and `Punctuation`. */
  pre_tokenizer?: PreTokenizer | null | undefined;
  /** `ByteLevel`. @default the same */
  decoder?: ByteLevelDecoder | null | undefined;
  /** The vocabulary and its merges. */
  model: BpeModel;
  [key: string]: unknown;
}

/** The parts of Hugging Face's `tokenizer.json` that a byte-level BPE is made of. */
const TokenizerFileSchema = z.looseObject({
  added_tokens: z.array(
    z.looseObject({ ...AddedTokenSchema.partial().shape, id: z.int().nonnegative(), content: z.string().min(1), special: z.boolean() }),
  ),
  normalizer: NormalizerSchema.nullish(),
  pre_tokenizer: PreTokenizerSchema.nullish(),
  decoder: z.looseObject({ type: z.string() }).nullish(),
  model: z.looseObject({
    type: z.string(),
    vocab: VocabularySchema,
    merges: MergesSchema,
    ignore_merges: z.boolean().nullish(),
    dropout: z.number().nullish(),
    continuing_subword_prefix: z.string().nullish(),
    end_of_word_suffix: z.string().nullish(),
  }),
}) satisfies z.ZodType<TokenizerFile>;

/** A normal form of Unicode. */
export type NormalForm = "NFC" | "NFD" | "NFKC" | "NFKD";

/** The content of the files, with tokens as bytes. */
export interface Vocabulary extends OrdinaryTokens {
  /** Tokens besides the ordinary ones. */
  added: readonly AddedToken[];
  /** The cuts that make words of a text, one after the other. */
  splits: readonly SplitRule[];
  /** Normal forms that a text is brought into, one after the other. @default ["NFC"] */
  normalForms?: readonly NormalForm[];
  /** Texts of the special tokens that have a role, as far as the files name them. @default none */
  roles?: Partial<Record<TokenRole, string>>;
  /** Jinja source. @default ChatML */
  chatTemplate?: string;
  /** Whether a word that is a token becomes that token without applying merges. @default false */
  ignoreMerges?: boolean;
}

/** The vocabulary's own tokens, and how they are made. */
export interface OrdinaryTokens {
  /** Bytes of each token by id; none where an added token has the id. */
  tokens: TokenBytes;
  /** Which neighbours are joined, and into what. */
  merges: MergeTable;
  /** Tells whether tiktoken's rule makes the same ids of every word as the merges do (`tiktoken-rule.ts`); takes a moment. */
  asTiktoken: () => boolean;
}

/** The roles that `tokenizer_config.json` gives to tokens. */
export type TokenRole = "bos" | "eos" | "pad" | "mask";

/** Ids lie below this: pairs and places of tokens are packed into numbers, and an id is a row of the embedding. */
const MAX_ID = 2 ** 24;

/** Reads a `tokenizer.json`. @throws {FileError} naming what is wrong, or the unsupported feature that the file uses */
export function readTokenizerFile(path: string, store?: TokenStore): Vocabulary {
  if (store === undefined) return toVocabulary(readJsonObject(path) as TokenizerFile, path);
  let read: Vocabulary | undefined;
  const { tokens, rest } = keptOr(store, [readBytes(path)], () => {
    const file = readJsonObject(path) as TokenizerFile;
    read = toVocabulary(file, path);
    return { tokens: read, rest: JSON.stringify({ ...file, model: { ...file.model, vocab: {}, merges: [] } }) };
  });
  return read ?? toVocabulary(JSON.parse(rest) as TokenizerFile, path, tokens);
}

/**
 * What a `tokenizer.json` says.
 *
 * @param file the file's JSON; it is checked
 * @param path the file's name for messages. @default "tokenizer.json"
 * @param ordinary the ordinary tokens, if they are known. @default the file's
 * @throws {FileError} naming what is wrong, or the unsupported feature that the file uses
 */
export function toVocabulary(file: TokenizerFile, path = "tokenizer.json", ordinary?: OrdinaryTokens): Vocabulary {
  const result = TokenizerFileSchema.safeParse(file, { error: valueProblem });
  if (!result.success) {
    const problems = result.error.issues.map((issue) => `${issue.path.join(".")}: ${issue.message}`);
    const shown = `${problems.slice(0, 5).join("; ")}${problems.length > 5 ? "; ..." : ""}`;
    throw new FileError({ path, problem: `is not a byte-level BPE tokenizer.json (${shown})` });
  }
  const { added_tokens: added, normalizer, pre_tokenizer: preTokenizer, decoder, model } = result.data;
  try {
    checkModel(model);
    if (decoder && decoder.type !== "ByteLevel") throw new UnsupportedError(`has the decoder ${decoder.type}, expected ByteLevel`);
    const normalForms = normalFormsOf(normalizer);
    const splits = splitRules(preTokenizer);
    const all = checkedAdded(
      added.map((token) => toAddedToken(token.id, token)),
      path,
    );
    const tokens = ordinary ?? ordinaryTokens({ vocab: model.vocab, merges: model.merges, added: all, path });
    return { ...tokens, ignoreMerges: model.ignore_merges === true, added: all, splits, normalForms };
  } catch (cause) {
    if (cause instanceof UnsupportedError) throw new FileError({ path, problem: cause.message });
    throw cause;
  }
}

function checkModel(model: TokenizerFile["model"]): void {
  if (model.type !== "BPE") throw new UnsupportedError(`has the model ${model.type}, expected BPE`);
  if (model.dropout) throw new UnsupportedError(`has a model with dropout ${model.dropout}, which leaves merges out at random`);
  for (const key of ["continuing_subword_prefix", "end_of_word_suffix"] as const)
    if (model[key]) throw new UnsupportedError(`has a model with the ${key} ${JSON.stringify(model[key])}, which byte-level tokens do not have`);
}

function normalFormsOf(normalizer: TokenizerFile["normalizer"]): NormalForm[] {
  if (!normalizer) return [];
  const all = normalizer.type === "Sequence" ? (normalizer.normalizers ?? []) : [normalizer];
  return all.map(({ type }) => {
    if (type === "NFC" || type === "NFD" || type === "NFKC" || type === "NFKD") return type;
    throw new UnsupportedError(`has the normalizer ${type}, expected NFC, NFD, NFKC, NFKD or none`);
  });
}

/** An added token with our names. */
export function toAddedToken(id: number, token: z.input<typeof AddedTokenSchema>): AddedToken {
  const { content, special, lstrip, rstrip, single_word: singleWord, normalized } = AddedTokenSchema.parse(token);
  return { id, content, special, lstrip, rstrip, singleWord, normalized };
}

/** The tokens in order. @throws {FileError} if two of them share an id or a text, or an id is too large */
export function checkedAdded(tokens: readonly AddedToken[], path: string): AddedToken[] {
  const ids = new Set(tokens.map(({ id }) => id));
  const contents = new Set(tokens.map(({ content }) => content));
  if (Math.min(ids.size, contents.size) < tokens.length) throw new FileError({ path, problem: "two special tokens share an id or a text" });
  const tooLarge = tokens.find(({ id }) => id >= MAX_ID);
  if (tooLarge !== undefined)
    throw new FileError({ path, problem: `token ${JSON.stringify(tooLarge.content)} has the id ${tooLarge.id}, expected less than ${MAX_ID}` });
  return [...tokens];
}

interface BytePairModel {
  vocab: Readonly<Record<string, number>>;
  merges: readonly (string | readonly [string, string])[];
  added: readonly AddedToken[];
  path: string;
}

/** The ordinary tokens of a vocabulary. @throws {FileError} if it is not a whole byte-level one */
export function ordinaryTokens({ vocab, merges, added, path }: BytePairModel): OrdinaryTokens {
  const names: string[] = [];
  const ids = new Map<string, number>();
  for (const [symbols, id] of Object.entries(vocab)) {
    if (!Number.isSafeInteger(id) || id < 0 || id >= MAX_ID)
      throw new FileError({ path, problem: `token ${JSON.stringify(symbols)} has the id ${JSON.stringify(id)}, expected an integer of at least 0` });
    if (names[id] !== undefined) throw new FileError({ path, problem: `two tokens have the id ${id}` });
    names[id] = symbols;
    ids.set(symbols, id);
  }
  const size = ids.size;
  if (names.length !== size) throw new FileError({ path, problem: `ids of ${size} tokens must run from 0 to ${size - 1}` });
  const controls = new Map<string, number>();
  for (const { content, id, special } of added) {
    const own = ids.get(content);
    // A control token is never made of text; another stays what merges may make.
    if (own === id && special !== false) controls.set(content, id);
    else if (own === id) continue;
    else if (own !== undefined)
      throw new FileError({ path, problem: `the added token ${JSON.stringify(content)} has the id ${id}, in the vocabulary ${own}` });
    else if (id < size) throw new FileError({ path, problem: "a special token has the id of an ordinary one" });
  }
  const tokens = TokenBytes.fromSymbols(names, new Set(controls.values()));
  const known = new Set(names.flatMap((_, id) => (tokens.lengthOf(id) === 1 ? [tokens.get(id)![0]!] : [])));
  if (known.size < 256) throw new FileError({ path, problem: `has tokens for ${known.size} of the 256 bytes` });
  const tree = mergeTree({ tokens, ids, controls, merges, path });
  return { tokens, merges: tree.merges, asTiktoken: () => tree.inOrder && reachesEveryToken({ tokens, ...tree }) };
}

interface NamedMerges extends Pick<BytePairModel, "merges" | "path"> {
  tokens: TokenBytes;
  ids: ReadonlyMap<string, number>;
  /** Tokens that no merge makes or takes. */
  controls: ReadonlyMap<string, number>;
}

/** The merges by their pair and by what they make, and whether they stand in the order of the ids that they make. */
function mergeTree({ tokens, ids, controls, merges, path }: NamedMerges): Pick<MergeTree, "merges" | "parts"> & { inOrder: boolean } {
  if (merges.length >= MAX_ID) throw new FileError({ path, problem: `has ${merges.length} merges, expected less than ${MAX_ID}` });
  const table = new MergeTable(merges.length);
  const parts = new Int32Array(2 * tokens.length).fill(-1);
  let [last, inOrder] = [-1, true];
  for (let rank = 0; rank < merges.length; rank++) {
    const merge = merges[rank]!;
    const space = typeof merge === "string" ? merge.indexOf(" ") : 0;
    const [left, right] = typeof merge === "string" ? [merge.slice(0, space), merge.slice(space + 1)] : merge;
    const whole = left + right;
    const [a, b, joined] = [ids.get(left), ids.get(right), ids.get(whole)];
    if (controls.size > 0 && (controls.has(left) || controls.has(right) || controls.has(whole))) continue;
    if (space < 0 || a === undefined || b === undefined || joined === undefined)
      throw new FileError({
        path,
        problem: `a token of merge ${typeof merge === "string" ? merge : merge.join(" + ")} is missing in the vocabulary`,
      });
    table.set(a, b, rank, joined);
    parts[2 * joined] = a;
    parts[2 * joined + 1] = b;
    inOrder &&= joined > last;
    last = joined;
  }
  return { merges: table, parts, inOrder };
}
