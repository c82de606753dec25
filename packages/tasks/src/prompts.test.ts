import { expect, it } from "vitest";
import { paperTemplate, PROMPT_TEMPLATES, promptMessages } from "./prompts.ts";
import type { Task } from "./task.ts";

const complete: Task = {
  id: "HumanEval/0",
  language: "python",
  prompt: { kind: "code", prefix: 'def f(x):\n    """Doubles."""\n' },
  entryPoint: "f",
};
const begun = { role: "assistant", content: "Here is the code to solve this problem:\n```python\n" };
const system = { role: "system", content: "You are a helpful assistant." };

it("asks for a completion in the paper's words, and begins the answer", () => {
  const user = 'Please complete the following problem:\n```\ndef f(x):\n    """Doubles."""\n```\n';
  expect(paperTemplate(complete)).toBe("diffucoder-complete");
  expect(PROMPT_TEMPLATES["diffucoder-complete"](complete)).toEqual([system, { role: "user", content: user }, begun]);
});

it("gives MBPP's task without that sentence", () => {
  const task: Task = { ...complete, prompt: { kind: "text", text: '"""\nWrite a function.\nassert f(1) == 2\n"""\n' } };
  expect(paperTemplate(task)).toBe("diffucoder-instruct");
  const user = '"""\nWrite a function.\nassert f(1) == 2\n"""\n';
  expect(PROMPT_TEMPLATES["diffucoder-instruct"](task)).toEqual([system, { role: "user", content: user }, begun]);
});

it("takes a request or a conversation as it is", () => {
  const request: Task = { ...complete, prompt: { kind: "text", text: "Double x." } };
  expect(promptMessages(request, "chat")).toEqual([{ role: "user", content: "Double x." }]);
  const messages = [{ role: "user", content: "Hello" }] as const;
  expect(promptMessages({ ...complete, prompt: { kind: "messages", messages } }, "diffucoder-instruct")).toEqual(messages);
});
