import { FileError, readJsonObject } from "@diffucoder/core";
import { z } from "zod";
import { fromSymbols } from "./byte-symbols.ts";

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

/** The parts of Hugging Face's `tokenizer.json` that a byte-level BPE is made of. */
export const TokenizerFileSchema = z.looseObject({
  added_tokens: z.array(z.looseObject({ id: z.int().nonnegative(), content: z.string().min(1), special: z.boolean() })),
  normalizer: z.looseObject({ type: z.string() }).nullish(),
  pre_tokenizer: z.looseObject({
    pretokenizers: z.array(z.looseObject({ type: z.string(), pattern: z.looseObject({ Regex: z.string() }).optional() })),
  }),
  model: z.looseObject({
    type: z.literal("BPE"),
    vocab: VocabularySchema,
    merges: MergesSchema,
  }),
});

export type TokenizerFile = z.output<typeof TokenizerFileSchema>;

/** What the files say, with tokens as bytes. */
export interface Vocabulary {
  /** Bytes of each ordinary token, by id. */
  tokens: Uint8Array[];
  /** Id of each special token: all that the files add to the ordinary ones. */
  special: Record<string, number>;
  /** Regular expression that cuts text into words. */
  pattern: string;
  /** Whether text is brought into Unicode's normal form C. @default true */
  normalize?: boolean;
  /** Texts of the special tokens that have a role, as far as the files name them. @default none */
  roles?: Partial<Record<TokenRole, string>>;
  /** Jinja source. @default ChatML */
  chatTemplate?: string;
}

/** The roles that `tokenizer_config.json` gives to tokens. */
export type TokenRole = "bos" | "eos" | "pad" | "mask";

/** Reads a `tokenizer.json`. @throws {FileError} naming what is wrong */
export function readTokenizerFile(path: string): Vocabulary {
  const result = TokenizerFileSchema.safeParse(readJsonObject(path));
  if (!result.success) {
    const problems = result.error.issues.map((issue) => `${issue.path.join(".")}: ${issue.message}`).join("; ");
    throw new FileError({ path, problem: `is not a byte-level BPE tokenizer.json (${problems})` });
  }
  return toVocabulary(result.data, path);
}

export function toVocabulary(file: TokenizerFile, path = "tokenizer.json"): Vocabulary {
  const pattern = file.pre_tokenizer.pretokenizers.find((one) => one.type === "Split")?.pattern?.Regex;
  if (pattern === undefined) throw new FileError({ path, problem: "has no Split pre-tokenizer with a regular expression" });
  const normalizer = file.normalizer?.type;
  if (normalizer !== undefined && normalizer !== "NFC")
    throw new FileError({ path, problem: `has the normalizer ${normalizer}, expected NFC or none` });
  const special = specialTokens(
    file.added_tokens.map(({ content, id }) => [content, id]),
    path,
  );
  const { vocab, merges } = file.model;
  return { ...ordinaryTokens({ vocab, merges, special, path }), special, pattern, normalize: normalizer === "NFC" };
}

/** Ids of special tokens by text. @throws {FileError} if two of them share an id or a text */
export function specialTokens(named: readonly (readonly [content: string, id: number])[], path: string): Record<string, number> {
  const special = Object.fromEntries(named);
  if (new Set(Object.values(special)).size < named.length) throw new FileError({ path, problem: "two special tokens share an id or a text" });
  return special;
}

export interface BytePairModel {
  vocab: Readonly<Record<string, number>>;
  merges: readonly (string | readonly [string, string])[];
}

/** Bytes of the ordinary tokens by id. @throws {FileError} if tiktoken would read the vocabulary differently */
export function ordinaryTokens({ vocab, merges, special, path }: BytePairModel & { special: Readonly<Record<string, number>>; path: string }): {
  tokens: Uint8Array[];
} {
  const tokens: Uint8Array[] = [];
  const ids = new Map<string, number>();
  for (const symbols in vocab) {
    const id = vocab[symbols] as number;
    if (!Number.isSafeInteger(id) || id < 0)
      throw new FileError({ path, problem: `token ${JSON.stringify(symbols)} has the id ${JSON.stringify(id)}, expected an integer from 0 on` });
    const bytes = fromSymbols(symbols);
    if (bytes === undefined) throw new FileError({ path, problem: `token ${JSON.stringify(symbols)} is not written in byte-level symbols` });
    if (tokens[id] !== undefined) throw new FileError({ path, problem: `two tokens have the id ${id}` });
    tokens[id] = bytes;
    ids.set(symbols, id);
  }
  const size = ids.size;
  if (tokens.length !== size) throw new FileError({ path, problem: `ids of ${size} tokens must run from 0 to ${size - 1}` });
  const known = new Set(tokens.filter((bytes) => bytes.length === 1).map(([byte]) => byte));
  if (known.size < 256) throw new FileError({ path, problem: `has tokens for ${known.size} of the 256 bytes` });
  checkMergeOrder(ids, merges, path);
  if (Object.values(special).some((id) => id < size)) throw new FileError({ path, problem: "a special token has the id of an ordinary one" });
  return { tokens };
}

/** tiktoken joins the pair whose token has the lowest id; that is BPE only if ids rise in the order of the merges. */
function checkMergeOrder(ids: ReadonlyMap<string, number>, merges: BytePairModel["merges"], path: string): void {
  let last = -1;
  for (const merge of merges) {
    const id = ids.get(typeof merge === "string" ? merge.replace(" ", "") : merge.join(""));
    if (id === undefined || id <= last) {
      const parts = typeof merge === "string" ? merge.split(" ") : merge;
      throw new FileError({ path, problem: `the token of merge ${parts.join(" + ")} is missing or out of order` });
    }
    last = id;
  }
}
