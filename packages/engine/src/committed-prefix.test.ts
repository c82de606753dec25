import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { CommittedPrefix } from "./committed-prefix.ts";

/** Ids are bytes, 0 is the end token. */
const tokenizer = {
  decodeStream() {
    const decoder = new TextDecoder();
    return { push: (id: number) => decoder.decode(Uint8Array.of(id), { stream: true }), end: () => decoder.decode() };
  },
};
const endIds = new Set([0]);
const bytes = (text: string): number[] => [...new TextEncoder().encode(text)];

describe("CommittedPrefix", () => {
  it("grows when a gap closes, and settles at the end token", () => {
    const prefix = new CommittedPrefix({ tokenizer, length: 6, endIds });
    const seen = () => [prefix.text, prefix.tokens, prefix.settled];
    prefix.commit([1, 5], [98, 0]);
    expect(seen()).toEqual(["", 0, undefined]);
    prefix.commit([0], [97]);
    expect(seen()).toEqual(["ab", 2, undefined]);
    prefix.commit([3], [0]);
    expect(seen()).toEqual(["ab", 2, undefined]);
    prefix.commit([2], [99]);
    expect(seen()).toEqual(["abc", 3, "stop"]);
    prefix.commit([4], [100]); // behind the end: changes nothing
    expect(seen()).toEqual(["abc", 3, "stop"]);
  });

  it("settles when the canvas is full or maxTokens are there", () => {
    const full = new CommittedPrefix({ tokenizer, length: 2, endIds });
    full.commit([0, 1], [97, 98]);
    expect([full.text, full.settled]).toEqual(["ab", "length"]);
    const cut = new CommittedPrefix({ tokenizer, length: 4, endIds, maxTokens: 1 });
    cut.commit([0, 1], [97, 98]);
    expect([cut.text, cut.tokens, cut.settled]).toEqual(["a", 1, "length"]);
  });

  it("waits for all bytes of a character, and shows what is left of one at the end", () => {
    const [first, second, third] = bytes("€") as [number, number, number];
    const prefix = new CommittedPrefix({ tokenizer, length: 5, endIds });
    prefix.commit([0, 1], [97, first]);
    expect(prefix.text).toBe("a");
    prefix.commit([2, 3], [second, third]);
    expect(prefix.text).toBe("a€");
    prefix.commit([4], [first]);
    expect([prefix.text, prefix.settled]).toEqual(["a€\uFFFD", "length"]);
  });

  it("gives the same answer for every order of commits, and only ever appends", () => {
    const tokens = fc.array(fc.constantFrom(0, ...bytes("aä€")), { minLength: 1, maxLength: 12 });
    fc.assert(
      fc.property(tokens, fc.infiniteStream(fc.nat()), (ids, keys) => {
        const prefix = new CommittedPrefix({ tokenizer, length: ids.length, endIds });
        const order = ids.map((_, position) => ({ position, key: keys.next().value })).sort((a, b) => a.key - b.key);
        let before = "";
        for (const { position } of order) {
          prefix.commit([position], [ids[position]!]);
          expect(prefix.text.startsWith(before)).toBe(true);
          before = prefix.text;
        }
        const end = ids.indexOf(0);
        const answer = end < 0 ? ids : ids.slice(0, end);
        expect(prefix.text).toBe(new TextDecoder().decode(Uint8Array.from(answer)));
        expect([prefix.tokens, prefix.settled]).toEqual([answer.length, end < 0 ? "length" : "stop"]);
      }),
    );
  });
});
