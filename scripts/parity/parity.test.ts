import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { checkDirectory } from "./check-directory.ts";
import { judge, largestError } from "./check.ts";

const directories = {
  "dream-f32 (fixture)": fileURLToPath(new URL("../../packages/model/fixtures/dream-f32", import.meta.url)),
  "dream-f32": fileURLToPath(new URL("../../../shared/golden/dream-f32", import.meta.url)),
  "dream-bf16-sharded": fileURLToPath(new URL("../../../shared/golden/dream-bf16-sharded", import.meta.url)),
};

for (const [name, directory] of Object.entries(directories)) {
  describe.skipIf(!existsSync(directory))(`${name}${existsSync(directory) ? "" : " (SKIPPED: ../shared/golden is not there)"}`, () => {
    it("matches the reference in every file that is there", async () => {
      const results = (await checkDirectory(directory)).filter(({ file }) => existsSync(`${directory}/${file}`));
      expect(results.map(({ file }) => file)).toEqual(expect.arrayContaining(["forward.json", "pretrain_adamw.json"]));
      for (const { file, status, detail } of results) expect(`${file}: ${status}`, detail).toBe(`${file}: ok`);
    });
  });
}

describe("largestError", () => {
  it("is relative above the floor and absolute below", () => {
    expect(largestError([10.1, 0.05], [10, 0])).toBeCloseTo(0.05, 12);
  });

  it("is Infinity for a NaN and for a missing number", () => {
    expect(largestError([Number.NaN], [1])).toBe(Infinity);
    expect(largestError([], [1])).toBe(Infinity);
  });
});

describe("judge", () => {
  it("names what exceeds its tolerance", () => {
    const result = judge([
      { what: "losses", error: 1e-3, tolerance: 1e-5 },
      { what: "norms", error: 1e-6, tolerance: 1e-3 },
    ]);
    expect(result).toEqual({ status: "mismatch", largestError: 1e-3, detail: "losses 1.0e-3 (allowed 1e-5)" });
  });
});
