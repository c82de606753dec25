import type { Attack } from "./attack.fixture.ts";

export const encoding: Attack[] = [
  { name: "holds a NUL byte", code: "def f(x):\n    return 998244353 * x + 7\0", verdict: "exception" },
  { name: "holds half a surrogate pair", code: "def f(x):\n    return '\ud800'", verdict: "exception" },
  { name: "declares another encoding", code: "# -*- coding: utf-7 -*-\n+AGkAbQBwAG8AcgB0- os\ndef f(x):\n    return 0", verdict: "exception" },
  { name: "returns half a surrogate pair", code: "def f(x):\n    return chr(0xd800)", verdict: "wrong" },
  { name: "returns a line end", code: `def f(x):\n    return '"]\\n["ok", 998244360]\\n'`, verdict: "wrong" },
  { name: "returns line ends of Unicode", code: "def f(x):\n    return '\\u2028\\u2029\\x85\\r'", verdict: "wrong" },
  { name: "returns the digits of another script", code: "def f(x):\n    return '\\u0661\\u0660\\u0661\\u0666'", verdict: "wrong" },
  {
    name: "prints what is no UTF-8",
    code: "import os, sys\ndef f(x):\n    os.write(1, b'\\xff\\xfe')\n    sys.stdout.buffer.write(b'\\xff')\n    return 0",
    verdict: ["wrong", "exception"],
  },
  {
    name: "names its exception in half a surrogate pair",
    code: "E = type('\\ud800'.encode('utf-16', 'surrogatepass').decode('utf-16', 'replace'), (Exception,), {})\ndef f(x):\n    raise E",
    verdict: "exception",
  },
  {
    name: "hides its exception's name",
    code: "class M(type):\n    @property\n    def __name__(cls): raise OSError\nclass E(Exception, metaclass=M): pass\ndef f(x):\n    raise E",
    verdict: "exception",
  },
  { name: "returns an integer of too many digits", code: "def f(x):\n    return 10 ** 9000", verdict: ["wrong", "exception"] },
  { name: "names the function in look-alike letters", code: "def \u{1D41F}\u200c(x):\n    return 0", verdict: "exception" },
  {
    name: "is one line of ten megabytes",
    code: `x = '${"a".repeat(2_000_000)}'\ndef f(x):\n    return 0`,
    verdict: "wrong",
    weaker: { pyodide: ["wrong", "timeout"] },
  },
];
