import type { Attack } from "./attack.fixture.ts";

// Changes what the runner or the tests are made of.
export const monkeypatching: Attack[] = [
  { name: "replaces json.dumps", code: `import json\njson.dumps = lambda *_: '["ok", 998244360]'\ndef f(x):\n    return 0`, verdict: "wrong" },
  { name: "replaces os.write", code: "import os\nos.write = lambda fd, data: len(data)\ndef f(x):\n    return 0", verdict: "wrong" },
  {
    name: "replaces builtins.type",
    code: "import builtins\nbuiltins.type = lambda *_: int\ndef f(x):\n    return 0",
    verdict: ["wrong", "exception"],
  },
  {
    name: "replaces the builtins that tests use",
    code: "import builtins\nbuiltins.abs = lambda _: 0\nbuiltins.isinstance = lambda *_: True\nbuiltins.all = lambda _: True\ndef f(x):\n    return 0",
    verdict: ["wrong", "exception"],
  },
  { name: "replaces AssertionError", code: "import builtins\nbuiltins.AssertionError = SystemExit\ndef f(x):\n    return 0", verdict: "wrong" },
  {
    name: "replaces math.isclose",
    code: "import math\nmath.isclose = lambda *_, **__: True\ndef f(x):\n    return 0",
    verdict: "wrong",
    passesInside: true,
  },
  {
    name: "replaces unittest's checks",
    code: "import unittest\nfor name in dir(unittest.TestCase):\n    if name.startswith('assert'): setattr(unittest.TestCase, name, lambda *_: None)\ndef f(x):\n    return 0",
    verdict: "wrong",
  },
  {
    name: "replaces the runner's own encoder",
    code: "import sys\nfor name, module in list(sys.modules.items()):\n    if name.startswith('sandbox.'): vars(module).update(encode=lambda *_: True, sameValue=lambda *_: True)\ndef f(x):\n    return 0",
    verdict: "wrong",
  },
  {
    name: "replaces the code of the runner's encoder",
    code: "import sys\nencode = sys.modules['sandbox.values'].encode\nencode.__code__ = (lambda value, depth=0: True).__code__\ndef f(x):\n    return 0",
    verdict: "wrong",
  },
  {
    name: "replaces import",
    code: "import builtins\nold = builtins.__import__\ndef fake(name, *args, **kwargs):\n    if name == 'math': raise SystemExit\n    return old(name, *args, **kwargs)\nbuiltins.__import__ = fake\ndef f(x):\n    return 0",
    verdict: "wrong",
  },
  {
    name: "plants modules under the names of Python's own",
    code: "import sys, types\nfor name in ('math', 'unittest', 'json'): sys.modules[name] = types.ModuleType(name)\ndef f(x):\n    return 0",
    verdict: "wrong",
  },
  {
    name: "changes a number that Python shares",
    code: "import ctypes\ndef f(x):\n    ctypes.memset(id(257) + 24, 0, 4)\n    return 0",
    verdict: ["wrong", "exception"],
  },
];
