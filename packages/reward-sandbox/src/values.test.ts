import { execFileSync } from "node:child_process";
import { existsSync } from "node:fs";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { sameValue } from "./equality.ts";
import { isValue, pythonSource } from "./values.ts";

const python = ["/usr/bin/python3", "/usr/local/bin/python3"].find((path) => existsSync(path));

/** Values as values.py writes them. */
const { value: anyValue } = fc.letrec<{ value: unknown }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 3 },
    fc.constantFrom(null, true, false, { float: "nan" }, { float: "inf" }, { float: "-inf" }, { float: "1e-05" }, { int: "-12345678901234567890" }),
    fc.integer(),
    fc.double({ noNaN: true, noDefaultInfinity: true }).map((x) => ({ float: Number.isInteger(x) ? x.toFixed(1) : String(x) })),
    fc.string(),
    fc.array(tie("value")),
    fc.array(tie("value")).map((tuple) => ({ tuple })),
    fc.array(tie("value")).map((set) => ({ set })),
    fc.array(tie("value")).map((deque) => ({ deque })),
    fc.array(fc.tuple(tie("value"), tie("value"))).map((Counter) => ({ Counter })),
    fc.constantFrom({ complex: ["1.0", "-inf"] }, { bytes: "00ff" }, { bytearray: "" }, { undefined: true }, { bigint: "-3" }, { int: "-0xff" }),
    fc.array(fc.tuple(tie("value"), tie("value"))).map((dict) => ({ dict })),
  ),
}));

/** Zero in so many lists. */
const nested = (levels: number): unknown => {
  let value: unknown = 0;
  for (let level = 0; level < levels; level++) value = [value];
  return value;
};

describe("isValue", () => {
  it("accepts what Python writes, and each such value equals itself", () => {
    fc.assert(
      fc.property(anyValue, (value) => {
        expect(isValue(value)).toBe(true);
        expect(sameValue(value, value)).toBe(true);
      }),
    );
  });

  it("accepts no other JSON, so that what it accepts can be compared and printed", () => {
    const forged = [
      0.5,
      2 ** 53,
      {},
      { float: 1 },
      { float: "" },
      { float: "0x1" },
      { float: "1.2.3" },
      { float: { toString: 1 } },
      { int: "one" },
      { int: 1 },
      { tuple: 5 },
    ];
    forged.push({ set: "ab" } as never, { dict: [null] } as never, { dict: [[1]] } as never, { tuple: [], set: [] } as never, { other: [] } as never);
    for (const value of forged) {
      expect(isValue(value), JSON.stringify(value)).toBe(false);
      expect(isValue([[value]]), JSON.stringify(value)).toBe(false);
    }
    expect(isValue(nested(200))).toBe(true);
    expect(isValue(nested(201))).toBe(false);
    expect(isValue(nested(100_000))).toBe(false);
    fc.assert(
      fc.property(fc.jsonValue(), anyValue, (value, expected) => {
        if (!isValue(value)) return;
        expect(sameValue(value, expected)).toBe(sameValue(expected, value));
        expect(pythonSource(value)).not.toBe("");
      }),
    );
  });
});

describe("pythonSource", () => {
  it("is what Python's repr prints", () => {
    expect(pythonSource([1, { float: "0.5" }, true, null, { tuple: [1] }, { set: [] }, { dict: [["a", [1]]] }])).toBe(
      "[1, 0.5, True, None, (1,), set(), {'a': [1]}]",
    );
    expect(pythonSource("it's")).toBe('"it\'s"');
    expect(pythonSource([{ a: 1, b: 2n }, {}, new Map([[1, { int: "5" }]])])).toBe("[{'a': 1, 'b': 2}, {}, {1: 5}]");
  });

  it.runIf(python !== undefined)("is read by Python as the same text", () => {
    const texts = fc.sample(fc.string({ unit: fc.constantFrom("a", "'", '"', "\\", "\n", "\t", "é", "😀") }), { numRuns: 100, seed: 1 });
    const script = `import ast, json, sys\nprint(json.dumps([ast.literal_eval(line) for line in json.load(sys.stdin)]))`;
    const input = JSON.stringify(texts.map(pythonSource));
    expect(JSON.parse(execFileSync(python!, ["-I", "-c", script], { input, encoding: "utf8" }))).toEqual(texts);
  });
});
