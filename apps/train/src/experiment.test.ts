import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { train } from "./run-train.fixture.ts";

const root = mkdtempSync(join(tmpdir(), "train-experiment-"));
afterAll(() => rmSync(root, { recursive: true }));

const folder = join(root, "experiments", "first");
mkdirSync(folder, { recursive: true });
writeFileSync(
  join(folder, "plan.json"),
  JSON.stringify({
    recipe: { training: { maxSteps: 10, promptsPerStep: 2, numGenerations: 2, numIterations: 1, beta: 0 }, sampling: { steps: 24 } },
    arms: {
      base: { note: "before", train: false },
      coupled: { note: "three passes" },
      "full-mask": { note: "one pass", recipe: { training: { estimator: "fullMask" } } },
    },
    seeds: [0, 1],
    evaluations: { test: { dataset: "tinycode" } },
    decision: [{ arm: "coupled", against: "base", evaluation: "test", expected: "higher" }],
  }),
);

describe("train experiment", () => {
  it("prints what each arm puts through the network, worked by hand", async () => {
    // The shipped model has prompts of 36 and completions of 48 tokens: 4 rows of 84 tokens are 336 a pass.
    const { code, out } = await train(["experiment", folder, "--print-plan"]);
    expect(code).toBe(0);
    expect(out.split("\n")).toEqual([
      "3 arms x 2 seeds (0, 1); evaluations: test",
      "Tokens that go forward through the network in a step, and in all steps of a run; rollouts as if none ended early and nothing were cached:",
      "arm        steps  rollouts  estimates  updates  all steps  of the mean",
      "base           0         0          0        0          0            -",
      "coupled       10     8,064          0    1,008     90,720      103.8 %",
      "full-mask     10     8,064          0      336     84,000       96.2 %",
    ]);
    const json = await train(["experiment", folder, "--print-plan", "--json"]);
    expect(JSON.parse(json.out)).toMatchObject([{ networkTokens: 0, share: null }, { networkTokens: 90_720 }, { networkTokens: 84_000 }]);
  });

  it("says what is wrong with its flags", async () => {
    const error = async (...args: string[]): Promise<string> => (await train(args)).error.replaceAll(root, "F");
    expect(await error("experiment", folder, "--seeds", "one")).toBe('--seeds must be non-negative integers, got "one".');
    expect(await error("experiment", join(root, "none"))).toBe("F/none/plan.json: no such file.");
  });
});

describe("train report", () => {
  it("writes the pages of the experiments and says how far they are", async () => {
    const output = join(root, "report");
    const args = ["report", "--experiments", join(root, "experiments"), "--output", output];
    expect((await train(args)).out.replaceAll(root, "F")).toBe("F/report/index.html shows 1 experiment:\n  first: 0 of 6 runs are recorded");
    expect(readFileSync(join(output, "first", "index.html"), "utf8")).toContain("No run is recorded yet");
    const json = await train([...args, "--json"]);
    expect(JSON.parse(json.out)).toMatchObject({ experiments: [{ name: "first", recorded: 0, planned: 6 }] });
    const none = await train(["report", "--experiments", folder, "--output", output]);
    expect(none.out.replaceAll(root, "F")).toBe("F/report/index.html: there is no experiment in F/experiments/first yet.");
  });
});
