import { createRandom } from "@diffucoder/core";
import { createSandbox, type Sandbox } from "@diffucoder/reward-sandbox";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { loadTasks, solutionProgram } from "@diffucoder/tasks";
import { scoreSamples } from "../scoring/score-samples.ts";
import { hasPython, hasSharedBench, pythonNote, skipNote, testFolders } from "../../../tasks/src/shared-data.fixture.ts";
import type { Sample } from "./samples-file.ts";
import { SANITIZE, sanitize } from "./sanitize.ts";

const folders = testFolders();
let sandbox: Sandbox;
beforeAll(async () => {
  if (hasPython) sandbox = await createSandbox({ workers: 2 });
});
afterAll(() => sandbox?.close());

const kept = (text: string, entryPoint = "f"): Promise<string> => sanitize(text, entryPoint, { sandbox });

describe.runIf(hasPython)(`sanitize${pythonNote}`, () => {
  it.each([
    ["prose and a fence", "Here it's:\n```python\ndef f(x):\n    return x\n```\nIt doubles x.\n", "def f(x):\n    return x\n"],
    ["examples behind the function", "def f(x):\n    return x\n\nprint(f(1))\nassert f(2) == 2\n", "def f(x):\n    return x\n"],
    [
      "imports first, and what the entry point reaches",
      "K = 3\nimport os\ndef g(x):\n    return h(x)\ndef other(x):\n    return K\ndef h(x):\n    return K + x\ndef f(x):\n    return g(x)\nfrom math import pi\n",
      "import os\nfrom math import pi\nK = 3\ndef g(x):\n    return h(x)\ndef h(x):\n    return K + x\ndef f(x):\n    return g(x)\n",
    ],
    ["the first of two definitions", "def f(x):\n    return 1\ndef f(x):\n    return 2\n", "def f(x):\n    return 1\n"],
    ["not a prompt's function without a body", 'def f(x):\n    """Doc."""\n\ndef f(x):\n    return 2\n', "def f(x):\n    return 2\n"],
    [
      "classes and annotated constants",
      "class A:\n    x: int = 1\nK: int = 2\ndef f(x):\n    return A().x + K",
      "class A:\n    x: int = 1\nK: int = 2\ndef f(x):\n    return A().x + K\n",
    ],
    ["all targets of an assignment", "a, b = 1, 2\nc = d = 3\nf = lambda: b + d\n", "a, b = 1, 2\nc = d = 3\nf = lambda: b + d\n"],
    [
      "decorated functions",
      "from functools import cache\n@cache\ndef f(x):\n    return x\n",
      "from functools import cache\n@cache\ndef f(x):\n    return x\n",
    ],
    [
      "helpers without a return, and generators",
      "def swap(xs):\n    xs[0], xs[1] = xs[1], xs[0]\ndef each(xs):\n    yield from xs\ndef f(xs):\n    swap(xs)\n    return list(each(xs))\n",
      "def swap(xs):\n    xs[0], xs[1] = xs[1], xs[0]\ndef each(xs):\n    yield from xs\ndef f(xs):\n    swap(xs)\n    return list(each(xs))\n",
    ],
    ["the longer of two programs", "f = 1\nno code\ndef f(x):\n    return x\nno code either\nf = 2\n", "def f(x):\n    return x\n"],
    ["the first of two that are as long", "f = 1\nno code\nf = 2\n", "f = 1\n"],
    ["a program that is cut off", "def f(x):\n    return x\ndef g(x):\n    return [x,\n", "def f(x):\n    return x\n"],
    ["a program beside lines that no file can hold", "a = '\ud800'\ndef f(): return 1\nb = '\0'", "def f(): return 1\n"],
    ["nothing in prose", "I cannot solve this.\nIt is too hard.", ""],
    ["nothing where the entry point is not defined", "def g(x):\n    return x\n", ""],
    ["nothing in nothing", "", ""],
    ["line ends of other systems", "Sure thing\r\ndef f(x):\r\n    return x\r\n", "def f(x):\n    return x\n"],
  ])("keeps %s", async (_, text, program) => {
    expect(await kept(text)).toBe(program);
  });

  it("comes to an end on text that is made to keep it busy", async () => {
    const texts = ["(\n".repeat(1000), "try:\n  pass\n".repeat(3000), `x = ${"(".repeat(1e5)}1`, `x = ${"-".repeat(1e5)}1`, "a b\n".repeat(1e5)];
    expect(await Promise.all(texts.map((text) => kept(text)))).toEqual(["", "", "", "", ""]);
  });

  it("finds as long a run of lines as trying every pair of lines does", async () => {
    const line = fc.constantFrom(
      "def f(x):",
      "    return x",
      "  y = [1,",
      "2]",
      'f = """',
      "if f:",
      "else:",
      "",
      "It's prose",
      "f = 1",
      "try:",
      "except E:",
      "@f",
      "    f = (",
      ")",
      "#",
      "\\",
      "f(x",
      "    f'{x",
      "}'",
      "1 = f",
      "  )",
    );
    await fc.assert(
      fc.asyncProperty(fc.array(line, { maxLength: 9 }), async (lines) => {
        const code = SANITIZE + EVERY_PAIR;
        const of = async (entryPoint: string): Promise<unknown> => (await sandbox.run({ code, entryPoint, inputs: [[lines]] })).outcomes[0];
        expect(await of("found")).toMatchObject({ status: "ok", value: ((await of("longest")) as { value: number }).value });
      }),
      { numRuns: 60 },
    );
  });
});

