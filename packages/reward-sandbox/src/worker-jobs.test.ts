import { describe, expect, it } from "vitest";
import { functionWork, programWork, testWork } from "./worker-jobs.ts";

const defaults = { wallTimeMs: 2000, memoryMb: 512 };

describe("what a worker gets, by hand", () => {
  it("gives a function's calls three times the limit of one, together", () => {
    expect(functionWork({ code: "", entryPoint: "f", inputs: [[1], [2]] }, defaults)).toEqual({
      kind: "functions",
      walls: [2, 2],
      total: 6,
      memory: 536_870_912,
      output: 1_048_576,
      files: false,
      entry: "f",
      inputs: [[1], [2]],
    });
  });

  it("gives runs and tests the limit of one each, and a job of none that of one", () => {
    expect(programWork({ code: "", stdins: ["a", "b", "c"] }, defaults)).toMatchObject({ walls: [2, 2, 2], total: 6 });
    expect(testWork({ code: "", tests: [] }, [], defaults)).toMatchObject({ walls: [], total: 2, entry: null });
  });

  it("prefers the job's own limits", () => {
    const job = { code: "", stdins: [""], wallTimeMs: 500, totalTimeMs: 100, memoryMb: 1, outputMb: 2 };
    expect(programWork(job, defaults)).toMatchObject({ walls: [0.5], total: 0.1, memory: 1_048_576, output: 2_097_152 });
    expect(functionWork({ code: "", entryPoint: "f", inputs: [[], []], callTimesMs: [100, 300] }, defaults)).toMatchObject({
      walls: [0.1, 0.3],
      total: 6,
    });
  });
});
