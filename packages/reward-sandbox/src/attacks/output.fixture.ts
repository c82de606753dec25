import type { Attack } from "./attack.fixture.ts";

const answering = (lines: string): string =>
  `import os\ndef f(x):\n    for fd in range(3, 16):\n        try: os.write(fd, ${lines})\n        except OSError: pass\n    os._exit(0)`;

// Answers for itself. A forged value is an output like any other: to be right it would have to be computed.
export const output: Attack[] = [
  { name: "prints the pass rate", code: "print('__PASS_RATE__ 1.0')\ndef f(x):\n    print('__PASS_RATE__ 1.0')\n    return 0", verdict: "wrong" },
  { name: "prints passed", code: "def f(x):\n    print('passed')\n    print('OK')\n    return 0", verdict: "wrong" },
  { name: "answers pass", code: answering(`b'["pass", ""]\\n["pass", ""]\\n'`), verdict: "forbidden" },
  { name: "answers a value", code: answering(`b'["ok", 0]\\n["ok", 0]\\n'`), verdict: ["wrong", "exception"] },
  { name: "answers numbers that are no JSON", code: answering(`b'["ok", NaN]\\n["ok", 1e999]\\n'`), verdict: "forbidden" },
  {
    name: "answers values in a form of its own",
    code: answering(`b'["ok", {"float": {"toString": 1}}]\\n["ok", {"dict": [null]}]\\n'`),
    verdict: "forbidden",
  },
  { name: "answers a status that does not exist", code: answering(`b'["__proto__", 1]\\n["constructor", 1]\\n'`), verdict: "forbidden" },
  {
    name: "answers infrastructure, to have its failure passed over",
    code: answering(`b'["infrastructure", ""]\\n["infrastructure", ""]\\n'`),
    verdict: "forbidden",
  },
  {
    name: "speaks the protocol of tests in its own process",
    code: `import json, os
def line():
    text = b''
    while not text.endswith(b'\\n'): text += os.read(4, 1)
    return json.loads(text)
def say(*answer): os.write(3, json.dumps(answer).encode() + b'\\n')
say('loaded', None)
line()
say('done', None)
say('pass', line())
os._exit(0)`,
    verdict: ["exception", "forbidden"],
    weaker: { pyodide: ["exception", "forbidden", "timeout"] },
    passesInside: true,
  },
  {
    name: "answers for the supervisor",
    code: `import os\ndef f(x):\n    os.write(1, b'{"id":"","parses":true,"results":[["ok",998244360,0],["ok",1996488713,0]]}\\n')\n    return 0`,
    verdict: "wrong",
  },
  { name: "returns ten megabytes", code: "def f(x):\n    return 'x' * 10**7", verdict: "output-limit" },
  { name: "returns data nested without end", code: "def f(x):\n    y = []\n    y.append(y)\n    return y", verdict: "wrong" },
  {
    name: "returns data that doubles forty times",
    code: "def f(x):\n    y = 0\n    for _ in range(40): y = [y, y]\n    return y",
    verdict: ["timeout", "memory"],
  },
  { name: "returns a generator", code: "def f(x):\n    yield 998244353 * x + 7", verdict: "wrong" },
  { name: "returns a promise of an answer", code: "async def f(x):\n    return 998244353 * x + 7", verdict: "wrong" },
];
