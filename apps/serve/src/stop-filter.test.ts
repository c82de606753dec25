import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { StopFilter } from "./stop-filter.ts";

const lengthsOf = (text: string): number[] => Array.from({ length: text.length + 1 }, (_, length) => length);

describe("StopFilter", () => {
  it("holds back what may begin a stop string and cuts before it", () => {
    const filter = new StopFilter(["\nclass", "###"]);
    expect(filter.push("a = 1\n")).toBe("a = 1");
    expect(filter.push("a = 1\ncl")).toBe("");
    expect(filter.push("a = 1\nclaim #")).toBe("\nclaim ");
    expect(filter.push("a = 1\nclaim ###x")).toBe("");
    expect(filter.stopped).toBe(true);
    expect(filter.push("a = 1\nclaim ###xyz", { complete: true })).toBe("");
  });

  it("sends the held back tail once nothing follows", () => {
    const filter = new StopFilter(["END"]);
    expect(filter.push("fooEN")).toBe("foo");
    expect(filter.push("fooEN", { complete: true })).toBe("EN");
    expect(filter.stopped).toBe(false);
  });

  it("sends the text before the stop string that is complete first, however the text arrives", () => {
    const text = fc.string({ unit: fc.constantFrom("a", "b", "c"), maxLength: 20 });
    const stops = fc.array(fc.string({ unit: fc.constantFrom("a", "b", "c"), minLength: 1, maxLength: 3 }), { maxLength: 3 });
    fc.assert(
      fc.property(text, stops, fc.array(fc.nat(20)), (whole, stopStrings, cuts) => {
        const filter = new StopFilter(stopStrings);
        const lengths = [...cuts.filter((cut) => cut <= whole.length).sort((a, b) => a - b), whole.length];
        const sent = lengths.map((length, i) => filter.push(whole.slice(0, length), { complete: i === lengths.length - 1 })).join("");
        const stopAt = (length: number) => stopStrings.filter((stop) => whole.slice(0, length).endsWith(stop)).map((stop) => length - stop.length);
        const cut = lengthsOf(whole)
          .map(stopAt)
          .find((starts) => starts.length > 0);
        expect(sent).toBe(cut === undefined ? whole : whole.slice(0, Math.min(...cut)));
      }),
      { numRuns: 500 },
    );
  });
});
