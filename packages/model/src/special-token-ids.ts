// Ids of the special tokens that a config.json leaves out, as most diffusion coders' do: from the files that a tokenizer keeps next
// to a model. A role's token is named in tokenizer_config.json or special_tokens_map.json (some name the mask in the second alone,
// some in neither); its id is in added_tokens.json, `added_tokens_decoder` or, where these say nothing, in tokenizer.json.
import { existsSync } from "node:fs";
import { join } from "node:path";
import { folderFile, readJsonObject } from "@diffucoder/core";

const ROLES = ["mask", "pad", "eos", "bos"] as const;

export type TokenIds = Partial<Record<(typeof ROLES)[number], number>>;

type JsonObject = Record<string, unknown>;

/**
 * @param maskToken text of the mask token, if none has its role
 * @throws {FileError} if a file is there and cannot be read
 */
export function specialTokenIds(directory: string, maskToken?: string): TokenIds {
  const read = (name: string): JsonObject => (existsSync(join(directory, name)) ? readJsonObject(folderFile(directory, name)) : {});
  const [config, map] = [read("tokenizer_config.json"), read("special_tokens_map.json")];
  const idOf = addedTokens(config, read);
  const found: TokenIds = {};
  for (const role of ROLES) {
    const text = textOf(config[`${role}_token`]) ?? textOf(map[`${role}_token`]) ?? (role === "mask" ? maskToken : undefined);
    const id = text === undefined ? undefined : idOf(text);
    if (id !== undefined) found[role] = id;
  }
  return found;
}

/** Ids by text. tokenizer.json is megabytes: it is read if the small files do not know a text. */
function addedTokens(config: JsonObject, read: (name: string) => JsonObject): (text: string) => number | undefined {
  const ids = new Map(Object.entries(read("added_tokens.json")));
  for (const [id, token] of Object.entries(config["added_tokens_decoder"] ?? {})) {
    const text = textOf(token);
    if (text !== undefined) ids.set(text, Number(id));
  }
  let large: Map<unknown, unknown> | undefined;
  const inTokenizer = (): Map<unknown, unknown> => {
    const { added_tokens: tokens } = read("tokenizer.json");
    return new Map((Array.isArray(tokens) ? tokens : []).map((token: JsonObject | null) => [token?.["content"], token?.["id"]]));
  };
  return (text) => {
    const id = ids.get(text) ?? (large ??= inTokenizer()).get(text);
    return typeof id === "number" ? id : undefined;
  };
}

/** A token is its text, or an object with it. */
function textOf(token: unknown): string | undefined {
  const text = typeof token === "object" && token !== null ? (token as JsonObject)["content"] : token;
  return typeof text === "string" ? text : undefined;
}
