import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { parsePythonJson, parsePythonRecord } from "./python-json.ts";

const valueOf = (json: string): unknown => parsePythonRecord(`{"x": ${json}}`).x;

describe("parsePythonRecord", () => {
  it.each([
    ["1", 1],
    ["1.0", { float: "1.0" }],
    ["-0", 0],
    ["-0.0", { float: "-0.0" }],
    ["1e400", { float: "1e400" }],
    ["9007199254740992", { int: "9007199254740992" }],
    ["1E5", { float: "1e5" }],
    ["100000000000000000000", { int: "100000000000000000000" }],
    ["NaN", { float: "nan" }],
    ["[Infinity, -Infinity]", [{ float: "inf" }, { float: "-inf" }]],
    [
      '{"a": [1, 2.5], "int": 3}',
      {
        dict: [
          ["a", [1, { float: "2.5" }]],
          ["int", 3],
        ],
      },
    ],
    ['"1.0 and \\" NaN"', '1.0 and " NaN'],
    ["null", null],
    ["{}", { dict: [] }],
    ['{"int": "5"}', { dict: [["int", "5"]] }],
    ['"\\\\"', "\\"],
  ])("reads %s", (json, value) => {
    expect(valueOf(json)).toEqual(value);
  });

  it("reads every text as JSON.parse does", () => {
    fc.assert(
      fc.property(fc.string({ unit: fc.constantFrom('"', "\\", "1", ".", "-", "{", "é", "\u2028", "\0", "NaN") }), (text) => {
        expect(valueOf(JSON.stringify(text))).toBe(text);
      }),
    );
  });

  it("reads tags where it is told to", () => {
    expect(parsePythonJson('[{"tuple": [1, 2.0]}, {"int": "5"}, {"a": 1}, {"int": 1, "a": 2}]', { tags: true })).toEqual([
      { tuple: [1, { float: "2.0" }] },
      { int: "5" },
      { dict: [["a", 1]] },
      {
        dict: [
          ["int", 1],
          ["a", 2],
        ],
      },
    ]);
  });

  it("keeps the order of an object's keys, and of two alike the last value", () => {
    const dict = [
      ["2", 1],
      ["1", { float: "4.0" }],
      ["__proto__", 0],
    ];
    expect(valueOf('{"2": 0, "1": 4.0, "__proto__": 0, "2": 1}')).toEqual({ dict });
  });

  it("takes long and deep texts as far as Python does, and then says so", () => {
    const long = `"${"\\n".repeat(1e6)}"`;
    expect(valueOf(long)).toHaveLength(1e6);
    expect(() => valueOf("9".repeat(4301))).toThrow(new RangeError("an integer of 4301 digits; Python reads at most 4300"));
    const nested = (levels: number): string => "[".repeat(levels) + "]".repeat(levels);
    expect(parsePythonJson(nested(200))).toHaveLength(1);
    for (const levels of [201, 1e6]) expect(() => parsePythonJson(nested(levels))).toThrow(new RangeError("nested more than 200 levels deep"));
  });

  it("reads as Python's json module does, and refuses what that refuses", () => {
    const refused = ["NaN1", "1NaN", "-NaN", "aNaN", "NaNNaN", "+1", "01", "1.", ".5", "[1,]", "{'a': 1}", "Infinity-", '"NaN', "", "\ufeff1"];
    for (const text of refused) expect(() => parsePythonJson(text), text).toThrow(SyntaxError);
  });

  it("refuses what is no object", () => {
    expect(() => parsePythonRecord("[1]")).toThrow(new SyntaxError("not a JSON object"));
    expect(() => parsePythonRecord("3")).toThrow(new SyntaxError("not a JSON object"));
    expect(() => parsePythonRecord("{")).toThrow(SyntaxError);
  });
});
