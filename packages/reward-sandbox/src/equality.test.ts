import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { evalPlusSame, pythonEqual, sameValue } from "./equality.ts";

describe("sameValue", () => {
  it("tells types apart as Python's tests should", () => {
    expect(sameValue(1, 1)).toBe(true);
    expect(sameValue(true, 1)).toBe(false); // True is no 1
    expect(sameValue({ float: "1.0" }, 1)).toBe(false);
    expect(sameValue({ tuple: [1, 2] }, [1, 2])).toBe(false);
    expect(sameValue("1", 1)).toBe(false);
    expect(sameValue(null, 0)).toBe(false);
    expect(sameValue(null, null)).toBe(true);
  });

  it("compares floats within EvalPlus's tolerance", () => {
    expect(sameValue({ float: "0.3333333333" }, 1 / 3)).toBe(true);
    expect(sameValue({ float: "0.3334" }, 1 / 3)).toBe(false);
    expect(sameValue({ float: "inf" }, { float: "inf" })).toBe(true);
    expect(sameValue({ float: "nan" }, { float: "nan" })).toBe(true);
    expect(sameValue({ float: "inf" }, 0.5)).toBe(false);
    expect(sameValue({ float: "0.5" }, { float: "inf" })).toBe(false);
    expect(sameValue({ float: "-inf" }, { float: "inf" })).toBe(false);
    expect(sameValue({ float: "nan" }, 0.5)).toBe(false);
  });

  it("ignores the order of sets and dicts, and nothing else's", () => {
    expect(sameValue({ set: [2, 1] }, { set: [1, 2] })).toBe(true);
    expect(
      sameValue(
        {
          dict: [
            ["a", 1],
            ["b", 2],
          ],
        },
        {
          dict: [
            ["b", 2],
            ["a", 1],
          ],
        },
      ),
    ).toBe(true);
    expect(sameValue({ dict: [["a", 1]] }, { dict: [["a", 2]] })).toBe(false);
    expect(sameValue([2, 1], [1, 2])).toBe(false);
    expect(sameValue([1], [1, 2])).toBe(false);
  });

  it("compares integers beyond 2^53 exactly", () => {
    expect(sameValue({ int: "9007199254740993" }, { int: "9007199254740993" })).toBe(true);
    expect(sameValue({ int: "9007199254740993" }, { int: "9007199254740992" })).toBe(false);
  });
});

describe("pythonEqual", () => {
  it("is == of Python's data", () => {
    const equal: [unknown, unknown][] = [
      [1, true],
      [{ float: "1.0" }, 1],
      [{ complex: ["1.0", "0.0"] }, true],
      [{ set: [1, 2] }, { frozenset: [{ float: "2.0" }, 1] }],
      [
        {
          Counter: [
            ["a", 1],
            ["b", 0],
          ],
        },
        { Counter: [["a", 1]] },
      ],
      [{ Counter: [["a", 1]] }, { dict: [["a", 1]] }],
      [
        {
          OrderedDict: [
            ["a", 1],
            ["b", 2],
          ],
        },
        {
          dict: [
            ["b", 2],
            ["a", 1],
          ],
        },
      ],
      [{ bytes: "61" }, { bytearray: "61" }],
      [{ int: "0x20000000000001" }, { int: "9007199254740993" }],
    ];
    for (const [a, b] of equal) {
      expect(pythonEqual(a, b), JSON.stringify([a, b])).toBe(true);
      expect(pythonEqual(b, a), JSON.stringify([b, a])).toBe(true);
    }
    const different: [unknown, unknown][] = [
      [{ tuple: [1] }, [1]],
      [
        {
          OrderedDict: [
            ["a", 1],
            ["b", 2],
          ],
        },
        {
          OrderedDict: [
            ["b", 2],
            ["a", 1],
          ],
        },
      ],
      [
        {
          Counter: [
            ["a", 1],
            ["b", 0],
          ],
        },
        { dict: [["a", 1]] },
      ],
      ["1", 1],
      [null, 0],
      [{ int: "9007199254740993" }, { float: "9007199254740992.0" }],
      [{ float: "0.3" }, { float: "0.30000000000000004" }],
      [{ bytes: "61" }, "a"],
    ];
    for (const [a, b] of different) {
      expect(pythonEqual(a, b), JSON.stringify([a, b])).toBe(false);
      expect(pythonEqual(b, a), JSON.stringify([b, a])).toBe(false);
    }
  });

  it("holds for everything that sameValue takes without tolerance", () => {
    fc.assert(
      fc.property(fc.array(fc.oneof(fc.integer(), fc.string(), fc.boolean(), fc.constant(null))), (items) => {
        expect(pythonEqual(items, [...items])).toBe(true);
        expect(pythonEqual({ set: items }, { frozenset: items.toReversed() })).toBe(true);
      }),
    );
  });
});

describe("evalPlusSame", () => {
  it("is close only where floats are expected or the task has a tolerance", () => {
    expect(evalPlusSame({ float: "0.30000000000000004" }, { float: "0.3" })).toBe(true);
    expect(evalPlusSame({ float: "0.301" }, { float: "0.3" })).toBe(false);
    expect(evalPlusSame({ float: "0.301" }, { float: "0.3" }, { atol: 0.01 })).toBe(true);
    expect(evalPlusSame([{ float: "1.0000001" }], [{ float: "1.0" }])).toBe(true);
    expect(evalPlusSame([1, { float: "1.0000001" }], [1, { float: "1.0" }])).toBe(false); // not all floats: == alone
    expect(evalPlusSame([1, { float: "1.0000001" }], [1, { float: "1.0" }], { atol: 1e-4 })).toBe(true);
    expect(evalPlusSame({ tuple: [{ float: "1.0000001" }] }, [{ float: "1.0" }])).toBe(false); // another type
    expect(evalPlusSame([{ float: "1.0" }], [{ float: "1.0" }, { float: "2.0" }])).toBe(false);
    expect(evalPlusSame("a", { float: "1.0" })).toBe(false);
  });

  it("takes what == takes, of another type too", () => {
    expect(evalPlusSame(1, { float: "1.0" })).toBe(true);
    expect(evalPlusSame(true, 1)).toBe(true);
  });
});
