import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { decodingText, KNOWN_MODELS, knownModel, type KnownModel, scoresText } from "./known-models.ts";

const docs = readFileSync(new URL("../../../../docs/small-coders.md", import.meta.url), "utf8");

/** A row of the table in the docs. */
const rowOf = (known: KnownModel): string[] => [
  `\`${known.name}\``,
  `${known.billions}`,
  known.family,
  known.maskToken === undefined ? "" : `\`${known.maskToken.replaceAll("|", "\\|")}\``,
  decodingText(known).replace(/^[a-z]\w*(?=,)/, "`$&`"),
  [scoresText(known), ...(known.note === undefined ? [] : [known.note])].join("; "),
  known.licence,
];

describe("the known models", () => {
  it("are those of the table in docs/small-coders.md, cell for cell", () => {
    const rows = Array.from(docs.matchAll(/^\| `\w[\w.-]*\/.*\|$/gm), ([row]) =>
      row
        .split(/(?<!\\)\|/)
        .slice(1, -1)
        .map((cell) => cell.trim()),
    );
    expect(rows).toEqual(KNOWN_MODELS.map(rowOf));
  });

  it("are found by their repository, with a revision or without", () => {
    expect(knownModel("fredzzp/open-dcoder-0.5B@v1")?.family).toBe("open-dcoder");
    expect(knownModel("fredzzp/open-dcoder-0.5B")).toBe(knownModel("fredzzp/open-dcoder-0.5B@v1"));
    expect(knownModel("./open-dcoder-0.5B")).toBeUndefined();
    expect(new Set(KNOWN_MODELS.map(({ name }) => name)).size).toBe(KNOWN_MODELS.length);
  });

  it("are told in words", () => {
    const known = knownModel("dllm-hub/Qwen2.5-Coder-0.5B-Instruct-diffusion-bd3lm-v0.1")!;
    expect(decodingText(known)).toBe("bd3lm, 256 tokens in 256 steps, blocks of 32, greedy");
    expect(scoresText(known)).toBe("41.5 / 33.6 (card); 39.0 / 33.2 (dllm's README)");
    const sdar = knownModel("JetLM/SDAR-1.7B-Chat")!;
    expect(decodingText(sdar)).toBe("sdar_dynamic, 256 tokens, blocks of 4, temperature 1, threshold 0.85");
    expect(scoresText(sdar)).toBe("not known");
    expect(decodingText(knownModel("apple/DiffuCoder-7B-Base")!)).toBe("as its generation_config.json says");
  });
});
