import type { Attack } from "./attack.fixture.ts";

export const resourceBombs: Attack[] = [
  { name: "loops", code: "def f(x):\n    while True: pass", verdict: "timeout" },
  { name: "loops at import", code: "while True: pass", verdict: "timeout" },
  {
    name: "loops against every exception",
    code: "def f(x):\n    while True:\n        try:\n            while True: pass\n        except BaseException: pass",
    verdict: "timeout",
  },
  { name: "sleeps", code: "import time\ndef f(x):\n    time.sleep(60)", verdict: "timeout" },
  { name: "allocates eight gigabytes", code: "def f(x):\n    return len(bytearray(8 << 30))", verdict: "memory", weaker: { pyodide: "exception" } },
  { name: "allocates more and more", code: "def f(x):\n    y = []\n    while True: y.append('a' * 10**7)", verdict: "memory" },
  {
    name: "allocates more and more against every exception",
    code: "y = []\ndef f(x):\n    while True:\n        try: y.append(bytearray(10**7))\n        except MemoryError: pass",
    verdict: ["timeout", "memory"],
  },
  {
    name: "maps memory past Python",
    code: "import mmap\ndef f(x):\n    kept = []\n    while True: kept.append(mmap.mmap(-1, 1 << 26))",
    verdict: ["exception", "memory"],
  },
  { name: "lists an endless iterator", code: "import itertools\ndef f(x):\n    return list(itertools.repeat(x))", verdict: ["memory", "timeout"] },
  { name: "asks for a huge integer", code: "def f(x):\n    return 10 ** (10 ** 9)", verdict: ["timeout", "memory"] },
  { name: "matches for ever", code: "import re\ndef f(x):\n    return re.match('(a+)+$', 'a' * 60 + 'b')", verdict: "timeout" },
  { name: "recurses", code: "def f(x):\n    return f(x)", verdict: "exception" },
  {
    name: "recurses past the stack",
    code: "import sys\nsys.setrecursionlimit(10**9)\ndef f(x):\n    return [f(x)]",
    verdict: ["exception", "memory", "timeout"],
  },
  { name: "is nested too deeply to be parsed", code: `x = ${"(".repeat(2000)}${")".repeat(2000)}`, verdict: ["exception", "memory"] },
  {
    name: "is a constant that is computed at compilation",
    code: "def f(x):\n    return 'a' * 9999 ** 2",
    verdict: ["memory", "output-limit", "timeout"],
  },
  { name: "floods standard output", code: "def f(x):\n    while True: print('x' * 10**6)", verdict: "timeout" },
];
