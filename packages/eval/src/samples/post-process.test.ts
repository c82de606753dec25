import { createSandbox, type Sandbox } from "@diffucoder/reward-sandbox";
import { describe, expect, it } from "vitest";
import type { Task } from "@diffucoder/tasks";
import { hasPython, pythonNote } from "../../../tasks/src/shared-data.fixture.ts";
import { toProgram } from "./post-process.ts";

const task: Task = {
  id: "HumanEval/0",
  language: "python",
  prompt: { kind: "hole", prefix: "def f(x):\n", suffix: "# end\n" },
  entryPoint: "f",
  stops: ["\nfunction ", "\n//"],
};
const noSandbox = {} as Sandbox;
const fence = (text: string): Promise<string> => toProgram(task, { text, kind: "solution" }, { postProcessor: "fence", sandbox: noSandbox });

describe("toProgram", () => {
  it("puts a completion between prompt and suffix and takes a solution as it is", async () => {
    const none = { postProcessor: "none", sandbox: noSandbox } as const;
    expect(await toProgram(task, { text: "    return x\n", kind: "completion" }, none)).toBe("def f(x):\n    return x\n# end\n");
    expect(await toProgram(task, { text: "import os", kind: "solution" }, none)).toBe("import os");
  });

  it.each([
    ["a block with a name", "Here:\n```python\nx = 1\n```\nDone.", "x = 1\n"],
    ["the named one of several", "```sh\nls\n```\n```py\nx = 2\n```", "x = 2\n"],
    ["a block without a name", "Sure.\n```\nx = 3\n```\nbye", "x = 3\n"],
    ["an answer that was begun inside a block", "x = 4\n```\nThis sets x.", "x = 4\n"],
    ["such an answer with examples behind", "x = 5\n```\nRun it:\n```\npython x.py\n```", "x = 5\n"],
    ["a block that is never closed", "```python\nx = 6\n", "x = 6\n\n"],
    ["text without a fence", "x = 7\n", "x = 7\n"],
  ])("finds %s", async (_, text, code) => {
    expect(await fence(text)).toBe(code);
  });

  it("ends a completion at the first of the task's stop texts", async () => {
    const text = "  return 1;\n}\n// next\nfunction g() {}";
    const bare = { ...task, prompt: { kind: "text", text: "Write f." } } as const;
    expect(await toProgram(bare, { text, kind: "completion" }, { postProcessor: "stop", sandbox: noSandbox })).toBe("  return 1;\n}");
  });

  it.runIf(hasPython)(`sanitizes a completion with its prompt and suffix, in Python alone${pythonNote}`, async () => {
    const sandbox = await createSandbox({ workers: 1 });
    const options = { postProcessor: "sanitize", sandbox } as const;
    const sample = { text: "    return x\n\nprint(f(1))\n", kind: "completion" } as const;
    expect(await toProgram(task, sample, options)).toBe("def f(x):\n    return x\n");
    await expect(toProgram({ ...task, language: "typescript" }, sample, options)).rejects.toThrow(
      'postProcessor must be none, fence or stop for typescript: sanitize supports Python only, got "sanitize".',
    );
    sandbox.close();
  });
});
