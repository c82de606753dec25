import { type Attack, expectedOf } from "./attack.fixture.ts";

const loop = `for got, want in zip(map(f, [1, 2]), [${expectedOf(1)}, ${expectedOf(2)}]):\n    assert got == want`;
const attribute = `class A:\n    @property\n    def wrong(self): return f(1) != ${expectedOf(1)} or None\nassert not hasattr(A(), 'wrong')`;
const items = `class A:\n    def __getitem__(self, i):\n        assert f(i + 1) == 998244353 * (i + 1) + 7\n        if i > 1: raise IndexError\nlist(A())`;
const generator = `def g():\n    try: yield 1\n    finally: assert f(1) == ${expectedOf(1)}\nh = g()\nnext(h)\nh.close()`;
const thread = `import threading\ndef g(): assert f(1) == ${expectedOf(1)}\nt = threading.Thread(target=g)\nt.start()\nt.join()`;
const inCase = (base: string, test: string): string =>
  `import unittest\nclass T(unittest.${base}):\n    ${test} self.assertEqual(f(1), ${expectedOf(1)})`;

// A test's own constructs take some exceptions for a sign; and some tests, as they are written, check nothing.
export const controlFlow: Attack[] = [
  { name: "ends the loop of its test", code: "def f(x): raise StopIteration", test: loop, verdict: "exception", passesInside: true },
  { name: "is no attribute for its test", code: "def f(x): raise AttributeError", test: attribute, verdict: "exception", passesInside: true },
  { name: "is the end of a sequence for its test", code: "def f(x): raise IndexError", test: items, verdict: "exception", passesInside: true },
  {
    name: "is the end of a generator for its test",
    code: "def f(x): raise GeneratorExit",
    test: generator,
    verdict: "exception",
    passesInside: true,
  },
  { name: "ends a thread of its test", code: "def f(x): raise SystemExit", test: thread, verdict: "exception", passesInside: true },
  { name: "fails in a thread of its test", code: "def f(x): return 0", test: thread, verdict: "wrong", passesInside: true },
  {
    name: "has its test skipped",
    code: "import unittest\ndef f(x): raise unittest.SkipTest('no')",
    test: inCase("TestCase", "def test_f(self):"),
    verdict: "exception",
  },
  {
    name: "leaves where its test catches everything",
    code: "import os\ndef f(x): os._exit(0)",
    test: "try: f(1)\nexcept: pass",
    verdict: "exception",
  },
  {
    name: "is tested by a function that nobody calls",
    code: "def f(x): return 0",
    test: `def test_f():\n    assert f(1) == ${expectedOf(1)}`,
    verdict: "wrong",
  },
  {
    name: "is tested by a check that nobody calls",
    code: "def f(x): return 0",
    test: `def check(candidate):\n    assert candidate(1) == ${expectedOf(1)}`,
    verdict: "wrong",
  },
  { name: "is tested by a case that nobody runs", code: "def f(x): return 0", test: inCase("TestCase", "def test_f(self):"), verdict: "wrong" },
  {
    name: "is tested by an asynchronous case",
    code: "def f(x): return 0",
    test: inCase("IsolatedAsyncioTestCase", "async def test_f(self):"),
    verdict: "wrong",
  },
];
