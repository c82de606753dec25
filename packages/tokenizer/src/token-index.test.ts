import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { TokenIndex } from "./token-index.ts";

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);

describe("TokenIndex", () => {
  it("finds tokens by their bytes, whole or in two parts", () => {
    const index = new TokenIndex([bytes("a"), bytes("ab"), bytes("abc"), bytes("")]);
    expect([index.find(bytes("ab")), index.find(bytes("b")), index.find(bytes(""))]).toEqual([1, -1, 3]);
    expect([index.findJoined(bytes("a"), bytes("bc")), index.findJoined(bytes("ab"), bytes("c")), index.findJoined(bytes("c"), bytes("ab"))]).toEqual(
      [2, 2, -1],
    );
    expect(new TokenIndex([]).find(bytes("a"))).toBe(-1);
  });

  it("finds what a Map does, for any tokens", () => {
    const token = fc.uint8Array({ maxLength: 3, max: 5 });
    fc.assert(
      fc.property(fc.array(token, { maxLength: 200 }), fc.array(fc.tuple(token, token)), (tokens, asked) => {
        const index = new TokenIndex(tokens);
        const map = new Map(tokens.map((one, id) => [one.join(), id]));
        for (const [left, right] of asked) expect(index.findJoined(left, right)).toBe(map.get([...left, ...right].join()) ?? -1);
      }),
    );
  });
});
