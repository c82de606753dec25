import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { utf8Sequences } from "./utf8.ts";

const isWritten = (point: number, sequences: ReturnType<typeof utf8Sequences>): number => {
  const bytes = new TextEncoder().encode(String.fromCodePoint(point));
  return sequences.filter((ranges) => ranges.length === bytes.length && ranges.every(([from, to], i) => from <= bytes[i]! && bytes[i]! <= to)).length;
};

describe("utf8Sequences", () => {
  it("writes all code points in nine sequences", () => {
    const hex = utf8Sequences([[0, 0x10_ff_ff]]).map((ranges) => ranges.map(([a, b]) => `${a.toString(16)}-${b.toString(16)}`).join(" "));
    expect(hex).toEqual([
      "0-7f",
      "c2-df 80-bf",
      "e0-e0 a0-bf 80-bf",
      "e1-ec 80-bf 80-bf",
      "ed-ed 80-9f 80-bf",
      "ee-ef 80-bf 80-bf",
      "f0-f0 90-bf 80-bf 80-bf",
      "f1-f3 80-bf 80-bf 80-bf",
      "f4-f4 80-8f 80-bf 80-bf",
    ]);
  });

  it("writes a code point of a range once, and no other", () => {
    const point = fc.nat(0x10_ff_ff).filter((one) => one < 0xd8_00 || one > 0xdf_ff);
    const near = fc.tuple(point, fc.integer({ min: -200, max: 200 })).map(([one, by]) => Math.min(0x10_ff_ff, Math.max(0, one + by)));
    fc.assert(
      fc.property(point, point, near, (a, b, other) => {
        const [first, last] = [Math.min(a, b), Math.max(a, b)];
        const sequences = utf8Sequences([[first, last]]);
        for (const one of [first, last, other])
          if (one < 0xd8_00 || one > 0xdf_ff) expect(isWritten(one, sequences)).toBe(one >= first && one <= last ? 1 : 0);
      }),
      { numRuns: 300, seed: 1 },
    );
  });
});
