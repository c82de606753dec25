import { describe, expect, it } from "vitest";
import { atMost, kernelLevels, readProcessor } from "./processor.ts";

describe("readProcessor", () => {
  it("reads the level from the low byte and the further instructions from bits 8 to 10", () => {
    expect(readProcessor(0)).toEqual({ level: "scalar", vnni: false, bf16: false, amx: false });
    expect(readProcessor(1)).toEqual({ level: "avx2", vnni: false, bf16: false, amx: false });
    expect(readProcessor(2 + 256)).toEqual({ level: "avx512", vnni: true, bf16: false, amx: false });
    expect(readProcessor(2 + 256 + 512 + 1024)).toEqual({ level: "avx512", vnni: true, bf16: true, amx: true });
  });
});

describe("atMost", () => {
  it("takes away what is above the level, and adds nothing", () => {
    const best = readProcessor(2 + 256 + 512 + 1024);
    expect(kernelLevels.map((level) => atMost(best, level))).toEqual([readProcessor(0), readProcessor(1), best]);
    expect(atMost(readProcessor(1), "avx512")).toEqual(readProcessor(1));
  });
});
