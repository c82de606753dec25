import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { NdArray, readSafetensors, writeSafetensors } from "@diffucoder/tensor";
import { Tokenizer, type TokenizerFile } from "@diffucoder/tokenizer";
import { afterAll, afterEach, beforeEach, describe, expect, it } from "vitest";
import { makeTinyModel } from "../tiny-model.fixture.ts";
import { readTokenizer } from "./kept-tokenizer.ts";

const model = makeTinyModel();
afterAll(model.remove);

const commit = "0123456789".repeat(4);
const text = "def f(x):\n    return x  # <|mask|> é 世 ⟨";
let storage: string;
let snapshot: string;
beforeEach(() => {
  storage = mkdtempSync(join(tmpdir(), "kept-tokenizer-"));
  snapshot = join(storage, "snapshots", commit);
  mkdirSync(snapshot, { recursive: true });
  cpSync(model.dir, snapshot, { recursive: true });
});
afterEach(() => rmSync(storage, { recursive: true, force: true }));

const kept = (): string => join(storage, "diffucoder", `${commit}-tokenizer.safetensors`);
const tokenizerJson = (): TokenizerFile => JSON.parse(readFileSync(join(snapshot, "tokenizer.json"), "utf8")) as TokenizerFile;

/** Everything that a tokenizer says of a text and its tokens. */
function answers(tokenizer: Tokenizer) {
  const { vocabSize, specialTokens, roles, stopIds } = tokenizer;
  const ids = Array.from({ length: vocabSize + 2 }, (_, id) => id);
  return {
    vocabSize,
    specialTokens,
    roles,
    stopIds,
    encoded: tokenizer.encode(text),
    trusted: tokenizer.encodeTrusted(text),
    tokens: ids.map((id) => [tokenizer.hasToken(id), tokenizer.isSpecial(id), Buffer.from(tokenizer.tokenBytes(id)).toString("hex")]),
  };
}

/** Spoils what is kept in a way that shows that it is read: the letter a becomes a b. */
function spoil(): void {
  const { arrays, metadata } = readSafetensors(kept());
  const bytes = Uint8Array.from(arrays["bytes"]!.data as Uint8Array, (byte) => (byte === 97 ? 98 : byte));
  writeSafetensors(kept(), { ...arrays, bytes: new NdArray(bytes, [bytes.length], "uint8") }, { metadata });
}
const letterA = (tokenizer: Tokenizer): string => tokenizer.decode([tokenizerJson().model.vocab["a"]!]);

describe("the tokenizer of a download", () => {
  it("is read once and kept, and says the same from there", () => {
    const fromFiles = answers(Tokenizer.fromFolder(snapshot));
    expect(answers(readTokenizer(snapshot))).toEqual(fromFiles);
    expect(answers(readTokenizer(snapshot))).toEqual(fromFiles);
    spoil();
    expect(letterA(readTokenizer(snapshot))).toBe("b");
  });

  it("is the same of vocab.json with merges.txt, whose tokens the other files name", () => {
    const { model: bpe, added_tokens: added } = tokenizerJson();
    rmSync(join(snapshot, "tokenizer.json"));
    const write = (name: string, value: unknown) => writeFileSync(join(snapshot, name), typeof value === "string" ? value : JSON.stringify(value));
    write("vocab.json", bpe.vocab);
    write("merges.txt", bpe.merges.map((merge) => (typeof merge === "string" ? merge : merge.join(" "))).join("\n"));
    write("tokenizer_config.json", {
      tokenizer_class: "Qwen2Tokenizer",
      added_tokens_decoder: Object.fromEntries(added.map((one) => [one.id, one])),
    });
    const fromFiles = answers(Tokenizer.fromFolder(snapshot));
    expect([answers(readTokenizer(snapshot)), existsSync(kept()), answers(readTokenizer(snapshot))]).toEqual([fromFiles, true, fromFiles]);
  });

  it("is read again where the files are others, or what is kept is damaged", () => {
    readTokenizer(snapshot);
    spoil();
    const file = tokenizerJson();
    writeFileSync(join(snapshot, "tokenizer.json"), JSON.stringify({ ...file, version: "2.0" }));
    expect(letterA(readTokenizer(snapshot))).toBe("a");
    truncateSync(kept(), 1000);
    expect(letterA(readTokenizer(snapshot))).toBe("a");
    expect(readSafetensors(kept()).metadata["diffucoder"]).toContain('"version":1');
  });

  it("is read at each start of a folder that is no download, and where nothing can be kept", () => {
    readTokenizer(model.dir);
    expect(existsSync(join(model.dir, "..", "diffucoder"))).toBe(false);
    writeFileSync(join(storage, "diffucoder"), "a file in the folder's place");
    expect(letterA(readTokenizer(snapshot))).toBe("a");
  });
});
