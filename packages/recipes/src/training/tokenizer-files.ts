// The tokenizer of a model that is trained goes along with it, with the tokens that training adds.
import { copyFileSync, existsSync, mkdirSync } from "node:fs";
import { join } from "node:path";
import { FileError, readJsonObject, TOKENIZER_FILES, writeFileAtomic } from "@diffucoder/core";

/** Copies a tokenizer's files, with `added` tokens, ids by text, among its special ones. @throws {FileError} if they cannot be read or written */
export function copyTokenizer(from: string, to: string, added: Readonly<Record<string, number>> = {}): void {
  mkdirSync(to, { recursive: true });
  for (const name of TOKENIZER_FILES) if (existsSync(join(from, name))) copyFileSync(join(from, name), join(to, name));
  if (Object.keys(added).length === 0) return;
  const [whole, small] = [join(to, "tokenizer.json"), join(to, "added_tokens.json")];
  if (existsSync(whole)) {
    const file = readJsonObject(whole);
    const { added_tokens: before } = file;
    if (!Array.isArray(before)) throw new FileError({ path: join(from, "tokenizer.json"), problem: "added_tokens must be a list" });
    writeJson(whole, { ...file, added_tokens: [...(before as unknown[]), ...Object.entries(added).map(([content, id]) => addedToken(content, id))] });
  }
  if (existsSync(small) || !existsSync(whole)) writeJson(small, { ...(existsSync(small) && readJsonObject(small)), ...added });
}

function addedToken(content: string, id: number): object {
  return { id, content, single_word: false, lstrip: false, rstrip: false, normalized: false, special: true };
}

function writeJson(path: string, value: object): void {
  writeFileAtomic(path, `${JSON.stringify(value, null, 2)}\n`);
}
