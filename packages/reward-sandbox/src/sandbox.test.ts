// The table of attacks: each costs the program its own tests, and the next job on the same worker runs as if nothing
// had happened.
import { readdirSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { AbortedError, InvalidArgumentError } from "@diffucoder/core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { findBubblewrap, findPython, launchOf, type LocalLevel } from "./launch.ts";
import type { Outcome } from "./jobs.ts";
import { createSandbox, type Sandbox } from "./sandbox.ts";

const levels: LocalLevel[] = [...(findBubblewrap() ? ["bubblewrap" as const] : []), ...(findPython() ? ["process" as const] : [])];

const valueOf = (outcome: Outcome): unknown => (outcome.status === "ok" ? outcome.value : outcome.detail);

/** Programs, and how the calls f(1), f(2) may end. No ending is a value that the program was not able to compute. */
const attacks: [name: string, code: string, endings: RegExp][] = [
  ["loops", "def f(x):\n    while True: pass", /^timeout,timeout$/],
  ["loops at import", "while True: pass", /^timeout,timeout$/],
  ["sleeps", "import time\ndef f(x):\n    time.sleep(60)", /^timeout,timeout$/],
  [
    "ignores signals and loops",
    "import signal\nfor s in range(1, 32):\n    try: signal.signal(s, signal.SIG_IGN)\n    except Exception: pass\ndef f(x):\n    while True: pass",
    /^timeout,timeout$/,
  ],
  [
    "forks without end",
    "import os\ndef f(x):\n    while True: os.fork()",
    /^((exception|forbidden)|timeout|exception|memory),((exception|forbidden)|timeout|exception|memory)$/,
  ],
  [
    "starts threads without end",
    "import threading, time\ndef f(x):\n    while True: threading.Thread(target=time.sleep, args=(60,)).start()",
    /^((exception|forbidden)|timeout|exception|memory),((exception|forbidden)|timeout|exception|memory)$/,
  ],
  ["eats memory", "def f(x):\n    y = []\n    while True: y.append('a' * 10**7)", /^(memory|exception|timeout),(memory|exception|timeout)$/],
  [
    "asks for a huge integer",
    "def f(x):\n    return 10 ** (10 ** 9)",
    /^(memory|timeout|exception|(exception|forbidden)),(memory|timeout|exception|(exception|forbidden))$/,
  ],
  [
    "floods standard output",
    "def f(x):\n    while True: print('x' * 10**6)",
    /^(timeout|(exception|forbidden)|exception),(timeout|(exception|forbidden)|exception)$/,
  ],
  ["returns something huge", "def f(x):\n    return 'x' * 10**7", /^output-limit,output-limit$/],
  ["recurses", "def f(x):\n    return f(x)", /^(exception|forbidden),(exception|forbidden)$/],
  [
    "overflows the C stack",
    "def f(x):\n    y = []\n    for _ in range(10**5): y = [y]\n    return y",
    /^(wrong|(exception|forbidden)|exception),(wrong|(exception|forbidden)|exception)$/,
  ],
  ["leaves by sys.exit", "import sys\ndef f(x):\n    sys.exit(0)", /^exception,exception$/],
  ["leaves by os._exit", "import os\ndef f(x):\n    os._exit(0)", /^exception,exception$/],
  ["leaves at import", "import os\nos._exit(0)", /^exception,exception$/],
  ["raises at import", "raise KeyError('x')", /^(exception|forbidden),(exception|forbidden)$/],
  ["returns a value that equals everything", "class Any:\n    def __eq__(self, other): return True\ndef f(x):\n    return Any()", /^wrong,wrong$/],
  ["returns a subclass of int", "class Int(int):\n    def __eq__(self, other): return True\ndef f(x):\n    return Int(7)", /^wrong,wrong$/],
  ["returns a generator", "def f(x):\n    while True: yield 1", /^wrong,wrong$/],
  [
    "returns itself inside itself",
    "def f(x):\n    y = []\n    y.append(y)\n    return y",
    /^(wrong|(exception|forbidden)),(wrong|(exception|forbidden))$/,
  ],
  [
    "kills its parent",
    "import os, signal\ndef f(x):\n    os.kill(os.getppid(), signal.SIGKILL)\n    return 0",
    /^((exception|forbidden)|exception),((exception|forbidden)|exception)$/,
  ],
  [
    "kills its group",
    "import os, signal\ndef f(x):\n    os.killpg(0, signal.SIGKILL)",
    /^((exception|forbidden)|exception),((exception|forbidden)|exception)$/,
  ],
  ["runs a program", "import os\ndef f(x):\n    return os.system('true')", /^((exception|forbidden)|ok),((exception|forbidden)|ok)$/],
  ["opens a socket", "import socket\ndef f(x):\n    socket.socket().connect(('127.0.0.1', 80))", /^(exception|forbidden),(exception|forbidden)$/],
  [
    "traces its parent",
    "import ctypes, os\ndef f(x):\n    if ctypes.CDLL(None, use_errno=True).ptrace(16, os.getppid(), 0, 0) != 0: raise OSError\n    return 0",
    /^(exception|forbidden),(exception|forbidden)$/,
  ],
  ["closes every file", "import os\ndef f(x):\n    os.closerange(0, 256)\n    return 1", /^exception,exception$/],
  [
    "writes junk where answers go",
    "import os\ndef f(x):\n    for fd in range(3, 32):\n        try: os.write(fd, b'junk\\n')\n        except OSError: pass\n    return 0",
    /^((exception|forbidden)|ok|wrong),((exception|forbidden)|ok|wrong)$/,
  ],
  [
    "breaks the modules that the runner uses",
    "import json, os, builtins\njson.dumps = os.write = lambda *a: None\nbuiltins.type = lambda *a: int\ndef f(x):\n    return 0",
    /^(ok|(exception|forbidden)|exception|wrong|timeout),(ok|(exception|forbidden)|exception|wrong|timeout)$/,
  ],
  [
    "writes numbers that are no JSON where answers go",
    'import os\ndef f(x):\n    for fd in range(3, 32):\n        try: os.write(fd, b\'["ok", NaN]\\n["ok", 1e999]\\n\')\n        except OSError: pass\n    return 0',
    /^(exception|forbidden),(exception|forbidden)$/,
  ],
  [
    "writes values in a form of its own where answers go",
    'import os\ndef f(x):\n    for fd in range(3, 32):\n        try: os.write(fd, b\'["ok", {"float": {"toString": 1}}]\\n["ok", {"dict": [null]}]\\n\')\n        except OSError: pass\n    return 0',
    /^(exception|forbidden),(exception|forbidden)$/,
  ],
  [
    "writes a file",
    "import os\ndef f(x):\n    open('/tmp/left-behind-' + str(os.getpid()), 'w')\n    return 0",
    /^(exception|forbidden),(exception|forbidden)$/,
  ],
  [
    "changes files",
    "import os\ndef f(x):\n    os.mkdir('/tmp/left-behind-' + str(os.getpid()))\n    return 0",
    /^(exception|forbidden),(exception|forbidden)$/,
  ],
  [
    "signals its parent by another call",
    "import ctypes, os, platform, struct\nnumber = {'x86_64': 297, 'aarch64': 240}[platform.machine()]\ndef f(x):\n    parent, what = os.getppid(), ctypes.create_string_buffer(struct.pack('iii', 9, 0, -1) + bytes(116))\n    if ctypes.CDLL(None).syscall(number, parent, parent, 9, what) != 0: raise OSError\n    return 0",
    /^(exception|forbidden),(exception|forbidden)$/,
  ],
  [
    "has the kernel signal its parent",
    "import os, fcntl\ndef f(x):\n    r, w = os.pipe()\n    fcntl.fcntl(r, fcntl.F_SETOWN, os.getppid())\n    return 0",
    /^(exception|forbidden),(exception|forbidden)$/,
  ],
  [
    "lowers its parent's limits",
    "import os, resource\ndef f(x):\n    resource.prlimit(os.getppid(), resource.RLIMIT_CPU, (0, 0))\n    return 0",
    /^(exception|forbidden),(exception|forbidden)$/,
  ],
  [
    "slows its parent down",
    "import os\ndef f(x):\n    os.setpriority(os.PRIO_PROCESS, os.getppid(), 19)\n    return 0",
    /^(exception|forbidden),(exception|forbidden)$/,
  ],
  [
    "leaves shared memory behind",
    "import ctypes\ndef f(x):\n    if ctypes.CDLL(None).shmget(0, 1 << 20, 0o1600) < 0: raise OSError\n    return 0",
    /^(exception|forbidden),(exception|forbidden)$/,
  ],
  ["makes a file in memory", "import os\ndef f(x):\n    os.memfd_create('x')\n    return 0", /^(exception|forbidden),(exception|forbidden)$/],
  [
    "forges a line on its parent's pipe",
    "import os\ndef f(x):\n    open(f'/proc/{os.getppid()}/fd/1', 'w').write('{}\\n')",
    /^(exception|forbidden),(exception|forbidden)$/,
  ],
  [
    "writes into its parent's memory",
    "import os\ndef f(x):\n    open(f'/proc/{os.getppid()}/mem', 'r+b')",
    /^(exception|forbidden),(exception|forbidden)$/,
  ],
  [
    "prints what is no UTF-8",
    "import os, sys\ndef f(x):\n    os.write(1, b'\\xff\\xfe')\n    sys.stdout.buffer.write(b'\\xff')\n    return 0",
    /^ok,ok$/,
  ],
  ["returns half a character", "def f(x):\n    return chr(0xd800)", /^ok,ok$/],
  ["returns what is no number", "def f(x):\n    return [float('nan'), float('inf')]", /^ok,ok$/],
  ["returns an integer of many digits", "def f(x):\n    return 10 ** 4000", /^ok,ok$/],
  ["returns an integer of too many digits", "def f(x):\n    return 10 ** 9000", /^((exception|forbidden)|ok),((exception|forbidden)|ok)$/],
  ["returns an endless iterator", "import itertools\ndef f(x):\n    return itertools.count()", /^wrong,wrong$/],
  ["lists an endless iterator", "import itertools\ndef f(x):\n    return list(itertools.repeat(x))", /^(memory|timeout),(memory|timeout)$/],
  [
    "hides its exception's name",
    "class M(type):\n    @property\n    def __name__(cls): raise OSError\nclass E(Exception, metaclass=M): pass\ndef f(x):\n    raise E",
    /^((exception|forbidden)|exception),((exception|forbidden)|exception)$/,
  ],
  ["has no function of that name", "g = 1", /^(exception|forbidden),(exception|forbidden)$/],
];

describe.each(levels)("isolation by %s", (level) => {
  let sandbox: Sandbox;
  beforeAll(async () => {
    sandbox = await createSandbox({ workers: 1, wallTimeMs: 400, memoryMb: 256, isolation: level });
  });
  afterAll(() => sandbox.close());

  const endingsOf = async (code: string): Promise<string[]> =>
    (await sandbox.run({ code, entryPoint: "f", inputs: [[1], [2]] })).outcomes.map(({ status }) => status);
  const honest = { code: "def f(x):\n    return [x, x / 2, (x,)]", entryPoint: "f", inputs: [[3]] };

  it("says what it is", () => {
    expect(sandbox.isolation.level).toBe(level);
  });

  it.each(attacks)("a program that %s", async (_, code, endings) => {
    expect((await endingsOf(code)).join()).toMatch(endings);
    expect((await sandbox.run(honest)).outcomes).toMatchObject([{ status: "ok", value: [3, { float: "1.5" }, { tuple: [3] }] }]);
  });

  it("keeps the answers from before a call that went wrong, and goes on after it", async () => {
    const code = "import os\ndef f(x):\n    if x == 2: os._exit(0)\n    return x * 10";
    const { outcomes } = await sandbox.run({ code, entryPoint: "f", inputs: [[1], [2], [3]] });
    expect(outcomes).toMatchObject([
      { status: "ok", value: 10 },
      { status: "exception", detail: "exit" },
      { status: "ok", value: 30 },
    ]);
  });

  it("gives nothing to a program that answers for itself", async () => {
    // Forged lines are only outputs: to be right they would have to hold the right values.
    const code =
      'import os\ndef f(x):\n    for fd in range(3, 32):\n        try: os.write(fd, b\'["pass", null]\\n["pass", null]\\n\')\n        except OSError: pass\n    return 0';
    const { outcomes } = await sandbox.run({ code, entryPoint: "f", inputs: [[1], [2]] });
    expect(outcomes).toMatchObject([1, 2].map(() => ({ status: "forbidden", detail: "forged an answer" })));
  });

  it("says whether code parses", async () => {
    expect(await sandbox.run({ code: "def f(x", entryPoint: "f", inputs: [[1]] })).toMatchObject({
      parses: false,
      outcomes: [{ status: "exception", detail: "SyntaxError" }],
    });
    expect(await sandbox.run({ code: "", entryPoint: "f", inputs: [] })).toEqual({ parses: true, outcomes: [] });
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

  it("runs more jobs than it has workers, each with its own answer", async () => {
    const jobs = Array.from({ length: 20 }, (_, i) => sandbox.run({ code: `def f(x): return x + ${i}`, entryPoint: "f", inputs: [[100]] }));
    expect((await Promise.all(jobs)).map(({ outcomes }) => valueOf(outcomes[0]!))).toEqual(Array.from({ length: 20 }, (_, i) => 100 + i));
  });
});

describe.runIf(levels.includes("bubblewrap"))(`bubblewrap alone${levels.includes("bubblewrap") ? "" : " (SKIPPED: there is no bwrap)"}`, () => {
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
    // Whatever one job could write is not there for the next.
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

describe("launchOf", () => {
  it("needs nothing from the folder of this package, which nobody may not be able to enter", () => {
    const { args } = launchOf("bubblewrap", { python: "python3", bubblewrap: "bwrap" });
    expect(args.join("\n")).not.toContain(dirname(import.meta.dirname));
  });
});

describe("createSandbox", () => {
  it("refuses settings that are no positive integers", async () => {
    await expect(createSandbox({ workers: 0 })).rejects.toThrow(InvalidArgumentError);
    await expect(createSandbox({ wallTimeMs: 0.5 })).rejects.toThrow("wallTimeMs");
  });

  it.runIf(levels.length > 0)("cannot run jobs after it was closed, which is not their fault", async () => {
    const sandbox = await createSandbox({ workers: 1 });
    sandbox.close();
    expect((await sandbox.run({ code: "", entryPoint: "f", inputs: [[]] })).outcomes).toEqual([
      { status: "infrastructure", detail: "the sandbox was closed", milliseconds: 0 },
    ]);
  });

  it.runIf(levels.length > 0)("ends a job on request, and runs the next", async () => {
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
