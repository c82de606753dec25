import type { Attack } from "./attack.fixture.ts";

const x86 = (number: number): string => `{'x86_64': ${number}}[platform.machine()]`;
const call = (numbers: Record<string, number>, args: string): string =>
  `import ctypes, os, platform, struct\nlibc = ctypes.CDLL(None, use_errno=True)\ndef f(x):\n    if libc.syscall(${JSON.stringify(numbers)}[platform.machine()], ${args}) < 0:\n        raise OSError(ctypes.get_errno(), 'denied')\n    return 0`;

export const processes: Attack[] = [
  { name: "forks", code: "import os\ndef f(x):\n    return os.fork()", verdict: "forbidden", weaker: { pyodide: "exception", none: "wrong" } },
  {
    name: "forks without end",
    code: "import os\ndef f(x):\n    while True:\n        try: os.fork()\n        except OSError: pass",
    verdict: "timeout",
  },
  {
    name: "starts a program",
    code: "import subprocess\ndef f(x):\n    return subprocess.run(['true']).returncode",
    verdict: ["forbidden", "exception"],
    weaker: { none: "wrong" },
  },
  {
    name: "starts threads without end",
    code: "import threading, time\ndef f(x):\n    while True: threading.Thread(target=time.sleep, args=(60,)).start()",
    verdict: "exception",
  },
  {
    name: "makes processes with multiprocessing",
    code: "import multiprocessing\ndef f(x):\n    with multiprocessing.Pool(2) as pool: return pool.map(abs, [x])[0]",
    verdict: ["forbidden", "exception"],
    weaker: { none: "wrong" },
  },
  {
    name: "kills its parent",
    code: "import os, signal\ndef f(x):\n    os.kill(os.getppid(), signal.SIGKILL)\n    return 0",
    verdict: "forbidden",
    weaker: { none: "exception" },
  },
  {
    name: "stops its parent",
    code: "import os, signal\ndef f(x):\n    os.kill(os.getppid(), signal.SIGSTOP)\n    return 0",
    verdict: "forbidden",
    weaker: { none: "exception" },
  },
  {
    name: "kills its group",
    code: "import os, signal\ndef f(x):\n    os.killpg(0, signal.SIGKILL)",
    verdict: "forbidden",
    weaker: { none: "memory" },
  },
  {
    name: "kills all that it may",
    code: "import os, signal\ndef f(x):\n    os.kill(-1, signal.SIGKILL)",
    verdict: "forbidden",
    weaker: { none: "exception" },
  },
  {
    name: "signals its parent by another call",
    code: call({ x86_64: 297, aarch64: 240 }, "os.getppid(), os.getppid(), 9, struct.pack('iii', 9, 0, -1) + bytes(116)"),
    verdict: "forbidden",
    weaker: { pyodide: "exception", none: "exception" },
  },
  {
    name: "makes a process by a newer call",
    code: call({ x86_64: 435, aarch64: 435 }, "bytes(64), 64"),
    verdict: "forbidden",
    weaker: { pyodide: "exception", none: "wrong" },
  },
  {
    name: "traces its parent",
    code: call({ x86_64: 101, aarch64: 117 }, "16, os.getppid(), 0, 0"),
    verdict: "forbidden",
    weaker: { pyodide: "exception" },
  },
  {
    name: "reads its parent's memory",
    code: call({ x86_64: 310, aarch64: 270 }, "os.getppid(), None, 0, None, 0, 0"),
    verdict: "forbidden",
    weaker: { pyodide: "exception", none: "wrong" },
  },
  {
    name: "makes a namespace of its own",
    code: call({ x86_64: 272, aarch64: 97 }, "0x10000000"),
    verdict: "forbidden",
    weaker: { pyodide: "exception", none: "wrong" },
  },
  {
    name: "calls by the numbers of another architecture",
    code: `import ctypes, platform\ndef f(x):\n    ctypes.CDLL(None).syscall(0x40000000 + ${x86(57)})\n    return 0`,
    verdict: "forbidden",
    weaker: { pyodide: "exception", none: "wrong" },
  },
  {
    name: "lowers its parent's limits",
    code: "import os, resource\ndef f(x):\n    resource.prlimit(os.getppid(), resource.RLIMIT_CPU, (0, 0))\n    return 0",
    verdict: "forbidden",
    // Its parent is killed at the next tick of its processor time: before it could answer, or after.
    weaker: { pyodide: "exception", none: ["wrong", "exception"] },
  },
  {
    name: "slows its parent down",
    code: "import os\ndef f(x):\n    os.setpriority(os.PRIO_PROCESS, os.getppid(), 19)\n    return 0",
    verdict: "forbidden",
    weaker: { pyodide: "exception", none: "wrong" },
  },
  {
    name: "ignores all signals and loops",
    code: "import signal\nfor s in range(1, 32):\n    try: signal.signal(s, signal.SIG_IGN)\n    except Exception: pass\ndef f(x):\n    while True: pass",
    verdict: "timeout",
  },
  { name: "crashes", code: "import ctypes\ndef f(x):\n    ctypes.string_at(0)", verdict: "exception", weaker: { pyodide: "wrong" } },
];
