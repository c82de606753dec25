// The tokenizer files of a Hugging Face folder: tokenizer.json, or vocab.json with merges.txt; then, where they are there,
// added_tokens.json, tokenizer_config.json and special_tokens_map.json for special tokens and their roles, and the chat
// template from chat_template.jinja or tokenizer_config.json. No special token is assumed.
import { existsSync } from "node:fs";
import { join } from "node:path";
import { FileError, folderFile, readBytes, readJsonObject, standInError, valueProblem } from "@diffucoder/core";
import { z } from "zod";
import type { AddedToken } from "./added-tokens.ts";
import { fromSymbols } from "./byte-symbols.ts";
import { keptOr, type TokenStore } from "./kept-tokens.ts";
import { QWEN_PATTERN, splitRules } from "./pre-tokenizer.ts";
import {
  AddedTokenSchema,
  checkedAdded,
  ordinaryTokens,
  readTokenizerFile,
  toAddedToken,
  type TokenRole,
  type Vocabulary,
  VocabularySchema,
} from "./tokenizer-file.ts";

const qwenTokenizers = ["Qwen2Tokenizer", "Qwen2TokenizerFast", "DreamTokenizer"];

const token = z.union([z.string(), z.looseObject({ content: z.string() }).transform(({ content }) => content)]).nullish();

const RolesSchema = z.looseObject({ bos_token: token, eos_token: token, pad_token: token, mask_token: token });

const ConfigSchema = RolesSchema.extend({
  tokenizer_class: z.string().optional(),
  added_tokens_decoder: z.record(z.string().regex(/^\d+$/), AddedTokenSchema).optional(),
  chat_template: z.union([z.string(), z.array(z.looseObject({ name: z.string(), template: z.string() }))]).nullish(),
});

/** Reads the tokenizer of a folder. @throws {FileError} naming the file and what is wrong with it */
export function readTokenizerFolder(directory: string, store?: TokenStore): Vocabulary {
  const pathOf = (name: string): string => folderFile(directory, name);
  const isThere = (name: string): boolean => existsSync(join(directory, name));
  const configPath = pathOf("tokenizer_config.json");
  const config = isThere("tokenizer_config.json") ? readAs(ConfigSchema, configPath) : {};
  const map = isThere("special_tokens_map.json") ? readAs(RolesSchema, pathOf("special_tokens_map.json")) : {};
  const named = Object.entries(config.added_tokens_decoder ?? {}).map(([id, token]) => toAddedToken(Number(id), token));

  const vocabulary = isThere("tokenizer.json")
    ? withNamed(readTokenizerFile(pathOf("tokenizer.json"), store), named, configPath)
    : readVocabAndMerges({ pathOf, isThere, tokenizerClass: config.tokenizer_class, named, store });

  const roles: Partial<Record<TokenRole, string>> = {};
  for (const role of ["bos", "eos", "pad", "mask"] as const) {
    const text = config[`${role}_token`] ?? map[`${role}_token`];
    if (text === null || text === undefined) continue;
    if (!vocabulary.added.some(({ content }) => content === text))
      throw new FileError({ path: configPath, problem: `names the ${role}_token ${JSON.stringify(text)}, which is not a special token` });
    roles[role] = text;
  }
  const template = isThere("chat_template.jinja") ? readText(pathOf("chat_template.jinja")) : config.chat_template;
  const chatTemplate = Array.isArray(template) ? (template.find(({ name }) => name === "default") ?? template[0])?.template : template;
  return { ...vocabulary, roles, ...(typeof chatTemplate === "string" && { chatTemplate }) };
}

interface VocabAndMerges {
  pathOf: (name: string) => string;
  isThere: (name: string) => boolean;
  tokenizerClass: string | undefined;
  /** Added tokens that tokenizer_config.json names. */
  named: readonly AddedToken[];
  store: TokenStore | undefined;
}

