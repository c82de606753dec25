import { describe, expect, it } from "vitest";
import { pythonEqual, sameOutput, sameValue } from "./equality.ts";

const count = 20_000;
const floats = (text: (x: number) => string): unknown[] => Array.from({ length: count }, (_, i) => ({ float: text(i + 0.5) }));
const shown = floats(String);

/** Its result, and that it takes a few seconds at most. */
function soon<T>(compare: () => T): T {
  const before = performance.now();
  const result = compare();
  expect(performance.now() - before).toBeLessThan(10_000); // milliseconds; by trying alone it is minutes
  return result;
}

describe("sets and dicts of many items", () => {
  it("are compared in a moment, for every text of their numbers", () => {
    const otherwise = floats((x) => `${x}${"0".repeat(1 + (x % 7))}`).toReversed();
    const nearly = floats((x) => String(x + 5e-7));
    expect(soon(() => sameValue({ set: otherwise }, { set: shown }))).toBe(true);
    expect(soon(() => sameValue({ set: nearly }, { set: shown }))).toBe(true);
    expect(soon(() => pythonEqual({ set: otherwise }, { frozenset: shown }))).toBe(true);
    expect(soon(() => sameValue({ set: nearly.with(0, { float: "7e9" }) }, { set: shown }))).toBe(false);
    const pairs = (items: unknown[]): unknown => ({ dict: items.map((item, i) => [item, i % 5]) });
    expect(soon(() => sameValue(pairs(otherwise.toReversed()), pairs(shown)))).toBe(true);
  });

  it("are not the same if that would take too many trials to find out", () => {
    const tuples = (text: string): unknown[] => Array.from({ length: count }, (_, i) => ({ tuple: ["same", { float: `${i}${text}` }] }));
    expect(soon(() => sameValue({ set: tuples(".5").toReversed() }, { set: tuples(".5") }))).toBe(true);
    expect(soon(() => sameValue({ set: tuples("5e-1") }, { set: tuples("e9") }))).toBe(false);
    const nested = (x: number): unknown => ({ set: Array.from({ length: 200 }, (_, i) => ({ frozenset: [{ set: [i, `${x}`] }, i, "a"] })) });
    expect(soon(() => sameValue({ set: Array.from({ length: 200 }, () => nested(1)) }, { set: Array.from({ length: 200 }, () => nested(2)) }))).toBe(
      false,
    );
  });

  it("pair items that are near each other, of any kind", () => {
    const near = { set: [{ float: "1.0" }, { float: "0.9999999" }, "a", null, { tuple: [{ float: "2.0" }, "b"] }, { float: "nan" }] };
    const other = { set: [{ tuple: [{ float: "2.0000001" }, "b"] }, { float: "nan" }, null, { float: "1.0000001" }, { float: "1.0" }, "a"] };
    expect(sameValue(near, other)).toBe(true);
    expect(pythonEqual({ set: [1, { float: "inf" }, { float: "2.0" }] }, { set: [{ float: "inf" }, 2, true] })).toBe(true);
    expect(sameOutput({ set: [1, { float: "0.30000000000000004" }] }, new Set([0.3, 1]), { language: "javascript" })).toBe(true);
    expect(sameValue({ set: [1, 1, 2] }, { set: [1, 2, 2] })).toBe(false);
  });
});
