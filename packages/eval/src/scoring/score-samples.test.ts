import { readFileSync } from "node:fs";
import { createRandom } from "@diffucoder/core";
import { createSandbox, type Sandbox } from "@diffucoder/reward-sandbox";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { loadBenchmark } from "../benchmarks/load-benchmark.ts";
import type { Benchmark } from "../benchmarks/problem.ts";
import type { Sample } from "../samples/samples-file.ts";
import { hasPython, hasSharedBench, pythonNote, skipNote, testFolders } from "../shared-data.fixture.ts";
import { scoreSamples, type ScoreSamplesOptions } from "./score-samples.ts";

const folders = testFolders();
let sandbox: Sandbox;
beforeAll(async () => {
  if (hasPython) sandbox = await createSandbox({ workers: 2 });
});
afterAll(() => sandbox?.close());

const score = (benchmark: Benchmark, samples: readonly Sample[], more: Partial<ScoreSamplesOptions> = {}) =>
  scoreSamples({ benchmark, samples, postProcessor: "none", sandbox, cacheFolder: folders.cache, concurrency: 2, random: createRandom(0), ...more });
const solution = (taskId: string, text: string, line = 1): Sample => ({ line, taskId, text, kind: "solution" });

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
    const whole = await loadBenchmark(name, { folders });
    const benchmark = { ...whole, problems: whole.problems.filter((_, i) => i % nth === 0) };
    const samples = benchmark.problems.map(({ id, canonical }, i): Sample => ({
      line: i + 1,
      taskId: id,
      text: canonical ?? (ownSolutions.get(id.split("_")[1] ?? "") as string),
      kind: "completion",
    }));
    const { samples: scored, suites, leftOut, tasks } = await score(benchmark, samples);
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
    const whole = await loadBenchmark(name, { folders });
    const benchmark = { ...whole, problems: whole.problems.slice(0, 2) };
    const samples = benchmark.problems.flatMap(({ id, entryPoint }) => hostile(entryPoint).map((text) => solution(id, text)));
    const { suites } = await score(benchmark, samples);
    for (const { verdicts } of suites) expect(verdicts.pass ?? 0).toBe(0);
    expect(suites.map(({ verdicts }) => Object.values(verdicts).reduce((sum, count) => sum + count, 0))).toEqual(suites.map(() => samples.length));
  });

  it("says which input failed, what was expected and what came", async () => {
    const benchmark = await loadBenchmark("mbpp+", { folders });
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
    const benchmark = await loadBenchmark("humaneval", { folders });
    const { suites, samples } = await score(benchmark, [solution("HumanEval/0", "#".repeat(1e7))]);
    expect(suites[0]?.verdicts).toEqual({ memory: 1 });
    expect(samples[0]?.score.base.failures[0]?.detail).toBe("a program of 10000000 characters; at most 1048576 are run");
  });
});

describe.runIf(hasPython)(`what is left out${pythonNote}`, () => {
  const benchmark = (reference: string): Benchmark => ({
    name: "humaneval+",
    title: "two tasks",
    version: "0",
    sha256: `test ${reference}`,
    path: "none",
    problems: ["T/1", "T/2"].map((id) => ({
      id,
      language: "python",
      prompt: "",
      suffix: "",
      entryPoint: "f",
      wrapper: "",
      test: { kind: "calls", reference, base: [[1], [2]], plus: [[3]], tolerance: 0 },
    })),
  });
  const reference = "def f(x):\n    return 10 // (x - 2)\n"; // fails on the second base input

  it("names inputs that the reference fails on and tasks without samples, and scores the rest", async () => {
    const { leftOut, suites, tasks } = await score(benchmark(reference), [solution("T/1", reference), solution("T/1", "def f(x): return -10", 2)]);
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
    const { leftOut, samples, suites } = await score(benchmark(never), [solution("T/1", never, 7)]);
    expect(samples).toEqual([]);
    expect(suites[0]?.passAtK).toEqual([]);
    expect(leftOut[0]).toEqual({ where: "T/1", reason: "the reference solution ends with exception (ValueError) on base input 0, 1" });
  });

  it("names a reference that is too slow, and scores the inputs that it answers", async () => {
    // The limit is 20 seconds, so that a sandbox with a shorter one stands in.
    const hasty: Sandbox = { ...sandbox, run: (job, options) => sandbox.run({ ...job, wallTimeMs: Math.min(500, job.wallTimeMs ?? 500) }, options) };
    const slow = "def f(x):\n    while x == 2: pass\n    return x\n";
    const { leftOut, suites } = await score(benchmark(slow), [solution("T/1", "def f(x): return x")], { sandbox: hasty });
    expect(leftOut[0]).toEqual({ where: "T/1", reason: "the reference solution ends with timeout (no answer in time) on base input 1" });
    expect(suites.map(({ verdicts }) => verdicts)).toEqual([{ pass: 1 }, { pass: 1 }]);
  });

  it("counts the tasks of each library that is missing, and names every task", async () => {
    const needing = (id: string, libraries: string[]) => {
      const test = { kind: "code", tests: [""], separate: false, unittest: true, libraries } as const;
      return { id, language: "python", prompt: "", suffix: "", entryPoint: "f", wrapper: "", test } as const;
    };
    const problems = [
      needing("T/1", ["json", "no_such"]),
      needing("T/2", ["no_such.part", "none_either"]),
      needing("T/3", ["none_either", "no_such"]),
    ];
    const { leftOut } = await score(
      { ...benchmark(reference), problems },
      problems.map(({ id }, i) => solution(id, "", i + 1)),
    );
    expect(leftOut).toEqual([
      { where: "3 of 3 tasks", reason: "the sandbox's Python cannot import no_such (3), none_either (2)" },
      { where: "T/1", reason: "the sandbox's Python cannot import no_such" },
      { where: "T/2", reason: "the sandbox's Python cannot import no_such, none_either" },
      { where: "T/3", reason: "the sandbox's Python cannot import none_either, no_such" },
    ]);
  });

  it("leaves out a task whose own solution fails its own test, here", async () => {
    const test = { kind: "code", tests: ["assert f(1) == 2"], separate: true, unittest: false, libraries: [] } as const;
    const problem = {
      id: "T/1",
      language: "python",
      prompt: "",
      suffix: "",
      entryPoint: "f",
      wrapper: "",
      canonical: "def f(x): return 1",
      test,
    } as const;
    const { samples, leftOut } = await score({ ...benchmark(reference), problems: [problem] }, [solution("T/1", "def f(x): return 2")]);
    expect(samples).toEqual([]);
    expect(leftOut).toEqual([{ where: "T/1", reason: "the benchmark's own solution ends with wrong here (AssertionError)" }]);
  });

  it("goes on where it was: scores that are there are not made again", async () => {
    const kept: Parameters<NonNullable<ScoreSamplesOptions["onScore"]>>[] = [];
    const samples = [solution("T/1", reference), solution("T/2", reference, 2)];
    const first = await score(benchmark(reference), samples, { onScore: (...line) => kept.push(line) });
    const second = await score(benchmark(reference), samples, { finished: new Map(kept), onScore: () => expect.unreachable() });
    expect(second).toEqual(first);
    expect(kept).toHaveLength(2);
  });

  it("stops between programs", async () => {
    await expect(score(benchmark(reference), [solution("T/1", reference)], { signal: AbortSignal.abort() })).rejects.toThrow("Scoring was stopped.");
  });
});
