import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { hasPython, set, train } from "./run-train.fixture.ts";

const folder = mkdtempSync(join(tmpdir(), "full-tinycode-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const short = { "data.families": ["integers"], "data.tasks": 2 };

describe.runIf(hasPython)(`--data tinycode-full${hasPython ? "" : " (SKIPPED: there is no python3)"}`, () => {
  it("is evaluated on a test set", async () => {
    const output = join(folder, "evaluate");
    const settings = set({ ...short, "data.split": "test-recomb", "data.tiers": { 2: 1 }, samplesPerTask: 1, steps: 4 });
    expect(await train(["evaluate", "--data", "tinycode-full", "--output", output, "--json", ...settings])).toMatchObject({ code: 0 });
    const { dataset } = JSON.parse(readFileSync(join(output, "eval-result.json"), "utf8")) as {
      dataset: { name: string; title: string; ids: string[] };
    };
    expect(dataset).toMatchObject({ name: "tinycode-full", title: "TinyCode in full, test-recomb" });
  }, 300_000); // on a busy machine

  it("is trained on", async () => {
    const output = join(folder, "coupled-grpo");
    const settings = set({ ...short, "training.maxSteps": 1, "training.promptsPerStep": 1, "training.numGenerations": 2, "sampling.steps": 2 });
    expect(await train(["coupled-grpo", "--data", "tinycode-full", "--output", output, ...settings])).toMatchObject({ code: 0 });
  });

  it("says which option is wrong", async () => {
    const output = join(folder, "refused");
    const refused = async (settings: Record<string, unknown>, sentence: string): Promise<void> => {
      const { code, error } = await train(["evaluate", "--data", "tinycode-full", "--output", output, ...set(settings)]);
      expect([code, error]).toEqual([1, expect.stringContaining(sentence)]); // what the sandbox runs with may be said before
    };
    const order = ["constants", "helper", "hole"].flatMap((name) => [`${name}-back`, `${name}-ahead`]);
    const one = ["lists", "strings", "integers", "predicates", "two-arguments", "conditionals", "counting", "composed"];
    const families = [...one, ...order, "deep-lists"];
    const invalid = "Invalid recipe evaluate:\n  - data.";
    const oneOf = (names: readonly string[]): string => `must be one of ${names.map((name) => `"${name}"`).join(", ")}, got `;
    await refused(
      { "data.split": "test-none" },
      `${invalid}split: ${oneOf(["train", "dev", "test", "test-recomb", "test-pair", "test-const", "test-depth", "test-phrase"])}`,
    );
    await refused({ "data.families": ["list"] }, `${invalid}families.0: ${oneOf(families)}`);
    await refused({ "data.tiers": { 6: 1 } }, `${invalid}tiers: expected tiers from 1 to 4, or to 5 of tinycode-full`);
    await refused({ "data.families": ["integers"], "data.split": "test-depth" }, "split test-depth has no program of integers.");
  });
});
