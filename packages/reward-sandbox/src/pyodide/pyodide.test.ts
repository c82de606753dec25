// What Pyodide does for honest jobs; hostile ones are in attacks-weaker.test.ts. Each program costs the start of an interpreter.
import { AbortedError } from "@diffucoder/core";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { createSandbox, type Sandbox } from "../sandbox.ts";
import { findPyodide } from "./provider.ts";

vi.setConfig({ testTimeout: 300_000 }); // on a busy machine an interpreter takes seconds to start

const has = findPyodide() !== undefined;

describe.runIf(has)(`isolation by Pyodide${has ? "" : " (SKIPPED: the package pyodide is not installed)"}`, () => {
  let sandbox: Sandbox;
  beforeAll(async () => {
    sandbox = await createSandbox({ workers: 2, wallTimeMs: 20_000, memoryMb: 128, isolation: "pyodide" });
  }, 240_000);
  afterAll(() => sandbox.close());

  it("says what it is, and that it is weaker", async () => {
    expect(sandbox.isolation.level).toBe("pyodide");
    expect(sandbox.isolation.description).toContain("weaker");
    expect(await sandbox.run({ code: "", entryPoint: "f", inputs: [] })).toEqual({ isolation: "pyodide", parses: true, outcomes: [] });
  });

  it("keeps the answers from before a call that went wrong, and continues with another interpreter", async () => {
    const code = "import os\nseen = []\ndef f(x):\n    seen.append(x)\n    if x == 2: os._exit(0)\n    return (seen, x / 2)";
    const { outcomes } = await sandbox.run({ code, entryPoint: "f", inputs: [[1], [2], [3]] });
    expect(outcomes).toMatchObject([
      { status: "ok", value: { tuple: [[1], { float: "0.5" }] } },
      { status: "exception", detail: "exit" },
      { status: "ok", value: { tuple: [[3], { float: "1.5" }] } },
    ]);
  });

  it("starts every program with everything as it was", async () => {
    const spoils = "import math, builtins\nmath.pi = 3\nbuiltins.len = lambda x: 0\nopen('/tmp/kept', 'w').write('x')\ndef f(x): return 0";
    await Promise.all([1, 2].map((x) => sandbox.run({ code: spoils, entryPoint: "f", inputs: [[x]] })));
    const code = "import math, os, random\ndef f(x): return [math.pi > 3.1, len([1, 2]), os.listdir('/tmp'), random.random()]";
    const job = { code, entryPoint: "f", inputs: [[1]] };
    const [{ outcomes: first }, { outcomes: second }] = await Promise.all([sandbox.run(job), sandbox.run(job)]);
    expect(first).toMatchObject([{ status: "ok", value: [true, 2, [], expect.anything()] }]);
    expect(second).toMatchObject([{ value: (first[0] as { value: unknown }).value }]);
  });

  it("runs coroutines, of a program and of its test, and sleeps", async () => {
    const code =
      "import asyncio, time\nasync def f(x):\n    await asyncio.sleep(0.001)\n    time.sleep(0.001)\n    return x + 1\ndef g(x): return asyncio.run(f(x))";
    expect((await sandbox.run({ code, entryPoint: "g", inputs: [[1]] })).outcomes).toMatchObject([{ status: "ok", value: 2 }]);
    const tests = ["import asyncio\nassert asyncio.run(f(1)) == 2", "import asyncio\nassert asyncio.run(f(1)) == 3"];
    expect((await sandbox.runTests({ code, entryPoint: "f", tests })).verdicts).toMatchObject([{ verdict: "pass" }, { verdict: "wrong" }]);
  });

  it("runs whole programs", async () => {
    const { outcomes } = await sandbox.runProgram({ code: "print(int(input()) * 2)\nprint('ü')", stdins: ["4\n", "x\n"] });
    expect(outcomes).toMatchObject([
      { status: "ok", value: "8\nü\n" },
      { status: "exception", detail: "ValueError" },
    ]);
  });

  it("runs tests in an interpreter of their own, or in the program's", async () => {
    const code = "class Any:\n    def __eq__(self, other): return True\ndef f(x):\n    return Any() if x == 3 else x + 1";
    const apart = await sandbox.runTests({
      code,
      entryPoint: "f",
      tests: ["assert f(1) == 2", "assert candidate(1) == 3, 'no'", "assert f(3) == 4"],
    });
    expect(apart).toMatchObject({
      isolation: "pyodide",
      trust: "high",
      verdicts: [{ verdict: "pass" }, { verdict: "wrong", detail: "AssertionError: no" }, { verdict: "wrong" }],
    });
    const inside = await sandbox.runTests({ code, tests: ["assert isinstance(Any(), Any)", "assert f(1) == 3"] });
    expect(inside).toMatchObject({ trust: "low", verdicts: [{ verdict: "pass" }, { verdict: "wrong", detail: "AssertionError" }] });
    const left = await sandbox.runTests({ code: "import os\nos._exit(0)", tests: ["assert False"] });
    expect(left.verdicts).toMatchObject([{ verdict: "exception", detail: "exit" }]);
  });

  it("holds programs to their time, memory and output", async () => {
    const outcomeOf = async (code: string, wallTimeMs = 20_000) =>
      (await sandbox.run({ code, entryPoint: "f", inputs: [[1]], wallTimeMs })).outcomes[0];
    const [late, large, long] = await Promise.all([
      outcomeOf("def f(x):\n    while True:\n        try:\n            while True: pass\n        except BaseException: pass", 300),
      outcomeOf("def f(x):\n    y = []\n    while True: y.append('a' * 10**7)"),
      outcomeOf("def f(x): return 'a' * 2**21"),
    ]);
    expect(late).toMatchObject({ status: "timeout" });
    expect(large).toMatchObject({ status: "memory" });
    expect(long).toMatchObject({ status: "output-limit" });
  });

  it("counts all that a job answers together, so that nobody holds more than it may", async () => {
    const code = "def f(x):\n    return [[]] * 262134"; // some 20 MB for whoever reads it
    const { outcomes } = await sandbox.run({ code, entryPoint: "f", inputs: Array.from({ length: 8 }, () => [1]), wallTimeMs: 60_000 });
    const tooMuch = { status: "output-limit", detail: "too much output from all calls together" };
    expect(outcomes.slice(0, 5).map(({ status }) => status)).toEqual(Array.from({ length: 5 }, () => "ok"));
    expect(outcomes.slice(5)).toMatchObject(Array.from({ length: 3 }, () => tooMuch));
  });

  it("says of what it does not run that it could not", async () => {
    const { outcomes } = await sandbox.run({ language: "javascript", code: "const f = (x) => x", entryPoint: "f", inputs: [[1]] });
    expect(outcomes).toEqual([{ status: "infrastructure", detail: "isolation by pyodide does not run javascript", milliseconds: 0 }]);
    const { verdicts } = await sandbox.runTests({ code: "", tests: [""], writableTmp: true });
    expect(verdicts).toMatchObject([{ detail: "isolation by pyodide has no writable /tmp that can be wiped" }]);
  });

  it("ends a job on request, and runs the next", async () => {
    const controller = new AbortController();
    const running = sandbox.run({ code: "while True: pass", entryPoint: "f", inputs: [[]] }, { signal: controller.signal });
    setTimeout(() => controller.abort(), 50);
    await expect(running).rejects.toThrow(AbortedError);
    expect((await sandbox.run({ code: "def f(): return 1", entryPoint: "f", inputs: [[]] })).outcomes).toMatchObject([{ status: "ok", value: 1 }]);
  });
});
