// What goes into a program from a file, and what comes out, held to what Python and JavaScript themselves make of it.
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { evalCommands, hasPython, pythonNote } from "./eval-commands.fixture.ts";

const { out, error, run, file } = evalCommands();

const cases = fileURLToPath(new URL("../../../../../shared/cases/", import.meta.url));
const hasCases = existsSync(cases);
const skipCases = hasCases ? "" : " (SKIPPED: ../shared/cases is absent)";

/** What is told besides the verdicts, but for the level of isolation. */
const told = (): string[] => error.filter((line) => !line.startsWith("The sandbox runs with"));

/** Verdicts by id of a file. */
async function verdictsOf(path: string): Promise<Record<string, string>> {
  await run("score", "--input", path, "--json");
  return Object.fromEntries(
    out.map((line) => {
      const { id, verdicts } = JSON.parse(line) as { id: string; verdicts: string[] };
      return [id, verdicts.join(" ")];
    }),
  );
}

describe.runIf(hasCases && hasPython)(`the shared cases${pythonNote || skipCases}`, () => {
  it("of values get Python's verdict", async () => {
    expect(await verdictsOf(join(cases, "score-json-values.jsonl"))).toEqual({
      "float-tag": "wrong", // 2.0 is not {"float": "2.0"}
      "float-plain": "pass",
      "float-arg": "pass",
      "float-arg-py310-style": "pass",
      "bigint-2**63": "pass",
      "bigint-2**63-1": "pass",
      "bigint-wrong-accepted": "wrong",
      fact25: "pass",
      dict: "pass",
      "dict-arg": "pass",
      "dict-tag": "exception", // KeyError: its one key is "dict"
      "dict-one-key-int": "pass",
      tuple: "wrong", // (2, 1) is not [2, 1]
    });
  });

  it("of fences all pass", async () => {
    expect(Object.values(await verdictsOf(join(cases, "score-fences.jsonl")))).toEqual(Array.from({ length: 8 }, () => "pass"));
  });

  it("of a bad entry point refuse that line alone", async () => {
    const path = join(cases, "score-one-bad-entry-point.jsonl");
    expect(await verdictsOf(path)).toEqual({ good: "pass" });
    expect(told()).toEqual([
      `${path}: line 2: entry_point: must be the name of a function, got "S().f"`,
      "1 program scored, 1 pass every test; 1 line left out.",
    ]);
  });
});

/** A line of Python that gives back its argument, or something made of it. */
const python = (id: string, body: string, tests: string): string =>
  `{"id":${JSON.stringify(id)},"code":${JSON.stringify(`def f(x): return ${body}`)},"entry_point":"f","tests":${tests}}`;

