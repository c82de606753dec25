import { describe, expect, it } from "vitest";
import { formatSamples, readSamples } from "./samples-file.ts";

const tasks = new Set(["HumanEval/0", "HumanEval/1"]);

describe("readSamples", () => {
  it("takes solutions and completions, several of a task too", () => {
    const text = '{"task_id": "HumanEval/0", "solution": "a"}\n\n{"task_id": "HumanEval/0", "completion": "b", "_identifier": "x"}\n';
    expect(readSamples(text, tasks)).toEqual({
      samples: [
        { line: 1, taskId: "HumanEval/0", text: "a", kind: "solution" },
        { line: 3, taskId: "HumanEval/0", text: "b", kind: "completion" },
      ],
      leftOut: [],
    });
  });

  it("leaves lines out by number and reads the rest", () => {
    const lines = ["no json", "[1]", '{"task_id": 3}', '{"task_id": "HumanEval/9", "solution": ""}', '{"task_id": "HumanEval/1"}'];
    const { samples, leftOut } = readSamples([...lines, '{"task_id": "HumanEval/1", "solution": "a\\u0000\\ud800"}'].join("\n"), tasks);
    expect(samples).toEqual([{ line: 6, taskId: "HumanEval/1", text: "a\0\ud800", kind: "solution" }]);
    expect(leftOut.map(({ where, reason }) => `${where}: ${reason}`)).toEqual([
      expect.stringMatching(/^line 1: not JSON \(/),
      "line 2: not a JSON object",
      "line 3: task_id must be a string",
      'line 4: the dataset has no task "HumanEval/9"',
      "line 5: solution or completion must be a string",
    ]);
  });

  it("reads what formatSamples wrote", () => {
    const text = formatSamples([{ taskId: "HumanEval/1", solution: "def f():\n  pass\n" }]);
    expect(text).toBe('{"task_id":"HumanEval/1","solution":"def f():\\n  pass\\n"}\n');
    expect(readSamples(text, tasks).samples).toEqual([{ line: 1, taskId: "HumanEval/1", text: "def f():\n  pass\n", kind: "solution" }]);
  });
});
