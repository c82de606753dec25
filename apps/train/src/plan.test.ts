import { describe, expect, it } from "vitest";
import { bundledModelDir } from "diffucoder";
import { train } from "./run-train.fixture.ts";

describe("--plan", () => {
  it("tells tokens, memory and time, and starts nothing", async () => {
    const { code, out } = await train(["sft", "--init", bundledModelDir(), "--plan", "--output", "/nowhere/at/all"]);
    expect(code).toBe(0);
    expect(out.split("\n")).toEqual([
      "Parameters  2.05 million",
      "Tokens      4.3 million through the network in 800 steps",
      expect.stringMatching(
        /^Memory {6}about 297 MB: weights 8\.22 MB, gradients 8\.22 MB, moments 16\.4 MB, activations 264 MB; this machine has .* GB$/,
      ),
      expect.stringMatching(/^Work {8}5\.\de\+13 floating-point operations$/),
      expect.stringMatching(/^Time {8}at least \S+ (seconds|minutes) here, where matrix products reach \d+ billion operations a second$/),
    ]);
  });

  it("is there for coupled-GRPO, of an adapter too", async () => {
    const { code, out } = await train(["coupled-grpo", "--plan", "--json", "--set", "lora.r=4"]);
    expect(code).toBe(0);
    expect(JSON.parse(out)).toMatchObject({ parameters: 2_054_976, trained: 58_368, steps: 80, memory: { reference: 4 * 58_368 } });
  });
});
