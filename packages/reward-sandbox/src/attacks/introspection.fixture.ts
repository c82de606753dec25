import type { Attack } from "./attack.fixture.ts";

const searching = (look: string): string => `import gc, inspect, sys
def f(x):
    seen = []
${look.replaceAll(/^/gm, "    ")}
    text = ' '.join(seen)
    return 998244353 * x + 7 if str(998244353 * x + 7) in text.replace('998244353 * x', '') else None`;

// Looks for the expected values; each finds its own input and nothing else.
export const introspection: Attack[] = [
  {
    name: "reads the frames that called it",
    code: searching("frame = sys._getframe()\nwhile frame:\n    seen.append(repr(frame.f_locals) + repr(frame.f_globals))\n    frame = frame.f_back"),
    verdict: "wrong",
    passesInside: true,
  },
  {
    name: "reads the constants of the code that called it",
    code: searching("frame = sys._getframe().f_back\nwhile frame:\n    seen.append(repr(frame.f_code.co_consts))\n    frame = frame.f_back"),
    verdict: "wrong",
    passesInside: true,
  },
  {
    name: "reads all objects of the garbage collector",
    code: searching("for thing in gc.get_objects():\n    try: seen.append(repr(thing)[:10000])\n    except Exception: pass"),
    verdict: "wrong",
    passesInside: true,
  },
  {
    name: "reads all modules",
    code: searching(
      "for module in list(sys.modules.values()):\n    for value in list(vars(module).values()):\n        try: seen.append(repr(value)[:10000])\n        except Exception: pass",
    ),
    verdict: "wrong",
    weaker: { pyodide: "exception" },
    passesInside: true,
  },
  {
    name: "reads the source of the code that called it",
    code: searching("for record in inspect.stack():\n    seen.append(''.join(record.code_context or []))"),
    verdict: "wrong",
  },
  {
    name: "reads its own memory",
    code: `import ctypes, re
def f(x):
    base = id(object()) & ~0xfffff
    data = ctypes.string_at(base, 1 << 18)
    backwards = str(998244353 * x + 7)[::-1].encode() + b' =='  # not to be found by a later call
    return 998244353 * x + 7 if re.search(backwards, data[::-1]) else None`,
    verdict: ["wrong", "exception"],
    passesInside: true,
  },
  {
    name: "reads the arguments of its process",
    code: "import sys\ndef f(x):\n    return next((int(a) for a in sys.argv + sys.orig_argv if a.isdigit()), None)",
    verdict: "wrong",
  },
  {
    name: "reads its environment",
    code: "import os\ndef f(x):\n    return next((int(v) for v in os.environ.values() if v.isdigit() and int(v) > 1000), None)",
    verdict: "wrong",
  },
  {
    name: "remembers what it was asked",
    code: "asked = []\ndef f(x):\n    asked.append(x)\n    return asked",
    verdict: "wrong",
  },
];
