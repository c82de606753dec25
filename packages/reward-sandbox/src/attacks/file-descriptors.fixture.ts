import type { Attack } from "./attack.fixture.ts";

const writing = (text: string): string =>
  `import os\ndef f(x):\n    for fd in range(3, 64):\n        try: os.write(fd, ${text})\n        except OSError: pass\n    return 0`;

export const fileDescriptors: Attack[] = [
  { name: "closes every file", code: "import os\ndef f(x):\n    os.closerange(0, 256)\n    return 998244360", verdict: "exception" },
  {
    name: "closes every file and goes on for ever",
    code: "import os\ndef f(x):\n    os.closerange(0, 256)\n    while True: pass",
    verdict: "exception",
    weaker: { pyodide: "timeout" },
  },
  { name: "writes junk where answers go", code: writing("b'junk\\n'"), verdict: ["forbidden", "wrong"] },
  { name: "writes half a line where answers go", code: writing(`b'["ok", '`), verdict: ["forbidden", "exception"] },
  {
    name: "floods where answers go",
    code: "import os\ndef f(x):\n    while True:\n        for fd in range(3, 8):\n            try: os.write(fd, b'x' * 60000)\n            except OSError: pass",
    verdict: ["exception", "forbidden", "timeout"],
  },
  {
    name: "reads from every file",
    code: "import os\ndef f(x):\n    got = []\n    for fd in range(3, 64):\n        try:\n            os.set_blocking(fd, False)\n            got.append(os.read(fd, 1 << 16))\n        except OSError: pass\n    return 998244353 * x + 7 if str(998244353 * x + 7).encode() in b''.join(got) else None",
    verdict: "wrong",
    weaker: { pyodide: "timeout" },
  },
  {
    name: "swaps the files of the runner",
    code: "import os\ndef f(x):\n    for fd in range(3, 16): os.dup2(0, fd)\n    return 998244360",
    verdict: ["exception", "timeout", "forbidden"],
  },
  {
    name: "keeps a copy of the pipe open and stops",
    code: "import os, signal\ndef f(x):\n    for fd in range(3, 8):\n        try: os.dup(fd)\n        except OSError: pass\n    signal.pause()",
    verdict: ["forbidden", "timeout"],
    weaker: { pyodide: "wrong" },
  },
  {
    name: "opens files until there are no more",
    code: "def f(x):\n    kept = []\n    while True: kept.append(open('/dev/null'))",
    verdict: "exception",
    weaker: { pyodide: "memory" },
  },
  {
    name: "has the kernel signal its parent for a file",
    code: "import fcntl, os\ndef f(x):\n    r, w = os.pipe()\n    fcntl.fcntl(r, fcntl.F_SETOWN, os.getppid())\n    return 0",
    verdict: "forbidden",
    weaker: { pyodide: "exception", none: "wrong" },
  },
  {
    name: "types into the terminal",
    code: "import fcntl\ndef f(x):\n    for c in 'exit\\n': fcntl.ioctl(0, 0x5412, c.encode())\n    return 0",
    verdict: "forbidden",
    weaker: { pyodide: "exception", none: "exception" },
  },
];