describe.runIf(hasPython)(`diffucoder score${pythonNote}`, () => {
  it("reads values as Python's json module does", async () => {
    const deep = "[".repeat(150) + "]".repeat(150);
    const lines = [
      python("int for float", "2", "[[[0], 2.0]]"),
      python("float for int", "2.0", "[[[0], 2]]"),
      python("overflow", "x == float('inf')", "[[[1e400], true]]"),
      python("minus zero", "str(x)", '[[[-0.0], "-0.0"], [[-0], "0"]]'),
      python("constants", "str(x)", '[[[NaN], "nan"], [[-Infinity], "-inf"]]'),
      python("nan", "x", "[[[NaN], NaN]]"),
      python("big", "x + 1", "[[[1152921504606846976], 1152921504606846977], [[1152921504606846976], 1152921504606846976]]"),
      python("exponent", "type(x).__name__", '[[[1e2], "float"], [[100], "int"]]'),
      python("order", "list(x)", '[[[{"2": 0, "1": 0, "2": 1}], ["2", "1"]]]'),
      python("last of two keys", "x['a']", '[[[{"a": 0, "a": 1}], 1]]'),
      python("empty dict", "x == {}", "[[[{}], true]]"),
      python("tags are keys", "x", '[[[{"set": [1]}], {"set": [1]}], [[{"undefined": true}], {"undefined": true}]]'),
      python("deep", "x", `[[[${deep}], ${deep}]]`),
    ];
    expect(await verdictsOf(file("values.jsonl", lines))).toEqual({
      "int for float": "wrong",
      "float for int": "wrong",
      overflow: "pass",
      "minus zero": "pass pass",
      constants: "pass pass",
      nan: "pass",
      big: "pass wrong",
      exponent: "pass pass",
      order: "pass",
      "last of two keys": "pass",
      "empty dict": "pass",
      "tags are keys": "pass pass",
      deep: "pass",
    });
  });

  it("reads tags on the lines that say so", async () => {
    const tagged = (id: string, body: string, tests: string): string => python(id, body, tests).replace(/\}$/, ',"values":"tagged"}');
    const lines = [
      tagged("tuple", "(x, x)", '[[[1], {"tuple": [1, 1]}]]'),
      tagged("set", "x | {2}", '[[[{"set": [1]}], {"set": [2, 1]}]]'),
      tagged("dict with other keys", "x[1]", '[[[{"dict": [[1, 2.0]]}], 2.0]]'),
      tagged("objects are dicts still", "x['a']", '[[[{"a": 4.0}], {"float": "4.0"}]]'),
      tagged("not of its form", "x", '[[[{"int": "five"}], 0]]'),
      tagged("not hashable", "x", '[[[{"set": [[1]]}], 0]]'),
      tagged("expected", "x", '[[[1], {"tuple": 1}]]'),
      `${tagged("js", "x", "[[[1], 1]]").slice(0, -1)},"language":"javascript"}`,
    ];
    const path = file("tagged.jsonl", lines);
    expect(await verdictsOf(path)).toEqual({ tuple: "pass", set: "pass", "dict with other keys": "pass", "objects are dicts still": "pass" });
    expect(told().toSorted()).toEqual([
      `${path}: line 5: inputs[0][0] must be an integer, as { int: "9223372036854775808" }, got "five".`,
      `${path}: line 6: inputs[0][0][0] must be a value that Python can hash, as a key or an item of a set, got [1].`,
      `${path}: line 7: expected must be a list, got 1.`,
      `${path}: line 8: values can be tagged for Python only`,
      "4 programs scored, 4 pass every test; 4 lines left out.",
    ]);
  });

  it("scores JavaScript and TypeScript, from code and from their own fences", async () => {
    const script = (id: string, language: string, program: object, tests: unknown): object => ({ id, language, entry_point: "f", ...program, tests });
    const path = file("scripts.jsonl", [
      script("function", "javascript", { code: "function f(x) { return x / 2 }" }, [[[4], 2], [[1], 0.5]]), // oxfmt-ignore
      script("sum", "javascript", { code: "const f = (x) => 1.1 * x" }, [[[10], 11]]),
      script("object", "javascript", { code: "const f = (x) => ({ b: 1, a: x })" }, [[[{ int: "5" }], { a: { int: "5" }, b: 1 }]]),
      script("undefined", "javascript", { code: "const f = (x) => undefined" }, [[[1], null]]),
      script("types", "typescript", { code: "const f = (x: number): number[] => [x]" }, [[[4], [4]]]),
      script("export", "javascript", { code: "export const f = (x) => x;" }, [[[4], 4]]),
      script("default", "typescript", { code: 'import { ok } from "node:assert";\nexport default function f(x: number) { ok(x); return x }' }, [
        [[4], 4],
      ]),
      script("fence", "typescript", { completion: "```sh\nls\n```\n```ts\nfunction f(x: number) { return x }\n```\n" }, [[[4], 4]]),
      script("no fence", "javascript", { completion: "```python\ndef f(x): return x\n```\nfunction" }, [[[4], 4]]),
      { id: "asserts", language: "javascript", entry_point: "f", code: "const f = (x) => x", asserts: ["require('assert').equal(f(3), 3)"] },
    ]);
    expect(await verdictsOf(path)).toEqual({
      function: "pass pass",
      sum: "pass",
      object: "pass",
      undefined: "wrong",
      types: "pass",
      export: "pass",
      default: "pass",
      fence: "pass",
      "no fence": "exception",
      asserts: "pass",
    });
  });

  it("refuses each bad line by its number, and scores the rest", async () => {
    const good = python("good", "x", "[[[3], 3]]");
    const odd = (more: object): string => JSON.stringify({ id: "odd", code: "", entry_point: "f", tests: [[[3], 3]], ...more });
    const bad: [string, string][] = [
      ["[1]", "not a JSON object"],
      ["3", "not a JSON object"],
      ["null", "not a JSON object"],
      ["{", "not JSON"],
      [`{"id": ${"[".repeat(100_000)}${"]".repeat(100_000)}}`, "nested more than 200 levels deep"],
      [good.replace("[[[3], 3]]", `[[[${"9".repeat(5000)}], 3]]`), "an integer of 5000 digits; Python reads at most 4300"],
      [odd({ id: undefined }), "id: must be a string or a number"],
      [odd({ id: null }), "id: must be a string or a number"],
      [odd({ id: { int: "5" } }), "id: must be a string or a number"],
      [odd({ code: 5 }), "code: must be a string, got 5"],
      [odd({ tests: [[[3]]] }), "tests: 0: must be [[arguments...], expected]"],
      [odd({ tests: [[3, 3]] }), "tests: 0: must be [[arguments...], expected]"],
      [odd({ tests: [[[3], 3], { args: [3], expected: 3 }] }), "tests: 1: must be [[arguments...], expected]"],
      [odd({ tests: [] }), "tests: must have at least 1 item, got 0"],
      [odd({ asserts: ["assert f(3) == 3"] }), "give only one of tests, asserts, or stdin and stdout"],
      [odd({ entry_point: "f " }), 'entry_point: must be the name of a function, got "f "'],
      [odd({ entry_point: "f()" }), 'entry_point: must be the name of a function, got "f()"'],
      [odd({ entry_point: "a-b" }), 'entry_point: must be the name of a function, got "a-b"'],
      [odd({ entry_point: "é\u001b" }), 'entry_point: must be the name of a function, got "é\\u001b"'],
      [odd({ language: "ruby" }), 'language: must be one of "python", "javascript", "typescript", got "ruby"'],
      [odd({ promt: "" }), 'Unrecognized key: "promt"'],
      [good, 'line 1 already has the id "good"'],
    ];
    const path = file("bad.jsonl", [good, ...bad.map(([line]) => line), python("last", "x", "[[[3], 3]]")]);
    const bytes = readFileSync(path);
    writeFileSync(path, Buffer.concat([Buffer.from("\ufeff"), bytes, Buffer.from([0x22, 0xff, 0xfe, 0x22, 13, 10, 13, 10])]));
    expect(await verdictsOf(path)).toEqual({ good: "pass", last: "pass" });
    expect(told()).toEqual([
      ...bad.map(([, reason], i) => (reason === "not JSON" ? expect.stringContaining(": line 5: not JSON (") : `${path}: line ${i + 2}: ${reason}`)),
      `${path}: line ${bad.length + 3}: not UTF-8`,
      `2 programs scored, 2 pass every test; ${bad.length + 1} lines left out.`,
    ]);
  });

  it("keeps ids as they are, and says for each test what came of it", async () => {
    const line = (id: string, body: string): string => python("", body, "[[[3], 3], [[4], 5]]").replace('""', id);
    const path = file("ids.jsonl", [line("12345678901234567890", "x"), line('"a\\u001b"', "1 / 0"), line("1", "x"), line('"1"', "x")]);
    expect(await run("score", "--input", path, "--json")).toBe(0);
    expect(out[0]).toBe('{"id":12345678901234567890,"reward":0.5,"verdicts":["pass","wrong"],"details":["","4"],"trust":"high"}');
    expect(JSON.parse(out[1] as string)).toMatchObject({ id: "a\u001b", reward: 0, details: ["ZeroDivisionError", "ZeroDivisionError"] });
    expect(out.slice(2).map((text) => (JSON.parse(text) as { id: unknown }).id)).toEqual([1, "1"]);
  });
});
