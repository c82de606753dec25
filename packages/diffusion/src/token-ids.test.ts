import { describe, expect, it } from "vitest";
import { checkTokenIds } from "./token-ids.ts";

describe("checkTokenIds", () => {
  it("takes the ids of the vocabulary, in lists and typed arrays", () => {
    checkTokenIds("ids", [0, 1, 9], 10);
    checkTokenIds("ids", Int32Array.of(0, 9), 10);
    checkTokenIds("ids", [2 ** 31 - 1]);
  });

  it.each([-2, -100, 20.7, Number.NaN, 10, Infinity, "3", null, undefined])("names %s, which is none", (bad) => {
    const shown = typeof bad === "string" ? JSON.stringify(bad) : String(bad);
    expect(() => checkTokenIds("ids", [1, bad as number], 10)).toThrow(`ids[1] must be a token id, an integer from 0 to 9, got ${shown}.`);
  });

  it("refuses what is no list", () => {
    expect(() => checkTokenIds("ids", "12" as never)).toThrow('ids must be a list of token ids, got "12".');
  });
});
