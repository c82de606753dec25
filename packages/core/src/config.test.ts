import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { z } from "zod";
import { parseConfig, readConfigData } from "./config.ts";
import { ConfigError, InvalidArgumentError } from "./errors.ts";

const Schema = z.strictObject({
  steps: z.int().positive().default(256),
  alg: z.enum(["origin", "entropy"]).default("entropy"),
  optimizer: z.strictObject({ learningRate: z.number().positive() }).default({ learningRate: 1e-3 }),
});

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "core-config-"));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function write(name: string, text: string): string {
  writeFileSync(join(folder, name), text);
  return join(folder, name);
}

describe("parseConfig", () => {
  it("fills in defaults and freezes the result, all the way down", () => {
    const config = parseConfig(Schema, { steps: 8 });
    expect(config).toEqual({ steps: 8, alg: "entropy", optimizer: { learningRate: 1e-3 } });
    expect(Object.isFrozen(config)).toBe(true);
    expect(Object.isFrozen(config.optimizer)).toBe(true);
  });

  it("reports every problem at once, with the path of the key", () => {
    const bad = { temprature: 1, steps: -1, alg: "greedy", optimizer: { learningRate: "fast" } };
    let error: unknown;
    try {
      parseConfig(Schema, bad, { source: "train.json" });
    } catch (caught) {
      error = caught;
    }
    expect(error).toBeInstanceOf(ConfigError);
    expect((error as ConfigError).message).toBe(
      [
        "Invalid train.json:",
        "  - steps: must be greater than 0, got -1",
        '  - alg: must be one of "origin", "entropy", got "greedy"',
        '  - optimizer.learningRate: must be a number, got "fast"',
        '  - Unrecognized key: "temprature"',
      ].join("\n"),
    );
  });

  it.each([
    [{ stpes: 1, ALG: "entropy" }, ['Unrecognized key: "stpes". Did you mean steps?', 'Unrecognized key: "ALG". Did you mean alg?']],
    [{ optimizer: { learningRate: 1, learning_rate: 1 } }, ['optimizer: Unrecognized key: "learning_rate". Did you mean optimizer.learningRate?']],
    [{ learningRate: 1 }, ['Unrecognized key: "learningRate". Did you mean optimizer.learningRate?']],
    [{ beams: 1 }, ['Unrecognized key: "beams"']],
  ])("names the nearest key for %j", (data, problems) => {
    expect(() => parseConfig(Schema, data)).toThrow(["Invalid config:", ...problems.map((problem) => `  - ${problem}`)].join("\n"));
  });

  it("stays short and quick with unknown keys of any number and length", () => {
    const keys = Array.from({ length: 100_000 }, (_, i) => [`key${i}`, 1] as const);
    const first = `Unrecognized key: "${"k".repeat(57)}..."`;
    const shown = Array.from({ length: 49 }, (_, i) => `Unrecognized key: "key${i}"`);
    expect(() => parseConfig(Schema, Object.fromEntries([["k".repeat(5_000_000), 1], ...keys]))).toThrow(
      ["Invalid config:", ...[first, ...shown, "and 99951 more"].map((problem) => `  - ${problem}`)].join("\n"),
    );
  });

  it("names the nearest key inside a list", () => {
    const Stages = z.strictObject({ stages: z.array(z.strictObject({ maxSteps: z.int() })) });
    expect(() => parseConfig(Stages, { stages: [{ maxSteps: 1, maxStep: 2 }] })).toThrow(
      'Invalid config:\n  - stages.0: Unrecognized key: "maxStep". Did you mean stages.0.maxSteps?',
    );
  });

  it("says what each form of a value wants", () => {
    const OneOrMore = z.strictObject({ temperature: z.union([z.number(), z.array(z.number())]) });
    expect(() => parseConfig(OneOrMore, { temperature: "hot" })).toThrow('Invalid config:\n  - temperature: must be a number or a list, got "hot"');
  });

  it.each<[constraint: unknown, ...problems: string[]]>([
    ["pyton", 'constraint: must be one of "python", "any" or an object, got "pyton"'],
    [{ kind: "regx" }, 'constraint.kind: must be one of "regex", "length", got "regx"'],
    [{}, 'constraint.kind: is missing; it must be one of "regex", "length"'],
    [{ kind: "regex", pattern: 5 }, "constraint.pattern: must be a string, got 5"],
    [{ kind: "length", least: 0, most: "x" }, "constraint.least: must be at least 1, got 0", 'constraint.most: must be a number, got "x"'],
    [{ kind: "regex", pattern: "a", patern: "b" }, 'constraint: Unrecognized key: "patern". Did you mean constraint.pattern?'],
  ])("of names and kinds of objects, says what is wrong with %j", (constraint, ...problems) => {
    const kinds = [
      z.strictObject({ kind: z.literal("regex"), pattern: z.string() }),
      z.strictObject({ kind: z.literal("length"), least: z.int().min(1), most: z.number() }),
    ] as const;
    const Constrained = z.strictObject({ constraint: z.union([z.enum(["python", "any"]), z.discriminatedUnion("kind", kinds)]) });
    expect(() => parseConfig(Constrained, { constraint })).toThrow(["Invalid config:", ...problems.map((one) => `  - ${one}`)].join("\n"));
  });
});

