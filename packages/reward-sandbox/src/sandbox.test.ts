// What a sandbox does for honest jobs, and what each level keeps away; hostile ones are in attacks.test.ts.
import { readdirSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { AbortedError, InvalidArgumentError } from "@diffucoder/core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { descendants } from "./descendants.fixture.ts";
import { launchOf } from "./local/launch.ts";
import { systemPython } from "./local/provider.ts";
import { readableBy } from "./local/readable.ts";
import { canRun, LEVELS, titleOf } from "./local/levels.fixture.ts";
import type { Outcome, TestJob } from "./jobs.ts";
import type { Job, Worker } from "./provider.ts";
import { createSandbox, type Sandbox } from "./sandbox.ts";

const valueOf = (outcome: Outcome): unknown => (outcome.status === "ok" ? outcome.value : outcome.detail);

for (const level of LEVELS)
  describe.runIf(canRun(level))(`isolation by ${titleOf(level)}`, () => {
    let sandbox: Sandbox;
    beforeAll(async () => {
      sandbox = await createSandbox({ workers: 1, wallTimeMs: 400, memoryMb: 256, isolation: level });
    });
    afterAll(() => sandbox.close());

    it("says what it is", () => {
      expect(sandbox.isolation.level).toBe(level);
    });

    it("keeps the answers from before a call that went wrong, and continues after it", async () => {
      const code = "import os\ndef f(x):\n    if x == 2: os._exit(0)\n    return x * 10";
      const { outcomes } = await sandbox.run({ code, entryPoint: "f", inputs: [[1], [2], [3]] });
      expect(outcomes).toMatchObject([
        { status: "ok", value: 10 },
        { status: "exception", detail: "exit" },
        { status: "ok", value: 30 },
      ]);
    });

    it("says whether code parses", async () => {
      expect(await sandbox.run({ code: "def f(x", entryPoint: "f", inputs: [[1]] })).toMatchObject({
        parses: false,
        outcomes: [{ status: "exception", detail: "SyntaxError" }],
      });
      expect(await sandbox.run({ code: "", entryPoint: "f", inputs: [] })).toEqual({ isolation: level, parses: true, outcomes: [] });
    });

    it("starts every job with the modules as they were", async () => {
      await sandbox.run({
        code: "import math\nmath.pi = 3\nimport builtins\nbuiltins.len = lambda x: 0\ndef f(x): return 0",
        entryPoint: "f",
        inputs: [[1]],
      });
      const { outcomes } = await sandbox.run({ code: "import math\ndef f(x): return [math.pi > 3.1, len([1, 2])]", entryPoint: "f", inputs: [[1]] });
      expect(outcomes).toMatchObject([{ status: "ok", value: [true, 2] }]);
    });

    it("shows a job nothing of what another was given or put out", async () => {
      const secret = 7_777_000_112;
      await sandbox.run({ code: `def f(x): return x + ${secret}`, entryPoint: "f", inputs: [[1]] });
      await sandbox.runTests({ code: "def f(x): return x", entryPoint: "f", tests: [`assert f(${secret} + 1) == ${secret + 1}`] });
      const code = `import gc, sys
def f(wanted):
    frame, seen = sys._getframe().f_back, []
    while frame:
        seen.append(repr(frame.f_locals) + repr(frame.f_globals))
        frame = frame.f_back
    for thing in gc.get_objects():
        try: seen.append(repr(thing)[:10000])
        except Exception: pass
    return any(str(wanted * 7 + 1) in text for text in seen)`;
      // A seventh of it goes in, so that it is not found in its own input.
      expect(secret % 7).toBe(0);
      const { outcomes } = await sandbox.run({ code, entryPoint: "f", inputs: [[secret / 7]] });
      expect(outcomes).toMatchObject([{ status: "ok", value: false }]);
    });

    it("gives each call and the whole job its limit", async () => {
      const code = "import time\ndef f(x):\n    time.sleep(x / 1000)\n    return x";
      const each = await sandbox.run({ code, entryPoint: "f", inputs: [[1], [9000], [1]], callTimesMs: [5000, 100, 5000], totalTimeMs: 5000 });
      expect(each.outcomes.map(({ status }) => status)).toEqual(["ok", "timeout", "ok"]);
      const all = await sandbox.run({ code, entryPoint: "f", inputs: [[1], [9000], [9000]], totalTimeMs: 300 });
      expect(all.outcomes.map(({ status }) => status)).toEqual(["ok", "timeout", "timeout"]);
    });

    it("gives each call values of its own", async () => {
      const code = "def f(xs):\n    xs.append(len(xs))\n    return xs";
      const inputs = [[[1]], [[1]]];
      const { outcomes } = await sandbox.run({ code, entryPoint: "f", inputs });
      expect(outcomes).toMatchObject([{ value: [1, 1] }, { value: [1, 1] }]);
      expect(inputs).toEqual([[[1]], [[1]]]);
    });

    it("takes and gives Python's plain types as exactly what they are", async () => {
      const values = [
        { int: "123456789012345678901234567890" },
        { float: "-0.0" },
        { complex: ["1.0", "-2.5"] },
        { tuple: [1, []] },
        { set: [1, 2] },
      ];
      values.push({ frozenset: ["a"] } as never, { deque: [1, 2] } as never, { bytes: "00ff" } as never, { bytearray: "61" } as never);
      for (const tag of ["dict", "Counter", "OrderedDict", "defaultdict"]) values.push({ [tag]: [["a", 1]] } as never);
      const { outcomes } = await sandbox.run({ code: "def f(x): return x", entryPoint: "f", inputs: values.map((value) => [value]) });
      expect(outcomes).toMatchObject(values.map((value) => ({ status: "ok", value })));
    });

    it("takes and gives values nested as deep as it says", async () => {
      let value: unknown = 0;
      for (let level = 0; level < 99; level++) value = { dict: [["a", [value]]] };
      const code = "def f(x):\n    if x == 0:\n        for level in range(201): x = [x]\n    return x";
      const { outcomes } = await sandbox.run({ code, entryPoint: "f", inputs: [[value], [0]] });
      expect(outcomes).toMatchObject([
        { status: "ok", value },
        { status: "wrong", detail: "returned a value nested too deeply, which is not plain data" },
      ]);
    });

    it("runs more jobs than it has workers, each with its own answer", async () => {
      const jobs = Array.from({ length: 20 }, (_, i) => sandbox.run({ code: `def f(x): return x + ${i}`, entryPoint: "f", inputs: [[100]] }));
      expect((await Promise.all(jobs)).map(({ outcomes }) => valueOf(outcomes[0]!))).toEqual(Array.from({ length: 20 }, (_, i) => 100 + i));
    });
  });

describe.runIf(canRun("process"))(`the memory of all processes of a job together, under ${titleOf("process")}`, () => {
  it("is limited where a program may fork, and what it forked ends with its job", async () => {
    const sandbox = await createSandbox({ workers: 1, wallTimeMs: 10_000, memoryMb: 256, isolation: "none" });
    const before = descendants();
    // Each child holds 120 MB for a while. One of them is left behind by its parent, out of reach of the program's process group.
    const code = `import os, time
def hold():
    kept = bytearray(120 << 20)
    for i in range(0, len(kept), 4096): kept[i] = 1
    time.sleep(60)
def f(children):
    for i in range(children):
        if os.fork() == 0:
            os.setsid()
            if i > 0 or os.fork() == 0: hold()
            os._exit(0)
    time.sleep(1)
    return children`;
    const { outcomes } = await sandbox.run({ code, entryPoint: "f", inputs: [[1], [4], [1]], totalTimeMs: 30_000 });
    expect(outcomes).toMatchObject([
      { status: "ok", value: 1 },
      { status: "memory", detail: "SIGKILL" },
      { status: "ok", value: 1 },
    ]);
    expect(await sandbox.run({ code: "def f(x): return x", entryPoint: "f", inputs: [[7]] })).toMatchObject({ outcomes: [{ value: 7 }] });
    await expect.poll(descendants).toEqual(before);
    sandbox.close();
  });

  it.runIf(canRun("bubblewrap"))(`is limited for a program and its tests, under ${titleOf("bubblewrap")}`, async () => {
    const sandbox = await createSandbox({ workers: 1, wallTimeMs: 5000, memoryMb: 256, isolation: "bubblewrap" });
    const code = "def f(megabytes):\n    global kept\n    kept = b'x' * (megabytes << 20)\n    return megabytes";
    const test = (megabytes: number): string => `kept = b'x' * (150 << 20)\nassert f(${megabytes}) == ${megabytes}\nimport time\ntime.sleep(0.3)`;
    const { verdicts } = await sandbox.runTests({ code, entryPoint: "f", tests: [test(20), test(150)] });
    expect(verdicts).toMatchObject([{ verdict: "pass" }, { verdict: "memory" }]);
    sandbox.close();
  });
});

describe.runIf(canRun("bubblewrap"))(`${titleOf("bubblewrap")} alone`, () => {
  let sandbox: Sandbox;
  beforeAll(async () => {
    sandbox = await createSandbox({ workers: 1, wallTimeMs: 1000, isolation: "bubblewrap" });
  });
  afterAll(() => sandbox.close());
  const value = async (code: string): Promise<unknown> => valueOf((await sandbox.run({ code, entryPoint: "f", inputs: [[1]] })).outcomes[0]!);

  it("hides the files of this user and everyone else's", async () => {
    const path = join(tmpdir(), `sandbox-secret-${process.pid}`);
    writeFileSync(path, "secret");
    expect(await value(`import os\ndef f(x): return os.path.exists(${JSON.stringify(path)})`)).toBe(false);
    expect(await value("import os\ndef f(x): return [os.path.exists(p) for p in ('/root', '/home', '/proc/1', '/etc/passwd')]")).toEqual([
      false,
      false,
      false,
      false,
    ]);
  });

  it("leaves nothing to write to", async () => {
    const code =
      "import os\ndef f(x):\n    made = []\n    for base in ('/', '/tmp', '/usr', '/dev/shm', '/lib', '.'):\n        try:\n            open(os.path.join(base, 'left-behind'), 'w').close()\n            made.append(base)\n        except OSError: pass\n    return made";
    await value(code);
    for (const folder of ["/", "/usr", "/lib", tmpdir()]) expect(readdirSync(folder)).not.toContain("left-behind");
    // What one job could write is not there for the next.
    expect(
      await value(
        "import os\ndef f(x): return [p for p in ('/', '/tmp', '/usr', '/dev/shm', '/lib', '.') if os.path.exists(os.path.join(p, 'left-behind'))]",
      ),
    ).toEqual([]);
  });

  it("shows no other process and no environment", async () => {
    expect(await value("import os\ndef f(x): return [k for k in os.environ if k not in ('PWD', 'LC_CTYPE', 'PATH', 'PYTHONHASHSEED')]")).toEqual([]);
    expect(await value("import os\ndef f(x): return os.path.exists('/proc/self/status')")).toBe(false);
  });
});

describe.runIf(canRun("process"))(`launchOf, ${titleOf("process")}`, () => {
  it("needs nothing from the folder of this package, which nobody may not be able to enter", () => {
    const { args } = launchOf("bubblewrap", { readable: readableBy(systemPython()), bubblewrap: "bwrap" });
    expect(args.join("\n")).not.toContain(dirname(import.meta.dirname));
  });
});

describe("createSandbox", () => {
  it("runs programs on a provider that it is given, and says of what that cannot run that it could not", async () => {
    const jobs: Job[] = [];
    const worker: Worker = {
      start: async () => {},
      run: async (job) => {
        jobs.push(job);
        return { parses: true, results: [["pass", "", 1]] };
      },
      close: () => {},
    };
    const isolation = { level: "remote", description: "a machine elsewhere" } as const;
    const elsewhere = await createSandbox({ isolation: { isolation, languages: ["python"], writableTmp: false, worker: () => worker }, workers: 1 });
    expect(elsewhere.isolation).toBe(isolation);
    const job = { code: "def f(): pass", tests: ["assert f() is None"], wallTimeMs: 500, memoryMb: 1, outputMb: 2 };
    expect((await elsewhere.runTests(job)).verdicts).toEqual([{ verdict: "pass", detail: "", milliseconds: 1 }]);
    const limits = { walls: [0.5], total: 0.5, memory: 2 ** 20, output: 2 ** 21, files: false };
    expect(jobs).toEqual([{ kind: "tests", language: "python", code: job.code, tests: job.tests, entry: null, unittest: false, ...limits }]);
    const detailOf = async (more: Partial<TestJob>): Promise<string> => (await elsewhere.runTests({ ...job, ...more })).verdicts[0]!.detail;
    expect(await detailOf({ language: "javascript" })).toBe("isolation by remote does not run javascript");
    expect(await detailOf({ writableTmp: true })).toBe("isolation by remote has no writable /tmp that can be wiped");
    expect(jobs).toHaveLength(1);
  });

  it("holds back who submits faster than jobs run, until there is room or the signal says stop", async () => {
    const running: (() => void)[] = [];
    const worker = (): Worker => ({
      start: async () => {},
      run: () => new Promise((resolve) => running.push(() => resolve({ parses: true, results: [["ok", 1, 1]] }))),
      close: () => {},
    });
    const isolation = { level: "remote", description: "a machine elsewhere" } as const;
    const provider = { isolation, languages: ["python"], writableTmp: false, worker } as const;
    const sandbox = await createSandbox({ isolation: provider, workers: 2, maxQueued: 3 });
    const job = { code: "", entryPoint: "f", inputs: [[]] };
    let submitted = 0;
    const controller = new AbortController();
    const produce = async (): Promise<void> => {
      for (;;) {
        await sandbox.submit(() => sandbox.run(job), { signal: controller.signal });
        submitted += 1;
      }
    };
    const producing = produce();
    await expect.poll(() => [submitted, running.length]).toEqual([5, 2]);
    running.shift()?.();
    await expect.poll(() => [submitted, running.length]).toEqual([6, 2]);
    controller.abort();
    await expect(producing).rejects.toThrow(AbortedError);
    expect(submitted).toBe(6);
  });

  it("refuses settings that are no positive integers", async () => {
    await expect(createSandbox({ workers: 0 })).rejects.toThrow(InvalidArgumentError);
    await expect(createSandbox({ wallTimeMs: 0.5 })).rejects.toThrow("wallTimeMs");
  });

  it.runIf(canRun("process"))("cannot run jobs after it was closed, which is not their fault", async () => {
    const sandbox = await createSandbox({ workers: 1 });
    sandbox.close();
    expect((await sandbox.run({ code: "", entryPoint: "f", inputs: [[]] })).outcomes).toEqual([
      { status: "infrastructure", detail: "the sandbox was closed", milliseconds: 0 },
    ]);
  });

  it.runIf(canRun("process"))("ends a job on request, and runs the next", async () => {
    const sandbox = await createSandbox({ workers: 1 });
    const controller = new AbortController();
    const running = sandbox.run({ code: "while True: pass", entryPoint: "f", inputs: [[]] }, { signal: controller.signal });
    setTimeout(() => controller.abort(), 50);
    await expect(running).rejects.toThrow(AbortedError);
    await expect(running).rejects.toThrow("A sandbox job was stopped.");
    expect((await sandbox.run({ code: "def f(): return 1", entryPoint: "f", inputs: [[]] })).outcomes).toMatchObject([{ status: "ok", value: 1 }]);
    sandbox.close();
  });
});
