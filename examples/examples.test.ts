// Each example runs on the small model and says what it should.
import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { afterEach, beforeEach, expect, it, vi } from "vitest";

const said: string[] = [];
const home = process.cwd();
beforeEach(() => {
  said.length = 0;
  vi.spyOn(console, "log").mockImplementation((text: string) => void said.push(text));
  process.chdir(fileURLToPath(new URL("..", import.meta.url)));
});
afterEach(() => process.chdir(home));

it("own-decoder writes the function in a third of its tokens' passes", async () => {
  await import("./own-decoder.ts");
  expect(said).toEqual([expect.stringContaining("out = [n for n in xs if n % 2 == 0]\n    return sum(out)"), "10 forward passes"]);
});

it("constraint keeps to it", async () => {
  await import("./constraint.ts");
  expect(said.at(-1)).toBe("It keeps to the constraint.");
});

it("infilling fills the hole between prefix and suffix", async () => {
  await import("./infilling.ts");
  expect(said[0]).toBe('The hole: " if n % 2 == 0"');
});

it("evaluate-samples gives the right program 1 and the wrong one 0", async () => {
  await import("./evaluate-samples.ts");
  expect(said.slice(1)).toEqual(["right: 1 (pass, pass)", "wrong: 0 (wrong, exception)", "0 lines left out"]);
});

it("export names inputs and outputs", async () => {
  await import("./export.ts");
  expect(said).toEqual(["input_ids", "attention_mask", "logits", ".*/model.onnx"].map((name) => expect.stringMatching(`^${name}: `)));
});

const isBuilt = existsSync(new URL("../apps/serve/dist/main.js", import.meta.url));
it.runIf(isBuilt)(`serve-and-call answers OpenAI's client${isBuilt ? "" : " (SKIPPED: apps/serve is not built)"}`, async () => {
  await import("./serve-and-call.ts");
  expect(said).toEqual([expect.stringContaining("def f(xs):"), expect.stringMatching(/^\d+ tokens from /)]);
});

it("own-reward raises the reward, and shows its parts", async () => {
  await import("./own-reward.ts");
  expect(said).toHaveLength(3);
  const [, first, last] = /^reward: ([\d.]+) at first, ([\d.]+) at last$/.exec(said[0]!)!;
  expect(Number(last)).toBeGreaterThan(Number(first) + 0.3);
});

it("own-estimator raises the reward", async () => {
  await import("./own-estimator.ts");
  const [, first, last] = /first step ([\d.]+), of the last ([\d.]+)$/.exec(said[0]!)!;
  expect(Number(last)).toBeGreaterThan(Number(first) + 0.3);
});

it("own-model-family learns to count", async () => {
  await import("./own-model-family.ts");
  expect(said).toEqual(["2 3 4 5, 3 4 5 6"]);
});

it("train-on-your-tasks takes two steps and leaves a model", async () => {
  await import("./train-on-your-tasks.ts");
  expect(said.filter((line) => line.startsWith("step "))).toEqual([
    expect.stringMatching(/^step 1 of 2: reward \d/),
    expect.stringMatching(/^step 2 of 2: reward \d/),
  ]);
  expect(said.at(-1)).toBe("The trained model: true");
});
