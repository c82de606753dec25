import { describe, expect, it } from "vitest";
import type { Problem } from "../benchmarks/problem.ts";
import { toProgram } from "./post-process.ts";

const problem: Problem = {
  id: "HumanEval/0",
  language: "python",
  prompt: "def f(x):\n",
  suffix: "# end\n",
  entryPoint: "f",
  wrapper: "",
  stops: ["\nfunction ", "\n//"],
  test: { kind: "code", tests: [], separate: true, unittest: false, libraries: [] },
};
const fence = (text: string): string => toProgram(problem, { text, kind: "solution" }, "fence");

describe("toProgram", () => {
  it("puts a completion between prompt and suffix and takes a solution as it is", () => {
    expect(toProgram(problem, { text: "    return x\n", kind: "completion" }, "none")).toBe("def f(x):\n    return x\n# end\n");
    expect(toProgram(problem, { text: "import os", kind: "solution" }, "none")).toBe("import os");
  });

  it.each([
    ["a block with a name", "Here:\n```python\nx = 1\n```\nDone.", "x = 1\n"],
    ["the named one of several", "```sh\nls\n```\n```py\nx = 2\n```", "x = 2\n"],
    ["a block without a name", "Sure.\n```\nx = 3\n```\nbye", "x = 3\n"],
    ["an answer that was begun inside a block", "x = 4\n```\nThis sets x.", "x = 4\n"],
    ["such an answer with examples behind", "x = 5\n```\nRun it:\n```\npython x.py\n```", "x = 5\n"],
    ["a block that is never closed", "```python\nx = 6\n", "x = 6\n\n"],
    ["text without a fence", "x = 7\n", "x = 7\n"],
  ])("finds %s", (_, text, code) => {
    expect(fence(text)).toBe(code);
  });

  it("ends a completion at the first of the task's stop texts", () => {
    const text = "  return 1;\n}\n// next\nfunction g() {}";
    expect(toProgram({ ...problem, prompt: "", suffix: "" }, { text, kind: "completion" }, "stop")).toBe("  return 1;\n}");
  });
});
