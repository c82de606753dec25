import { readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { bundledModelDir } from "./bundled-model.ts";
import { loadDiffuCoder } from "@diffucoder/engine";

describe("the bundled model", () => {
  it("is small, and says how it was made", () => {
    const dir = bundledModelDir();
    const bytes = readdirSync(dir).reduce((sum, name) => sum + statSync(join(dir, name)).size, 0);
    expect(bytes).toBeLessThan(10e6);
    const recipe = JSON.parse(readFileSync(join(dir, "recipe.json"), "utf8")) as { training: { seed: number } };
    expect(readFileSync(join(dir, "README.md"), "utf8")).toContain(`seed ${recipe.training.seed}`);
  });

  it("writes a function in the form that the reward asks for", async () => {
    const coder = await loadDiffuCoder(bundledModelDir());
    const { text, finishReason } = await coder.generate({ prompt: "Return the sum of the elements of xs that are even." });
    expect(text).toMatch(/^```python\ndef f\(xs\):\n(    .*\n)+```\n$/);
    expect(finishReason).toBe("stop");
  });
});
