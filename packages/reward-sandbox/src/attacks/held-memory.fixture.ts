import type { Attack } from "./attack.fixture.ts";

// Small texts that take many times their size once parsed, and kernel memory, which no process limit counts.
export const heldMemory: Attack[] = [
  {
    name: "returns many small lists",
    code: "def f(x):\n    return [[]] * 50000",
    verdict: "wrong",
  },
  {
    name: "forges many small objects",
    code: `import os\ndef f(x):\n    line = b'["ok", [' + b'{},' * 300000 + b'{}]]\\n'\n    while line: line = line[os.write(3, line):]\n    return 0`,
    verdict: ["forbidden", "wrong"],
    weaker: { pyodide: ["forbidden", "wrong", "exception"] },
  },
  {
    name: "forges nesting that overflows whoever reads it",
    code: `import os\ndef f(x):\n    line = b'["ok", ' + b'[' * 400000 + b']' * 400000 + b']\\n'\n    while line: line = line[os.write(3, line):]\n    return 0`,
    verdict: ["forbidden", "wrong", "output-limit"],
    weaker: { pyodide: ["forbidden", "wrong", "exception", "output-limit"] },
  },
  {
    name: "fails with a name of a megabyte",
    code: "def f(x):\n    raise type('x' * 10**6, (Exception,), {})",
    verdict: "exception",
  },
];

export const kernelMemory: Attack[] = [
  {
    name: "fills pipes",
    code: "import os\ndef f(x):\n    while True:\n        r, w = os.pipe2(os.O_NONBLOCK)\n        try:\n            while True: os.write(w, bytes(4096))\n        except BlockingIOError: pass",
    verdict: "exception",
    weaker: { pyodide: ["exception", "memory", "timeout"] },
  },
  {
    name: "makes a pipe larger",
    code: "import fcntl, os\ndef f(x):\n    fcntl.fcntl(os.pipe()[1], 1031, 1 << 20)\n    return 0",
    verdict: "forbidden",
    weaker: { pyodide: "exception", none: "wrong" },
  },
  {
    name: "asks for names that do not exist",
    code: "import os\ndef f(x):\n    i = 0\n    while True:\n        os.path.exists(f'/{i}')\n        i += 1",
    verdict: "timeout",
  },
  {
    name: "makes files without end",
    code: "def f(x):\n    for i in range(10**6): open(f'/tmp/left-behind-{i}', 'w').close()\n    return 0",
    verdict: "forbidden",
    weaker: { pyodide: ["wrong", "memory", "exception", "timeout"], none: ["wrong", "timeout", "exception"] },
    withPackages: "memory",
  },
];
