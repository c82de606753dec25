import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { RewardSample } from "@diffucoder/reward-sandbox";
import { afterAll, describe, expect, it } from "vitest";
import { loadRewardModule } from "./reward-module.ts";

const folder = mkdtempSync(join(tmpdir(), "reward-module-"));
afterAll(() => rmSync(folder, { recursive: true }));

const write = (name: string, code: string): string => {
  const path = join(folder, name);
  writeFileSync(path, code);
  return path;
};
const sample = (completion: string): RewardSample => ({
  completion,
  task: { entryPoint: "f", tests: [[[1n], new Map([["a", 2]])]] },
  completionLength: completion.length,
  code: completion,
  form: 1,
  passRate: 0.5,
  verdicts: [],
});
const samples = [sample("a"), sample("bcd")];

describe("loadRewardModule", () => {
  it("gives what the function gives, for samples as they are", async () => {
    const file = write(
      "short.mjs",
      "export default (samples) => samples.map(({ completion, task }) => task.tests[0][0][0] === 1n ? 1 / completion.length : -1);",
    );
    const { name, reward, close } = await loadRewardModule({ file });
    expect([name, await reward(samples), await reward([samples[1]!])]).toEqual(["short", [1, 1 / 3], [1 / 3]]);
    close();
  });

  it("takes a named export, asynchronous functions, and null for what cannot be judged", async () => {
    const file = write("several.mjs", "export const half = async (samples) => samples.map((_, i) => i === 0 ? null : 0.5);");
    const { name, reward, close } = await loadRewardModule({ file, export: "half" });
    expect([name, await reward(samples)]).toEqual(["several#half", [null, 0.5]]);
    close();
  });

  it.each([
    ["throws.mjs", "export default () => { throw new Error('no network'); };", "failed: no network"],
    ["nan.mjs", "export default (samples) => samples.map(() => Number.NaN);", "returned NaN for sample 0, expected a finite number or null"],
    ["few.mjs", "export default () => [1];", "returned 1 values for 2 samples"],
    ["number.mjs", "export default () => 1;", "did not return a list with one number or null for each sample"],
    ["text.mjs", "export default () => [1, 'x'];", 'returned "x" for sample 1, expected a finite number or null'],
    ["hangs.mjs", "export default () => { for (;;); };", "did not answer within 0.5 seconds"],
    ["waits.mjs", "export default () => new Promise(() => {});", "did not answer within 0.5 seconds"],
    ["exits.mjs", "export default () => process.exit(3);", "ended its thread with code 3"],
    ["function.mjs", "export default (samples) => samples.map(() => () => 1);", "failed: () => 1 could not be cloned"],
  ])("ends %s with one error", async (name, code, problem) => {
    const file = write(name, code);
    const { reward } = await loadRewardModule({ file, ...(problem.includes("0.5 seconds") && { timeout: 500 }) });
    const error = await reward(samples).catch((caught: unknown) => caught as Error & { code: string });
    expect(error).toHaveProperty("code", "REWARD");
    expect((error as Error).message).toBe(`The reward module ${file} ${problem}.`);
  });

  it.each([
    ["object.mjs", "export default { code: 1 };", "exports no function named default"],
    ["nothing.mjs", "export const other = () => [];", "exports no function named default"],
    ["broken.mjs", "export default (;", "cannot be loaded: Unexpected token ';'"],
    ["loops.mjs", "for (;;);", "did not answer within 10 seconds"],
  ])("does not load %s", async (name, code, problem) => {
    const file = write(name, code);
    await expect(loadRewardModule({ file })).rejects.toMatchObject({ message: `The reward module ${file} ${problem}.` });
  });

  it("names a file that is not there", async () => {
    const file = join(folder, "absent.mjs");
    await expect(loadRewardModule({ file })).rejects.toThrow(`${file}: no such file. Give a JavaScript module with --reward.`);
  });
});
