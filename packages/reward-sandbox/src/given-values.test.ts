import { describe, expect, it } from "vitest";
import { sameInJavaScript, sameValue } from "./equality.ts";
import { givenValue } from "./given-values.ts";

const python = (value: unknown): unknown => givenValue(value, "python", "inputs[0][1]");
const javaScript = (value: unknown): unknown => givenValue(value, "javascript", "inputs[0][1]");

describe("a value given to Python", () => {
  it.each([
    [0.5, { float: "0.5" }],
    [4, 4],
    [-0, 0],
    [NaN, { float: "nan" }],
    [2 ** 60, { int: "1152921504606846976" }],
    [2n ** 64n, { int: "18446744073709551616" }],
    [5n, 5],
    [{ float: 4 }, { float: "4" }],
    [{ float: "4.0" }, { float: "4.0" }],
    [{ float: "1E400" }, { float: "1e400" }],
    [{ int: "-0xff" }, -255],
    [
      { a: 1, b: [0.5] },
      {
        dict: [
          ["a", 1],
          ["b", [{ float: "0.5" }]],
        ],
      },
    ],
    [{}, { dict: [] }],
    [
      { int: "5", b: 1 },
      {
        dict: [
          ["int", "5"],
          ["b", 1],
        ],
      },
    ],
    [
      new Map<unknown, unknown>([
        [1, "a"],
        [{ tuple: [1] }, "b"],
      ]),
      {
        dict: [
          [1, "a"],
          [{ tuple: [1] }, "b"],
        ],
      },
    ],
    [new Map([["int", "5"]]), { dict: [["int", "5"]] }],
    [new Set([1, 0.5]), { set: [1, { float: "0.5" }] }],
    [{ tuple: [0.5, { a: 2n }] }, { tuple: [{ float: "0.5" }, { dict: [["a", 2]] }] }],
    [{ complex: [1, "-2.5"] }, { complex: ["1", "-2.5"] }],
  ])("%o", (value, written) => {
    expect(python(value)).toEqual(written);
  });

  it("is written in hexadecimal where Python would not read it as decimal text", () => {
    const value = 10n ** 5000n;
    expect(python(-value)).toEqual({ int: `-0x${value.toString(16)}` });
    expect(sameValue({ int: `0x${value.toString(16)}` }, { int: String(value) })).toBe(true);
  });

  it.each([
    [undefined, "inputs[0][1] must be plain data, got undefined. Write null for None."],
    [[1, [() => 1]], "inputs[0][1][1][0] must be plain data, got function (anonymous). Write null for None."],
    [[, 1], "inputs[0][1][0] must be plain data, got undefined. Write null for None."], // oxlint-disable-line no-sparse-arrays
    [{ int: "five" }, 'inputs[0][1] must be an integer, as { int: "9223372036854775808" }, got "five".'],
    [{ int: 0.5 }, 'inputs[0][1] must be an integer, as { int: "9223372036854775808" }, got 0.5.'],
    [{ float: "1.2.3" }, 'inputs[0][1] must be a float, as { float: "4.0" } or { float: 4 }, got "1.2.3".'],
    [{ tuple: 3 }, "inputs[0][1] must be a list, got 3."],
    [{ dict: { a: 1 } }, 'inputs[0][1] must be a list of pairs, got {"a":1}.'],
    [{ set: [[1]] }, "inputs[0][1][0] must be a value that Python can hash, as a key or an item of a set, got [1]."],
    [{ bytes: "xx" }, 'inputs[0][1] must be bytes in hexadecimal digits, got "xx".'],
  ])("%o is refused by name", (value, message) => {
    expect(() => python(value)).toThrow(message);
  });

  it("is refused where it holds itself", () => {
    const circle: unknown[] = [];
    circle.push(circle);
    expect(() => python(circle)).toThrow("inputs must be nested at most 200 levels deep, got [object Array].");
  });
});

describe("a value given to JavaScript", () => {
  it("is what it is: objects have no tags", () => {
    const value = { int: "5", nothing: undefined, big: 5n, list: [-0, 2 ** 60, 4.0], map: new Map([[1, 2]]), set: new Set(["a"]) };
    const written = [
      ["int", "5"],
      ["nothing", { undefined: true }],
      ["big", { bigint: "5" }],
      ["list", [{ float: "-0.0" }, { float: "1152921504606847000" }, 4]],
      ["map", { map: [[1, 2]] }],
      ["set", { set: ["a"] }],
    ];
    expect(javaScript(value)).toEqual({ dict: written });
    expect(javaScript({ float: "left" })).toEqual({ dict: [["float", "left"]] });
  });

  it("equals another as numbers do, and nothing else", () => {
    expect(sameInJavaScript({ float: "11.000000000000002" }, 11)).toBe(true);
    expect(sameInJavaScript({ float: "1e+21" }, javaScript(1e21))).toBe(true);
    expect(sameInJavaScript(9007199254740990, 9007199254740991)).toBe(false);
    expect(sameInJavaScript({ float: "nan" }, javaScript(NaN))).toBe(true);
    expect(sameInJavaScript({ undefined: true }, javaScript(null))).toBe(false);
    expect(sameInJavaScript({ bigint: "1" }, javaScript(1))).toBe(false);
    expect(sameInJavaScript({ map: [["a", 1]] }, javaScript({ a: 1 }))).toBe(false);
    expect(
      sameInJavaScript(
        {
          dict: [
            ["b", 2],
            ["a", 1],
          ],
        },
        javaScript({ a: 1, b: 2 }),
      ),
    ).toBe(true);
  });
});
