// Tests that test code defines in unusual ways and never calls, and failures that it swallows or does not look at: a wrong program must not pass.
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Language } from "./jobs.ts";
import { canRun, titleOf } from "./local/levels.fixture.ts";
import { createSandbox, type Sandbox } from "./sandbox.ts";

const UNCALLED = {
  "in a block": "f(1)\nif True:\n    def test_a(): assert f(1) == 1",
  "a lambda": "f(1)\ntest_a = lambda: 1 / (f(1) == 1)",
  "made by another function": "def make(i):\n    def case(): assert f(i) == i\n    return case\ntest_a = make(1)\nf(1)",
  "a generator": "def test_a():\n    assert f(1) == 1\n    yield\nf(1)",
  "named in a list": "def test_a():\n    assert f(1) == 1\nall_tests = [test_a]\nf(1)",
  "named in itself": "def test_a(n=1):\n    if n: test_a(n - 1)\n    assert f(1) == 1\nf(1)",
  "inherited by a class": "class Base:\n    def test_a(self): assert f(1) == 1\nclass TestA(Base): pass\nf(1)",
  "in a class in a class": "class TestA:\n    class TestB:\n        def test_a(self): assert f(1) == 1\nf(1)",
  "in a class with a setup": "class TestA:\n    def setup_method(self): self.got = f(1)\n    def test_a(self): assert self.got == 1",
  "in a class that is used": "class TestA:\n    def test_a(self): assert f(1) == 1\ncase = TestA()\nf(1)",
  "in a TestCase that is no statement":
    "import unittest\nT = type('T', (unittest.TestCase,), {'test_a': lambda self: self.assertEqual(f(1), 1), '__module__': __name__})\nf(1)",
  "a check with a default": "def check(candidate=None):\n    assert candidate(1) == 1",
};

const SWALLOWED = {
  "by a return": "def t():\n    try:\n        assert f(1) == 1\n    finally:\n        return\nt()",
  "by a task":
    "import asyncio\nasync def g(): assert f(1) == 1\nasync def main():\n    asyncio.create_task(g())\n    await asyncio.sleep(0)\nasyncio.run(main())",
  "by gather":
    "import asyncio\nasync def g(): assert f(1) == 1\nasync def main(): await asyncio.gather(g(), return_exceptions=True)\nasyncio.run(main())",
  "by a destructor": "class A:\n    def __del__(self): assert f(1) == 1\na = A()\ndel a",
  "by a runner":
    "import unittest\nclass T(unittest.TestCase):\n    def test_a(self): self.assertEqual(f(1), 1)\nunittest.TextTestRunner().run(unittest.defaultTestLoader.loadTestsFromTestCase(T))",
  "by a subtest's runner":
    "import unittest\nclass T(unittest.TestCase):\n    def test_a(self):\n        with self.subTest(): self.assertEqual(f(1), 1)\nunittest.TextTestRunner().run(T('test_a'))",
  "by doctest": "import doctest\ndef t():\n    '''\n    >>> f(1)\n    1\n    '''\ndoctest.testmod()",
};

describe.runIf(canRun("process"))(`test code under ${titleOf("process")}`, () => {
  let sandbox: Sandbox;
  beforeAll(async () => {
    sandbox = await createSandbox({ workers: 1, isolation: "process" });
  });
  afterAll(() => sandbox.close());

  const verdicts = async (test: string, language: Language = "python"): Promise<string[]> => {
    const programs = language === "python" ? ["def f(x): return x", "def f(x): return 0"] : ["const f = (x) => x;", "const f = () => 0;"];
    const results = await Promise.all(programs.map((code) => sandbox.runTests({ language, code, entryPoint: "f", tests: [test] })));
    return results.map(({ verdicts: [first] }) => (first!.verdict === "pass" ? "pass" : "fails"));
  };

  it.each(Object.entries(UNCALLED))("runs a test that is %s", async (_, test) => {
    expect(await verdicts(test)).toEqual(["pass", "fails"]);
  });

  it.each(Object.entries(SWALLOWED))("counts a failure that is swallowed %s", async (_, test) => {
    expect(await verdicts(test)).toEqual(["pass", "fails"]);
  });

  it("lets a test expect that its own assertion fails", async () => {
    const tests = [
      "try:\n    assert f(1) == 2\nexcept AssertionError:\n    pass",
      "import contextlib\nwith contextlib.suppress(AssertionError):\n    assert f(1) == 2",
      "import unittest\ndef no(): assert f(1) == 2\nclass T(unittest.TestCase):\n    def test_a(self): self.assertRaises(AssertionError, no)",
      "import unittest\nclass T(unittest.TestCase):\n    @unittest.expectedFailure\n    def test_a(self): assert f(1) == 2",
    ];
    const { verdicts: all } = await sandbox.runTests({ code: "def f(x): return x", entryPoint: "f", tests });
    expect(all.map(({ verdict, detail }) => verdict + detail)).toEqual(["pass", "pass", "pass", "pass"]);
  });

  it("lets no exception of a program leave assertRaises and end a loop", async () => {
    const test =
      "import unittest\nclass T(unittest.TestCase):\n    def test_a(self):\n        for _ in map(lambda x: self.assertRaises(ValueError, f, x), [1]): pass";
    const { verdicts: all } = await sandbox.runTests({ code: "def f(x): raise StopIteration", entryPoint: "f", tests: [test] });
    expect(all[0]).toMatchObject({ verdict: "exception", detail: "StopIteration" });
  });

  it.each([
    ["at the exit", 'const assert = require("assert");\nf(1);\nprocess.on("exit", () => assert.equal(f(1), 1));'],
    ["in an indented function", 'const assert = require("assert");\n  function testF() { assert.equal(f(1), 1) }'],
    ["in an exported function", 'import assert from "node:assert";\nexport function testF() { assert.equal(f(1), 1) }'],
  ])("counts what a JavaScript test checks %s", async (_, test) => {
    expect(await verdicts(test, "javascript")).toEqual(["pass", "fails"]);
  });

  it("leaves a JavaScript test function in a function to that", async () => {
    const test = 'f(1);\nfunction outer() {\n  function testInner() { throw new Error("not called") }\n}\nouter();';
    expect(await verdicts(test, "javascript")).toEqual(["pass", "pass"]);
  });
});
