// The tokenizer files of a Hugging Face folder: tokenizer.json, or vocab.json with merges.txt; then, where they are there,
// added_tokens.json, tokenizer_config.json and special_tokens_map.json for special tokens and their roles, and the chat
// template from chat_template.jinja or tokenizer_config.json. No special token is assumed.
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { FileError, folderFile, readJsonObject } from "@diffucoder/core";
import { z } from "zod";
import { ordinaryTokens, readTokenizerFile, specialTokens, type TokenRole, type Vocabulary, VocabularySchema } from "./tokenizer-file.ts";

/** How Qwen2's tokenizer, and Dream's, which is made of it, cut text into words; vocab.json and merges.txt do not say it. */
export const QWEN_PATTERN = String.raw`(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+`;

const qwenTokenizers = ["Qwen2Tokenizer", "Qwen2TokenizerFast", "DreamTokenizer"];

const token = z.union([z.string(), z.looseObject({ content: z.string() }).transform(({ content }) => content)]).nullish();

const RolesSchema = z.looseObject({ bos_token: token, eos_token: token, pad_token: token, mask_token: token });

const ConfigSchema = RolesSchema.extend({
  tokenizer_class: z.string().optional(),
  added_tokens_decoder: z.record(z.string().regex(/^\d+$/), z.looseObject({ content: z.string().min(1) })).optional(),
  chat_template: z.union([z.string(), z.array(z.looseObject({ name: z.string(), template: z.string() }))]).nullish(),
});

/** Reads the tokenizer of a folder. @throws {FileError} naming the file and what is wrong with it */
export function readTokenizerFolder(directory: string): Vocabulary {
  const pathOf = (name: string): string => folderFile(directory, name);
  const isThere = (name: string): boolean => existsSync(join(directory, name));
  const configPath = pathOf("tokenizer_config.json");
  const config = isThere("tokenizer_config.json") ? readAs(ConfigSchema, configPath) : {};
  const map = isThere("special_tokens_map.json") ? readAs(RolesSchema, pathOf("special_tokens_map.json")) : {};
  const named = Object.entries(config.added_tokens_decoder ?? {}).map(([id, { content }]) => [content, Number(id)] as const);

  const vocabulary = isThere("tokenizer.json")
    ? withMore(readTokenizerFile(pathOf("tokenizer.json")), named, configPath)
    : readVocabAndMerges(pathOf, isThere, config.tokenizer_class, named);

  const roles: Partial<Record<TokenRole, string>> = {};
  for (const role of ["bos", "eos", "pad", "mask"] as const) {
    const text = config[`${role}_token`] ?? map[`${role}_token`];
    if (text === null || text === undefined) continue;
    if (!Object.hasOwn(vocabulary.special, text))
      throw new FileError({ path: configPath, problem: `names the ${role}_token ${JSON.stringify(text)}, which is no special token` });
    roles[role] = text;
  }
  const template = isThere("chat_template.jinja") ? readFileSync(pathOf("chat_template.jinja"), "utf8") : config.chat_template;
  const chatTemplate = Array.isArray(template) ? (template.find(({ name }) => name === "default") ?? template[0])?.template : template;
  return { ...vocabulary, roles, ...(typeof chatTemplate === "string" && { chatTemplate }) };
}

type NamedIds = readonly (readonly [content: string, id: number])[];

function readVocabAndMerges(
  pathOf: (name: string) => string,
  isThere: (name: string) => boolean,
  tokenizerClass: string | undefined,
  named: NamedIds,
): Vocabulary {
  const path = pathOf(isThere("vocab.json") ? "vocab.json" : "tokenizer.json");
  if (!isThere("vocab.json")) throw new FileError({ path, problem: "no such file, and no vocab.json with merges.txt in its place" });
  if (!qwenTokenizers.includes(tokenizerClass ?? ""))
    throw new FileError({
      path: pathOf("tokenizer_config.json"),
      problem: `has the tokenizer_class ${JSON.stringify(tokenizerClass)}, and without a tokenizer.json only ${qwenTokenizers.join(", ")} are known`,
    });
  const ids = z.record(z.string(), z.int().nonnegative());
  const added = isThere("added_tokens.json") ? Object.entries(readAs(ids, pathOf("added_tokens.json"))) : [];
  const { special } = withMore({ special: specialTokens(added, pathOf("added_tokens.json")) }, named, pathOf("tokenizer_config.json"));
  return {
    ...ordinaryTokens({ vocab: readAs(VocabularySchema, path), merges: readMerges(pathOf("merges.txt")), special, path }),
    special,
    pattern: QWEN_PATTERN,
  };
}

/** Adds special tokens that a second file names. */
function withMore<T extends { special: Record<string, number> }>(vocabulary: T, named: NamedIds, path: string): T {
  const known = new Map(Object.entries(vocabulary.special));
  for (const [content, id] of named) {
    if (known.has(content) && known.get(content) !== id)
      throw new FileError({ path, problem: `gives ${JSON.stringify(content)} the id ${id}, another file of the tokenizer ${known.get(content)}` });
    known.set(content, id);
  }
  return { ...vocabulary, special: specialTokens([...known], path) };
}

function readMerges(path: string): string[] {
  let text: string;
  try {
    text = readFileSync(path, "utf8");
  } catch (cause) {
    throw new FileError({ path, problem: (cause as NodeJS.ErrnoException).code === "ENOENT" ? "no such file" : (cause as Error).message, cause });
  }
  const lines = text.split("\n").map((line) => line.replace(/\r$/, ""));
  return lines.filter((line, i) => line !== "" && !(i === 0 && line.startsWith("#version")));
}

function readAs<S extends z.ZodType>(schema: S, path: string): z.output<S> {
  const result = schema.safeParse(readJsonObject(path));
  if (result.success) return result.data;
  const problems = result.error.issues.map((issue) => `${issue.path.join(".")}: ${issue.message}`);
  throw new FileError({ path, problem: `is not a tokenizer's (${problems.slice(0, 5).join("; ")}${problems.length > 5 ? "; ..." : ""})` });
}
