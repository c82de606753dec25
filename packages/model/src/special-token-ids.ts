// Ids of the special tokens that a config.json leaves out, as most diffusion coders' do: from the small files that a tokenizer
// keeps next to a model. A role's token is named in tokenizer_config.json or special_tokens_map.json (some name the mask in the
// second alone); its id is in added_tokens.json or `added_tokens_decoder`.
import { existsSync } from "node:fs";
import { join } from "node:path";
import { folderFile, readJsonObject } from "@diffucoder/core";

const ROLES = ["mask", "pad", "eos", "bos"] as const;

export type TokenIds = Partial<Record<(typeof ROLES)[number], number>>;

type JsonObject = Record<string, unknown>;

/** @throws {FileError} if a file is there and cannot be read */
export function specialTokenIds(directory: string): TokenIds {
  const read = (name: string): JsonObject => (existsSync(join(directory, name)) ? readJsonObject(folderFile(directory, name)) : {});
  const [config, map] = [read("tokenizer_config.json"), read("special_tokens_map.json")];
  const ids = new Map(Object.entries(read("added_tokens.json")));
  for (const [id, token] of Object.entries(config["added_tokens_decoder"] ?? {})) {
    const text = textOf(token);
    if (text !== undefined) ids.set(text, Number(id));
  }
  const found: TokenIds = {};
  for (const role of ROLES) {
    const text = textOf(config[`${role}_token`]) ?? textOf(map[`${role}_token`]);
    const id = text === undefined ? undefined : ids.get(text);
    if (typeof id === "number") found[role] = id;
  }
  return found;
}

/** A token is its text, or an object with it. */
function textOf(token: unknown): string | undefined {
  const text = typeof token === "object" && token !== null ? (token as JsonObject)["content"] : token;
  return typeof text === "string" ? text : undefined;
}