const EVERY_PAIR = `
def found(lines):
    block = longest_block(lines)
    ast.parse("\\n".join(block))
    return sum(1 for line in block if line.strip())


def is_program(lines):
    try:
        ast.parse("\\n".join(lines))
        return True
    except SyntaxError:
        return False


def longest(lines):
    runs = [lines[i:j] for i in range(len(lines)) for j in range(i + 1, len(lines) + 1)]
    return max([sum(1 for line in run if line.strip()) for run in runs if is_program(run)], default=0)
`;

describe.runIf(hasSharedBench && hasPython)(`a benchmark's own solution${skipNote}${pythonNote}`, () => {
  /** What a model writes around a program: words that happen to be Python, lists, other blocks, examples. */
  const prose = [
    "Sure, here's a solution:",
    "- it loops\n- it doesn't recurse",
    "1. First we sort.\n2. Then we return the result.",
    "```sh\npip install nothing\n```",
    "> Don't use eval()!",
    "Output:\n[1, 2, 3]",
    "",
  ];

  // With ALL_TASKS=1 each task.
  it.each([
    ["humaneval+", process.env.ALL_TASKS === undefined ? 24 : 1],
    ["mbpp+", process.env.ALL_TASKS === undefined ? 48 : 1],
  ])(
    "still passes when it is taken out of prose: %s, every %ith task",
    async (name, nth) => {
      const whole = await loadTasks({ dataset: name, folders, use: "evaluation" });
      const taskSet = { ...whole, tasks: whole.tasks.filter((_, i) => i % nth === 0) };
      const samples = taskSet.tasks.map((task, i): Sample => {
        const random = createRandom(i);
        const words = (): string => Array.from({ length: random.integer(0, 5) }, () => random.choice(prose)).join("\n\n");
        return { line: i + 1, taskId: task.id, text: `${words()}\n\`\`\`python\n${solutionProgram(task)}\n\`\`\`\n${words()}`, kind: "solution" };
      });
      const random = createRandom(0);
      const common = { sandbox, cacheFolder: folders.cache, concurrency: 2, random, postProcessor: "sanitize" } as const;
      const { samples: scored, suites } = await scoreSamples({ taskSet, samples, ...common });
      expect(scored.filter(({ score: { base, plus } }) => base.verdict !== "pass" || (plus ?? base).verdict !== "pass")).toEqual([]);
      expect(suites.map(({ verdicts }) => verdicts)).toEqual(suites.map(() => ({ pass: samples.length })));
    },
    300_000,
  );
});
