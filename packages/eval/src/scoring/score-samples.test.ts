import { readFileSync } from "node:fs";
import { createRandom } from "@diffucoder/core";
import { createSandbox, type Sandbox } from "@diffucoder/reward-sandbox";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { loadTasks, type Task, type TaskSet, visibleTests } from "@diffucoder/tasks";
import type { Sample } from "../samples/samples-file.ts";
import { hasPython, hasSharedBench, pythonNote, skipNote, testFolders } from "../../../tasks/src/shared-data.fixture.ts";
import { scoreSamples, type ScoreSamplesOptions } from "./score-samples.ts";

const folders = testFolders();
let sandbox: Sandbox;
beforeAll(async () => {
  if (hasPython) sandbox = await createSandbox({ workers: 2 });
});
afterAll(() => sandbox?.close());

const load = (dataset: string): Promise<TaskSet> => loadTasks({ dataset, folders, use: "evaluation" });
const score = (taskSet: TaskSet, samples: readonly Sample[], more: Partial<ScoreSamplesOptions> = {}) =>
  scoreSamples({ taskSet, samples, postProcessor: "none", sandbox, cacheFolder: folders.cache, concurrency: 2, random: createRandom(0), ...more });
const solution = (taskId: string, text: string, line = 1): Sample => ({ line, taskId, text, kind: "solution" });

/** A task without tests. */
const bare = { language: "python", prompt: { kind: "text", text: "Write f." }, entryPoint: "f" } as const;

