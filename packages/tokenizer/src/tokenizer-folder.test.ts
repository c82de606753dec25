import { cpSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { SPECIAL_TOKENS, Tokenizer, trainBpe } from "./index.ts";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "tokenizer-folder-"));
});
afterEach(() => rmSync(folder, { recursive: true }));

const file = trainBpe({ texts: ["def f(xs):\n    return sum(xs)\n"], vocabSize: 270, specialTokens: Object.values(SPECIAL_TOKENS) });
const size = Object.keys(file.model.vocab).length;
const write = (name: string, content: unknown): void =>
  writeFileSync(join(folder, name), typeof content === "string" ? content : JSON.stringify(content));
/** vocab.json, merges.txt and the rest, as slow tokenizers save them. */
const writeParts = (config: object = {}): void => {
  write("vocab.json", file.model.vocab);
  write("merges.txt", `#version: 0.2\n${file.model.merges.map((merge) => (merge as string[]).join(" ")).join("\n")}\n`);
  write("added_tokens.json", Object.fromEntries(file.added_tokens.map(({ content, id }) => [content, id])));
  write("tokenizer_config.json", { tokenizer_class: "Qwen2Tokenizer", eos_token: "<|im_end|>", ...config });
};

describe("Tokenizer.fromFolder", () => {
  it("reads the parts as it reads the whole", () => {
    writeParts();
    const parts = Tokenizer.fromFolder(folder);
    write("tokenizer.json", file);
    const whole = Tokenizer.fromFolder(folder);
    const text = "def f(x):\r\n    return sum(xs)  # <|mask|>";
    expect(parts.encode(text)).toEqual(whole.encode(text));
    expect([...parts.specialTokens]).toEqual([...whole.specialTokens]);
    expect([parts.roles, whole.roles]).toEqual([{ eos: size + 2 }, { eos: size + 2 }]);
  });

  it("tells files that only stand for others, and tokens without a text", () => {
    const pointer = "version https://git-lfs.github.com/spec/v1\noid sha256:4d7a2146\nsize 3945\n";
    const isPointer = "is a Git LFS pointer, not the file that it stands for. Run git lfs pull in its folder, or download the file again.";
    for (const name of ["merges.txt", "chat_template.jinja"]) {
      writeParts();
      write(name, pointer);
      expect(() => Tokenizer.fromFolder(folder)).toThrow(`${join(folder, name)}: ${isPointer}`);
    }
    writeParts();
    write("added_tokens.json", { "": 5 });
    expect(() => Tokenizer.fromFolder(folder)).toThrow(`${join(folder, "added_tokens.json")}: is not a tokenizer's (`);
  });

  it("takes special tokens from the files: an id means what they say", () => {
    const pad = { content: "<|dlm_pad|>", special: true };
    writeParts({ added_tokens_decoder: { [size + 4]: pad, [size]: { content: "<|endoftext|>" } }, pad_token: pad, mask_token: "<|mask|>" });
    const tokenizer = Tokenizer.fromFolder(folder);
    expect(tokenizer.specialTokens.get("<|dlm_pad|>")).toBe(size + 4);
    expect([...tokenizer.stopIds]).toEqual([size + 2, size, size + 4]);
    writeParts({ added_tokens_decoder: { [size + 4]: { content: "<|expand|>" } } });
    expect([...Tokenizer.fromFolder(folder).stopIds]).toEqual([size + 2, size]);
  });

  it("takes the mask token that the files name", () => {
    writeParts({ added_tokens_decoder: { [size + 4]: { content: "[HOLE]" } } });
    write("special_tokens_map.json", { mask_token: { content: "[HOLE]" } });
    expect(Tokenizer.fromFolder(folder).special.mask).toBe(size + 4);
  });

  it("takes the chat template from tokenizer_config.json, or from its own file", () => {
    const text = (): string =>
      Tokenizer.fromFolder(folder).decode(Tokenizer.fromFolder(folder).encodeChat([{ role: "user", content: "hi" }]), { skipSpecial: false });
    writeParts();
    expect(text()).toBe("<|im_start|>user\nhi<|im_end|>\n<|im_start|>assistant\n");
    writeParts({ chat_template: "{{ eos_token }}{{ messages[0].content }}" });
    expect(text()).toBe("<|im_end|>hi");
    const named = (name: string) => ({ name, template: `${name}: {{ messages[0].content }}` });
    writeParts({ chat_template: [named("tool_use"), named("default")] });
    expect(text()).toBe("default: hi");
    write("chat_template.jinja", "file: {{ messages[0].content }}");
    expect(text()).toBe("file: hi");
  });

  it("names the file that is missing or wrong", () => {
    const load = () => Tokenizer.fromFolder(folder);
    expect(load).toThrow(`${join(folder, "tokenizer.json")}: no such file, and no vocab.json with merges.txt in its place.`);
    writeParts({ pad_token: "<|nothing|>" });
    expect(load).toThrow(`${join(folder, "tokenizer_config.json")}: names the pad_token "<|nothing|>", which is not a special token.`);
    writeParts({ tokenizer_class: "LlamaTokenizer" });
    expect(load).toThrow(
      'has the tokenizer_class "LlamaTokenizer", and without a tokenizer.json only Qwen2Tokenizer, Qwen2TokenizerFast, DreamTokenizer are known.',
    );
    writeParts({ added_tokens_decoder: { [size]: { content: "<|mask|>" } } });
    expect(load).toThrow(`gives "<|mask|>" the id ${size}, another file of the tokenizer ${size + 3}.`);
    writeParts({ added_tokens_decoder: { [size]: { content: "<|other|>" } } });
    expect(load).toThrow("two special tokens share an id or a text.");
    writeParts({ chat_template: "{% if %}" });
    expect(load).toThrow(/: chat_template must be a Jinja template \(/);
    writeParts({ added_tokens_decoder: "none" });
    expect(load).toThrow(/tokenizer_config\.json: is not a tokenizer's \(added_tokens_decoder: /);
    writeParts();
    rmSync(join(folder, "merges.txt"));
    expect(load).toThrow(`${join(folder, "merges.txt")}: no such file.`);
    write("merges.txt", "Ġ Ġ\nz q\n");
    expect(load).toThrow(`${join(folder, "vocab.json")}: a token of merge z q is missing in the vocabulary.`);
    for (const [id, said] of [
      [-1, "-1"],
      ["0", '"0"'],
    ] as const) {
      write("vocab.json", { ...file.model.vocab, "!": id });
      write("merges.txt", "");
      expect(load).toThrow(`${join(folder, "vocab.json")}: token "!" has the id ${said}, expected an integer of at least 0.`);
    }
    write("vocab.json", []);
    expect(load).toThrow(join(folder, "vocab.json"));
    write("tokenizer.json", { ...file, model: { ...file.model, merges: [["a", "b", "c"]] } });
    expect(load).toThrow('(model.merges: expected "LEFT RIGHT" or ["LEFT", "RIGHT"] for each merge)');
    write("tokenizer.json", { ...file, normalizer: { type: "Lowercase" } });
    expect(load).toThrow(`${join(folder, "tokenizer.json")}: has the normalizer Lowercase, expected NFC, NFD, NFKC, NFKD or none.`);
  });

  it("does not follow a link out of the folder", () => {
    const elsewhere = join(folder, "elsewhere");
    const model = join(folder, "model");
    mkdirSync(elsewhere);
    mkdirSync(model);
    writeParts();
    for (const name of ["merges.txt", "added_tokens.json", "tokenizer_config.json"]) cpSync(join(folder, name), join(model, name));
    cpSync(join(folder, "vocab.json"), join(elsewhere, "vocab.json"));
    symlinkSync("../elsewhere/vocab.json", join(model, "vocab.json"));
    expect(() => Tokenizer.fromFolder(model)).toThrow(`${join(model, "vocab.json")}: is a link out of its folder`);
  });
});