function readVocabAndMerges({ pathOf, isThere, tokenizerClass, named, store }: VocabAndMerges): Vocabulary {
  const path = pathOf(isThere("vocab.json") ? "vocab.json" : "tokenizer.json");
  if (!isThere("vocab.json")) throw new FileError({ path, problem: "no such file, and no vocab.json with merges.txt in its place" });
  if (!qwenTokenizers.includes(tokenizerClass ?? ""))
    throw new FileError({
      path: pathOf("tokenizer_config.json"),
      problem: `has the tokenizer_class ${JSON.stringify(tokenizerClass)}, and without a tokenizer.json only ${qwenTokenizers.join(", ")} are known`,
    });
  const ids = z.record(z.string().min(1), z.int().nonnegative());
  const addedPath = pathOf("added_tokens.json");
  const listed = isThere("added_tokens.json") ? Object.entries(readAs(ids, addedPath)).map(([content, id]) => toAddedToken(id, { content })) : [];
  const { added } = withMore({ added: checkedAdded(listed, addedPath) }, named, pathOf("tokenizer_config.json"));
  const split = { type: "Split", pattern: { Regex: QWEN_PATTERN }, behavior: "Isolated", invert: false };
  const byteLevel = { type: "ByteLevel", add_prefix_space: false, use_regex: false };
  const mergesPath = pathOf("merges.txt");
  const { tokens } = keptOr(store, [readBytes(path), readBytes(mergesPath), JSON.stringify(added)], () => ({
    tokens: ordinaryTokens({ vocab: readAs(VocabularySchema, path), merges: readMerges(mergesPath), added, path }),
    rest: "",
  }));
  return {
    ...tokens,
    added,
    splits: splitRules({ type: "Sequence", pretokenizers: [split, byteLevel] }),
  };
}

/** Adds tokens that the configuration names to those of a tokenizer.json. */
function withNamed(vocabulary: Vocabulary, named: readonly AddedToken[], path: string): Vocabulary {
  for (const { id, content } of named) {
    const own = vocabulary.tokens.get(id);
    if (own !== undefined && fromSymbols(content)?.join() !== own.join())
      throw new FileError({ path, problem: `gives ${JSON.stringify(content)} the id ${id}, which is an ordinary token's` });
  }
  return withMore({ ...vocabulary, tokens: vocabulary.tokens.without(named.map(({ id }) => id)) }, named, path);
}

/** Adds tokens that a second file names; what it says of a token's neighbours counts. */
function withMore<T extends { added: readonly AddedToken[] }>(vocabulary: T, named: readonly AddedToken[], path: string): T {
  const known = new Map(vocabulary.added.map((token) => [token.content, token]));
  for (const token of named) {
    const other = known.get(token.content)?.id ?? token.id;
    if (other !== token.id)
      throw new FileError({
        path,
        problem: `gives ${JSON.stringify(token.content)} the id ${token.id}, another file of the tokenizer ${other}`,
      });
    known.set(token.content, token);
  }
  return { ...vocabulary, added: checkedAdded([...known.values()], path) };
}

function readText(path: string): string {
  const text = readBytes(path).toString("utf8");
  const instead = standInError(path, text);
  if (instead !== undefined) throw instead;
  return text;
}

function readMerges(path: string): string[] {
  const lines = readText(path).split(/\r?\n/);
  return lines.filter((line, i) => line !== "" && !(i === 0 && line.startsWith("#version")));
}

function readAs<S extends z.ZodType>(schema: S, path: string): z.output<S> {
  const result = schema.safeParse(readJsonObject(path), { error: valueProblem });
  if (result.success) return result.data;
  const problems = result.error.issues.map((issue) => `${issue.path.join(".")}: ${issue.message}`);
  throw new FileError({ path, problem: `is not a tokenizer's (${problems.slice(0, 5).join("; ")}${problems.length > 5 ? "; ..." : ""})` });
}
