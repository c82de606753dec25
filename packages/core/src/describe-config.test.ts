import { describe, expect, it } from "vitest";
import { z } from "zod";
import { configTable, describeConfig } from "./describe-config.ts";

const Schema = z.strictObject({
  out: z.string().describe("file to write"),
  steps: z.int().positive().default(256).describe("denoising steps"),
  alg: z.enum(["origin", "entropy"]).optional().describe("which positions come first"),
  optimizer: z
    .strictObject({ learningRate: z.number().describe("peak"), weightDecay: z.number().default(0.1) })
    .default({ learningRate: 1e-3, weightDecay: 0.1 }),
  cache: z
    .discriminatedUnion("kind", [
      z.strictObject({ kind: z.literal("dual").describe("how"), refreshSteps: z.int().default(4).describe("passes between refreshes") }),
      z.strictObject({ kind: z.literal("none") }),
    ])
    .optional(),
  tiers: z.record(z.string(), z.number()).default({ "2": 1 }),
});

const layers = [
  { source: "recipe.json", data: { steps: 8, optimizer: { learningRate: 0.1 }, cache: { kind: "dual", refreshSteps: 2 } } },
  { source: "--steps", data: { steps: 9 } },
];

describe("describeConfig", () => {
  it("says of every key its value, where that came from, its default and its meaning", () => {
    const keys = describeConfig(Schema, { layers, set: ["optimizer.weightDecay=0", "tiers.3=2"] });
    expect(keys).toEqual([
      { key: "out", value: undefined, source: "required", default: undefined, meaning: "file to write" },
      { key: "steps", value: 9, source: "--steps", default: 256, meaning: "denoising steps" },
      { key: "alg", value: undefined, source: "not set", default: undefined, meaning: "which positions come first" },
      { key: "optimizer.learningRate", value: 0.1, source: "recipe.json", default: 1e-3, meaning: "peak" },
      { key: "optimizer.weightDecay", value: 0, source: "--set", default: 0.1, meaning: undefined },
      { key: "cache.kind", value: "dual", source: "recipe.json", default: undefined, meaning: "how" },
      { key: "cache.refreshSteps", value: 2, source: "recipe.json", default: 4, meaning: "passes between refreshes" },
      { key: "tiers", value: { "3": 2 }, source: "--set", default: { "2": 1 }, meaning: undefined },
    ]);
  });

  it("takes from a setting that replaces an object only what it says", () => {
    const keys = describeConfig(Schema, { layers, set: ['cache={"kind":"none"}'] });
    expect(keys.filter(({ key }) => key.startsWith("cache")).map(({ value, source }) => [value, source])).toEqual([
      ["none", "--set"],
      [4, "default"],
    ]);
  });

  it("reports bad values and unknown keys, not missing ones", () => {
    expect(() => describeConfig(Schema, { layers: [], set: ["stpes=1", "optimizer.lr=1", "alg=best"], source: "recipe" })).toThrow(
      [
        "Invalid recipe:",
        '  - alg: must be one of "origin", "entropy", got "best"',
        '  - optimizer: Unrecognized key: "lr". Did you mean optimizer.learningRate?',
        '  - Unrecognized key: "stpes". Did you mean steps?',
      ].join("\n"),
    );
  });

  it("takes defaults that are not the schema's", () => {
    const keys = describeConfig(z.strictObject({ steps: z.int().default(4), alg: z.string().optional() }), {
      defaults: [{ source: "generation_config.json", data: { steps: 48, alg: "entropy" } }],
      layers: [{ source: "--alg", data: { alg: "origin" } }],
    });
    expect(keys.map(({ value, source, default: fallback }) => [value, source, fallback])).toEqual([
      [48, "generation_config.json", 48],
      ["origin", "--alg", "entropy"],
    ]);
  });

  it("becomes a table", () => {
    const Small = z.strictObject({ steps: z.int().default(4).describe("denoising steps"), note: z.string().optional() });
    expect(configTable(describeConfig(Small, { layers: [], set: ["note=a b"] }))).toBe(
      [
        "key    value  from     default  meaning", //
        "steps  4      default  4        denoising steps",
        'note   "a b"  --set    -',
      ].join("\n"),
    );
  });
});
