import type { Attack } from "./attack.fixture.ts";

// Exit code 0 is a pass for rewards that run `python3 -c "{code}\n{assert}"`.
export const earlyExit: Attack[] = [
  { name: "leaves by sys.exit(0) at import", code: "import sys\nsys.exit(0)", verdict: "exception" },
  { name: "leaves by os._exit(0) at import", code: "import os\nos._exit(0)", verdict: "exception" },
  { name: "raises SystemExit", code: "raise SystemExit", verdict: "exception" },
  { name: "leaves by os._exit(0) in the function", code: "import os\ndef f(x):\n    os._exit(0)", verdict: "exception" },
  { name: "leaves by exit code 0 in the function", code: "import sys\ndef f(x):\n    sys.exit(0)", verdict: "exception" },
  { name: "leaves when the interpreter ends", code: "import atexit, os\natexit.register(os._exit, 0)\ndef f(x):\n    return 0", verdict: "wrong" },
  {
    name: "leaves from the hook for exceptions",
    code: "import os, sys\nsys.excepthook = lambda *_: os._exit(0)\ndef f(x):\n    raise ValueError",
    verdict: "exception",
  },
  {
    name: "leaves from the hook for what cannot be raised",
    code: "import os, sys\nsys.unraisablehook = lambda *_: os._exit(0)\nclass A:\n    def __del__(self): raise ValueError\ndef f(x):\n    A()\n    return 0",
    verdict: "exception",
  },
  {
    name: "leaves from a trace function",
    code: "import os, sys\nsys.settrace(lambda *_: os._exit(0))\ndef f(x):\n    return 0",
    verdict: "exception",
  },
  {
    name: "leaves when a value is compared",
    code: "import os\nclass A:\n    def __eq__(self, other): os._exit(0)\ndef f(x):\n    return A()",
    verdict: "wrong",
  },
  {
    name: "becomes another program that ends well",
    code: "import os\ndef f(x):\n    os.execv('/bin/true', ['true'])",
    verdict: "forbidden",
    weaker: { pyodide: "exception", none: "exception" },
  },
];
