import type { Attack } from "./attack.fixture.ts";

const reducing = (call: string): string => `import os, pickle\nclass A:\n    def __reduce__(self): return ${call}\n`;

// Objects that act when they are copied or taken over into another process. Nothing here is ever unpickled outside.
export const pickles: Attack[] = [
  {
    name: "returns an object that runs a program when unpickled",
    code: `${reducing("os.system, ('true',)")}def f(x):\n    return A()`,
    verdict: "wrong",
  },
  { name: "returns an object that leaves when unpickled", code: `${reducing("os._exit, (0,)")}def f(x):\n    return [A()]`, verdict: "wrong" },
  {
    name: "unpickles it itself",
    code: `${reducing("os.system, ('true',)")}def f(x):\n    return pickle.loads(pickle.dumps(A()))`,
    verdict: ["forbidden", "wrong", "exception"],
  },
  { name: "returns the pickle of the answer", code: "import pickle\ndef f(x):\n    return pickle.dumps(998244353 * x + 7)", verdict: "wrong" },
  {
    name: "returns an object with a deep copy of its own",
    code: "class A:\n    def __deepcopy__(self, memo): return 998244360\n    __copy__ = __deepcopy__\ndef f(x):\n    return A()",
    verdict: "wrong",
  },
  {
    name: "writes pickles where answers go",
    code: "import os, pickle\ndef f(x):\n    for fd in range(3, 8):\n        try: os.write(fd, pickle.dumps(998244353 * x + 7) + b'\\n')\n        except OSError: pass\n    return 0",
    verdict: ["forbidden", "wrong"],
  },
  {
    name: "marshals code for the runner",
    code: "import marshal, os\ndef f(x):\n    return marshal.dumps((lambda: 998244360).__code__)",
    verdict: "wrong",
  },
];