/** Solutions by the task's number. */
const ownSolutions = new Map(
  readFileSync(new URL("../../fixtures/multipl-e-solutions.txt", import.meta.url), "utf8")
    .split(/^\/\/# /m)
    .slice(1)
    .map((part) => [part.slice(0, part.indexOf("\n")), `${part.slice(part.indexOf("\n") + 1)}}\n`]),
);

describe.runIf(hasSharedBench && hasPython)(`the benchmarks' own solutions${skipNote}${pythonNote}`, () => {
  // Every nth task; `npm run bench -- eval-canonical` takes them all.
  it.each([
    ["humaneval", 12],
    ["humaneval+", 24],
    ["mbpp", 24],
    ["mbpp+", 30],
    ["infilling-single-line", 80],
    ["infilling-multi-line", 400],
    ["infilling-random-span", 100],
    ["infilling-random-span-light", 20],
    ["multipl-e-js", 16],
    ["multipl-e-ts", 16],
  ])("pass: %s, every %ith task", async (name, nth) => {
    const whole = await load(name);
    const taskSet = { ...whole, tasks: whole.tasks.filter((_, i) => i % nth === 0) };
    const samples = taskSet.tasks.map(({ id, solution: own }, i): Sample => ({
      line: i + 1,
      taskId: id,
      text: own ?? ownSolutions.get(id.split("_")[1] ?? "")!,
      kind: "completion",
    }));
    const { samples: scored, suites, leftOut, tasks } = await score(taskSet, samples);
    expect(scored.filter(({ score: { base, plus } }) => base.verdict !== "pass" || (plus ?? base).verdict !== "pass")).toEqual([]);
    expect(suites.map(({ verdicts }) => verdicts)).toEqual(suites.map(() => ({ pass: samples.length })));
    expect([leftOut, tasks]).toEqual([[], { all: samples.length, scored: samples.length }]);
  });
});

describe.runIf(hasSharedBench && hasPython)(`programs that do not solve their task${skipNote}${pythonNote}`, () => {
  // Each of these passes in a harness that takes exit codes for proof, or compares in the program's process.
  const hostile = (entryPoint: string): string[] => [
    "import os\nos._exit(0)\n",
    "import sys\nsys.exit(0)\n",
    `class Any:\n    def __eq__(self, other): return True\n    def __ne__(self, other): return False\n    def __bool__(self): return True\ndef ${entryPoint}(*args): return Any()\n`,
    `class Int(int):\n    def __eq__(self, other): return True\n    __hash__ = int.__hash__\ndef ${entryPoint}(*args): return Int(1)\n`,
    `import builtins, sys\ndef ${entryPoint}(*args):\n    sys._getframe(1).f_globals['check'] = lambda candidate: None\n    return None\n`,
    "def check(candidate): pass\n",
    "print('nonce'); raise SystemExit\n",
    "\0",
    "def f(:\n",
    "x = '\ud800'\n",
    `def ${entryPoint}(*args): return '\\ud800'\n`,
  ];

  it.each(["humaneval", "humaneval+", "mbpp", "mbpp+"])("pass nothing of %s", async (name) => {
    const whole = await load(name);
    const taskSet = { ...whole, tasks: whole.tasks.slice(0, 2) };
    const samples = taskSet.tasks.flatMap(({ id, entryPoint = "" }) => hostile(entryPoint).map((text) => solution(id, text)));
    const { suites } = await score(taskSet, samples);
    for (const { verdicts } of suites) expect(verdicts.pass ?? 0).toBe(0);
    expect(suites.map(({ verdicts }) => Object.values(verdicts).reduce((sum, count) => sum + count, 0))).toEqual(suites.map(() => samples.length));
  });

  it("says which input failed, what was expected and what came", async () => {
    const benchmark = await load("mbpp+");
    const text = "def square_nums(nums):\n    return [n * n for n in nums if n != 3]\n";
    const { samples } = await score(benchmark, [solution("Mbpp/8", text)]);
    expect(samples[0]?.score.base).toEqual({
      verdict: "wrong",
      failures: [
        {
          test: "base input 0",
          verdict: "wrong",
          input: [[1, 2, 3, 4, 5, 6, 7, 8, 9, 10]],
          expected: [1, 4, 9, 16, 25, 36, 49, 64, 81, 100],
          got: [1, 4, 16, 25, 36, 49, 64, 81, 100],
        },
      ],
    });
  });

  it("does not run a program of ten megabytes, and counts it as failed", async () => {
    const benchmark = await load("humaneval");
    const { suites, samples } = await score(benchmark, [solution("HumanEval/0", "#".repeat(1e7))]);
    expect(suites[0]?.verdicts).toEqual({ memory: 1 });
    expect(samples[0]?.score.base.failures[0]?.detail).toBe("a program of 10000000 characters; at most 1048576 are run");
  });
});

describe.runIf(hasPython)(`what is left out${pythonNote}`, () => {
  const twoTasks = (reference: string): TaskSet => ({
    name: "two",
    title: "two tasks",
    version: "0",
    sha256: `test ${reference}`,
    leftOut: [],
    tasks: ["T/1", "T/2"].map((id) => ({ ...bare, id, hidden: { kind: "reference", reference, base: [[1], [2]], plus: [[3]], tolerance: 0 } })),
  });
  const reference = "def f(x):\n    return 10 // (x - 2)\n"; // fails on the second base input

  it("names inputs that the reference fails on and tasks without samples, and scores the rest", async () => {
    const { leftOut, suites, tasks } = await score(twoTasks(reference), [solution("T/1", reference), solution("T/1", "def f(x): return -10", 2)]);
    expect(leftOut).toEqual([
      { where: "T/1", reason: "the reference solution ends with exception (ZeroDivisionError) on base input 1" },
      { where: "1 of 2 tasks", reason: "no samples: T/2" },
    ]);
    expect(suites.map(({ suite, verdicts, passAtK }) => [suite, verdicts, passAtK.map(({ k, estimate, tasks: of }) => [k, estimate, of])])).toEqual([
      ["base", { pass: 2 }, [[1, 1, 1]]],
      ["plus", { pass: 1, wrong: 1 }, [[1, 0.5, 1]]],
    ]);
    expect(tasks).toEqual({ all: 2, scored: 1 });
  });

  it("gives no score where the reference never answers: not even to itself", async () => {
    const never = "def f(x):\n    raise ValueError\n";
    const { leftOut, samples, suites } = await score(twoTasks(never), [solution("T/1", never, 7)]);
    expect(samples).toEqual([]);
    expect(suites[0]?.passAtK).toEqual([]);
    expect(leftOut[0]).toEqual({ where: "T/1", reason: "the reference solution ends with exception (ValueError) on base input 0, 1" });
  });

  it("names a reference that is too slow, and scores the inputs that it answers", async () => {
    // The limit is 20 seconds, so that a sandbox with a shorter one stands in.
    const hasty: Sandbox = { ...sandbox, run: (job, options) => sandbox.run({ ...job, wallTimeMs: Math.min(500, job.wallTimeMs ?? 500) }, options) };
    const slow = "def f(x):\n    while x == 2: pass\n    return x\n";
    const { leftOut, suites } = await score(twoTasks(slow), [solution("T/1", "def f(x): return x")], { sandbox: hasty });
    expect(leftOut[0]).toEqual({ where: "T/1", reason: "the reference solution ends with timeout (no answer in time) on base input 1" });
    expect(suites.map(({ verdicts }) => verdicts)).toEqual([{ pass: 1 }, { pass: 1 }]);
  });

  it("counts the tasks of each library that is missing, and names every task", async () => {
    const needing = (id: string, libraries: string[]): Task => ({
      ...bare,
      id,
      hidden: { kind: "code", tests: [""], separate: false, unittest: true, libraries },
    });
    const tasks = [needing("T/1", ["json", "no_such"]), needing("T/2", ["no_such.part", "none_either"]), needing("T/3", ["none_either", "no_such"])];
    const { leftOut } = await score(
      { ...twoTasks(reference), tasks },
      tasks.map(({ id }, i) => solution(id, "", i + 1)),
    );
    expect(leftOut).toEqual([
      { where: "3 of 3 tasks", reason: "the sandbox's Python cannot import no_such (3), none_either (2)" },
      { where: "T/1", reason: "the sandbox's Python cannot import no_such" },
      { where: "T/2", reason: "the sandbox's Python cannot import no_such, none_either" },
      { where: "T/3", reason: "the sandbox's Python cannot import none_either, no_such" },
    ]);
  });

  it("leaves out a task whose own solution fails its own test, here", async () => {
    const task: Task = { ...bare, id: "T/1", solution: "def f(x): return 1", hidden: { kind: "code", tests: ["assert f(1) == 2"], separate: true } };
    const { samples, leftOut } = await score({ ...twoTasks(reference), tasks: [task] }, [solution("T/1", "def f(x): return 2")]);
    expect(samples).toEqual([]);
    expect(leftOut).toEqual([{ where: "T/1", reason: "the task's own solution ends with wrong here (AssertionError)" }]);
  });

  it("resumes without repeating finished scores", async () => {
    const kept: Parameters<NonNullable<ScoreSamplesOptions["onScore"]>>[] = [];
    const samples = [solution("T/1", reference), solution("T/2", reference, 2)];
    const first = await score(twoTasks(reference), samples, { onScore: (...line) => kept.push(line) });
    const second = await score(twoTasks(reference), samples, { finished: new Map(kept), onScore: () => expect.unreachable() });
    expect(second).toEqual(first);
    expect(kept).toHaveLength(2);
  });

  it("stops between programs", async () => {
    await expect(score(twoTasks(reference), [solution("T/1", reference)], { signal: AbortSignal.abort() })).rejects.toThrow("Scoring was stopped.");
  });
});

describe.runIf(hasPython)(`tasks with tests of their own${pythonNote}`, () => {
  const set = (...tasks: Task[]): TaskSet => ({ name: "own", title: "own", version: "", sha256: "own", leftOut: [], tasks });

  it("are judged by hidden tests, by visible ones where there are no others, and every failure is kept", async () => {
    const calls = [
      [[1], 2],
      [[2], 4],
      [[3], 6],
      [[4], 8],
      [[5], 10],
    ] as const;
    const visible = visibleTests({ kind: "calls", calls });
    const hidden = { kind: "calls", calls: [[[0], 0]] } as const;
    const text = "def f(x): return 0 if x != 4 else 1 / 0";
    const { samples } = await score(set({ ...bare, id: "seen", visible }, { ...bare, id: "held", visible, hidden }), [
      solution("seen", text),
      solution("held", text, 2),
    ]);
    expect(samples.map(({ score: { base } }) => base.verdict)).toEqual(["wrong", "pass"]);
    expect(samples[0]!.score.base.failures.map(({ index, verdict, got, detail }) => [index, verdict, got ?? detail])).toEqual([
      [0, "wrong", 0],
      [1, "wrong", 0],
      [2, "wrong", 0],
      [3, "exception", "ZeroDivisionError"],
      [4, "wrong", 0],
    ]);
  });

  it("are judged by what whole programs print", async () => {
    const runs = { kind: "runs", runs: [{ stdin: "2\n", stdout: "4" }] } as const;
    const { samples } = await score(set({ ...bare, entryPoint: undefined, id: "T/1", hidden: runs }), [
      solution("T/1", "print(2 * int(input()))"),
      solution("T/1", "print(input())", 2),
    ]);
    expect(samples.map(({ score: { base } }) => base)).toEqual([
      { verdict: "pass", failures: [] },
      { verdict: "wrong", failures: [{ test: "test 1", index: 0, verdict: "wrong", input: ["2\n"], expected: "4", got: "2\n" }] },
    ]);
  });
});
