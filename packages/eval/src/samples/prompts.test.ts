import { expect, it } from "vitest";
import type { Problem } from "../benchmarks/problem.ts";
import { paperTemplate, PROMPT_TEMPLATES } from "./prompts.ts";

const problem: Problem = {
  id: "HumanEval/0",
  language: "python",
  prompt: 'def f(x):\n    """Doubles."""\n',
  suffix: "",
  entryPoint: "f",
  wrapper: "",
  test: { kind: "code", tests: [], separate: true, unittest: false, libraries: [] },
};
const begun = { role: "assistant", content: "Here is the code to solve this problem:\n```python\n" };
const system = { role: "system", content: "You are a helpful assistant." };

it("asks for a completion in the paper's words, and begins the answer", () => {
  const user = 'Please complete the following problem:\n```\ndef f(x):\n    """Doubles."""\n```\n';
  expect(paperTemplate(problem)).toBe("diffucoder-complete");
  expect(PROMPT_TEMPLATES["diffucoder-complete"](problem)).toEqual([system, { role: "user", content: user }, begun]);
});

it("gives MBPP's task without that sentence", () => {
  const task = { ...problem, instruction: '"""\nWrite a function.\nassert f(1) == 2\n"""\n' };
  expect(paperTemplate(task)).toBe("diffucoder-instruct");
  const user = '"""\nWrite a function.\nassert f(1) == 2\n"""\n';
  expect(PROMPT_TEMPLATES["diffucoder-instruct"](task)).toEqual([system, { role: "user", content: user }, begun]);
});
