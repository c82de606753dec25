import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { parsePythonRecord } from "./python-json.ts";

const valueOf = (json: string): unknown => parsePythonRecord(`{"x": ${json}}`).x;

describe("parsePythonRecord", () => {
  it.each([
    ["1", 1],
    ["1.0", { float: "1.0" }],
    ["-0", { int: "-0" }],
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

  it("refuses what is no object", () => {
    expect(() => parsePythonRecord("[1]")).toThrow(new SyntaxError("not a JSON object"));
    expect(() => parsePythonRecord("3")).toThrow(new SyntaxError("not a JSON object"));
    expect(() => parsePythonRecord("{")).toThrow(SyntaxError);
  });
});