describe("readConfigData", () => {
  it("applies settings over the file: JSON where it parses, else text; dots go into objects", () => {
    const file = write("a.json", '{"steps": 4, "optimizer": {"learningRate": 0.1, "beta": 0.9}}');
    const set = ["steps=100", "optimizer.learningRate=3e-4", "alg=entropy", "new.key=[1,2]", "note=a=b"];
    expect(readConfigData({ file, set })).toEqual({
      steps: 100,
      optimizer: { learningRate: 3e-4, beta: 0.9 },
      alg: "entropy",
      new: { key: [1, 2] },
      note: "a=b",
    });
  });

  it("reaches into a list that is there by the number of its element", () => {
    const file = write("list-inside.json", '{"stages": [{"name": "a", "steps": 1}, {"name": "b"}], "ks": [1, 10]}');
    expect(readConfigData({ file, set: ["stages.1.steps=3", "stages.2.name=c", "ks.0=5", "none.0=1"] })).toEqual({
      stages: [{ name: "a", steps: 1 }, { name: "b", steps: 3 }, { name: "c" }],
      ks: [5, 10],
      none: { 0: 1 },
    });
    expect(() => readConfigData({ file, set: ["stages.7.steps=3"] })).toThrow('--set must be an index of at most 2 into its list, got "7.steps".');
  });

  it("starts from nothing without a file", () => {
    expect(readConfigData({ set: ["steps=1"] })).toEqual({ steps: 1 });
  });

  it("refuses a setting whose value begins as JSON and is none", () => {
    expect(() => readConfigData({ set: ["cache={kind:dual}"] })).toThrow(
      /^--set must be key=value with a value in JSON \(.+\), got "cache={kind:dual}"\. Quote it for the shell: --set 'key={"a":1}'\.$/,
    );
    expect(() => readConfigData({ set: ["ks=[1,2"] })).toThrow(InvalidArgumentError);
  });

  it.each(["steps", "=1", " =1", "a =1", "a..b=1", "__proto__.x=1", "a.__proto__.x=1"])("refuses the setting %s", (setting) => {
    expect(() => readConfigData({ set: [setting] })).toThrow(`--set must be of the form key=value, got "${setting}".`);
    expect(({} as Record<string, unknown>)["x"]).toBeUndefined();
  });

  it("names a file that is missing, is not JSON, or holds no object", () => {
    const missing = join(folder, "none.json");
    expect(() => readConfigData({ file: missing })).toThrow(`${missing}: no such file.`);
    const broken = write("broken.json", "{");
    expect(() => readConfigData({ file: broken })).toThrow(`${broken}: not valid JSON (`);
    expect(() => readConfigData({ file: write("empty.json", " ") })).toThrow(/: is empty; expected a JSON object\.$/);
    expect(() => readConfigData({ file: folder })).toThrow(`${folder}: is a folder, expected a file.`);
    expect(readConfigData({ file: write("bom.json", "\uFEFF{}") })).toEqual({});
    const list = write("list.json", "[1]");
    expect(() => readConfigData({ file: list })).toThrow(`${list}: must hold a JSON object.`);
  });
});
