// Tests that are code, and whole programs, in Python.
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { canRun, LEVELS, titleOf } from "./local/levels.fixture.ts";
import type { TestJob } from "./jobs.ts";
import { createSandbox, type Sandbox } from "./sandbox.ts";

const always = "class Any:\n    def __eq__(self, other): return True\ndef f(x):\n    return Any()";

for (const isolation of LEVELS)
  describe.runIf(canRun(isolation))(`under ${titleOf(isolation)}`, () => {
    let sandbox: Sandbox;
    beforeAll(async () => {
      sandbox = await createSandbox({ workers: 1, wallTimeMs: 2000, isolation });
    });
    afterAll(() => sandbox.close());
    const verdictsOf = async (job: TestJob): Promise<string[]> =>
      (await sandbox.runTests(job)).verdicts.map(({ verdict, detail }) => (detail === "" ? verdict : `${verdict}: ${detail}`));

    describe("tests in a process of their own", () => {
      const code = "def f(x):\n    if x is None: raise KeyError(x)\n    return x + 1";

      it("pass if they run to their end", async () => {
        const tests = [
          "assert f(1) == 2",
          "assert candidate(1) == 3, 'no'",
          "f('a')",
          "assert f((1,)[0]) ==",
          "import math\nassert math.isclose(f(0.5), 1.5)",
        ];
        expect(await verdictsOf({ code, entryPoint: "f", tests })).toEqual([
          "pass",
          "wrong: AssertionError: no",
          "exception: TypeError",
          "exception: SyntaxError",
          "pass",
        ]);
      });

      it("may expect Python's own exceptions", async () => {
        const test = (kind: string): string => `try:\n    f(None)\nexcept ${kind}:\n    pass\nelse:\n    assert False`;
        expect(await verdictsOf({ code, entryPoint: "f", tests: [test("KeyError"), test("ValueError")] })).toEqual(["pass", "exception: KeyError"]);
      });

      it("cannot be passed by leaving, by a value that equals everything, or by expecting the program to fail", async () => {
        const tests = ["assert f(1) == 2", "try: f(1)\nexcept BaseException: pass"];
        const cases = {
          "import os\nos._exit(0)": "exception: exit",
          "def f(x): raise SystemExit": "exception: exit",
          "def f(x:": "exception: SyntaxError",
        };
        for (const [program, verdict] of Object.entries(cases)) {
          expect((await verdictsOf({ code: program, entryPoint: "f", tests: tests.slice(0, 1) }))[0], program).toBe(verdict);
        }
        expect(await verdictsOf({ code: always, entryPoint: "f", tests: tests.slice(0, 1) })).toEqual([
          "wrong: returned a value of type Any, which is not plain data",
        ]);
      });

      it("are unknown to the program's process, before, during and after", async () => {
        const spy = `import gc, sys
def f(x):
    frame, seen = sys._getframe(), []
    while frame:
        seen.append(repr(frame.f_locals))
        frame = frame.f_back
    for thing in gc.get_objects():
        try: seen.append(repr(thing)[:10000])
        except Exception: pass
    return str(4217 * 1000003 + x) in ' '.join(seen)`;
        const expected = 4217 * 1000003 + 1;
        const tests = [`assert f(1) != ${expected} and not f(1)`, `assert not f(1), ${expected}`];
        expect(await verdictsOf({ code: spy, entryPoint: "f", tests })).toEqual(["pass", "pass"]);
      });

      it("run unittest's classes", async () => {
        const test = (expected: number): string =>
          `import unittest\nclass Tests(unittest.TestCase):\n    def test_f(self):\n        self.assertEqual(f(1), ${expected})\n    def test_raises(self):\n        with self.assertRaises(KeyError): f(None)`;
        expect(await verdictsOf({ code, entryPoint: "f", unittest: true, tests: [test(2), test(3), "x = 1"] })).toEqual([
          "pass",
          "wrong: AssertionError: 2 != 3",
          "exception: no test was found",
        ]);
      });
    });

    describe("tests that nobody calls", () => {
      const verdicts = (code: string, ...tests: string[]) => verdictsOf({ code, entryPoint: "f", tests });

      it("are run: pytest's functions and classes, HumanEval's check, unittest's cases", async () => {
        const tests = [
          "def check(candidate):\n    assert candidate(1) == 2",
          "def test_f():\n    assert f(1) == 2",
          "async def test_f():\n    assert f(1) == 2",
          "class TestF:\n    def test_f(self):\n        assert f(1) == 2",
          "import unittest\nclass T(unittest.TestCase):\n    def test_f(self):\n        assert f(1) == 2",
          "import unittest\nclass T(unittest.IsolatedAsyncioTestCase):\n    async def test_f(self):\n        assert f(1) == 2",
        ];
        expect(await verdicts("def f(x): return x + 1", ...tests)).toEqual(tests.map(() => "pass"));
        expect(await verdicts("def f(x): return x", ...tests)).toEqual(tests.map(() => "wrong: AssertionError"));
      });

      it("cannot judge a program that they never call", async () => {
        const tests = ["assert True", "# f(1) == 2", "", "def test_f(fixture):\n    assert f(1) == 2", "async def g():\n    assert f(1) == 2\ng()"];
        const never = "infrastructure: the test never calls f";
        expect(await verdicts("def f(x): return x", ...tests)).toEqual([
          never,
          never,
          never,
          "infrastructure: test_f wants arguments: fixture",
          never,
        ]);
      });

      it("blame a program that ended before they could call it", async () => {
        expect(await verdicts("import os\nos._exit(0)", "assert True")).toEqual(["exception: exit"]);
      });
    });

    describe("what a program raises", () => {
      it("ends no loop, attribute, sequence or thread of the test", async () => {
        const tests = {
          StopIteration: ["for x in map(f, [1]): assert False", "assert next(map(f, [1]), 5) == 5", "assert all(map(f, [1]))", "[*map(f, [1])]"],
          AttributeError: [
            "class A:\n    a = property(lambda _: f(1))\nassert not hasattr(A(), 'a')",
            "class A:\n    __getattr__ = lambda *_: f(1)\ngetattr(A(), 'a', 1)",
          ],
          IndexError: ["class A:\n    __getitem__ = lambda _, i: f(i)\nassert list(A()) == []"],
          TypeError: [
            "class A(list):\n    __len__ = lambda _: f(1)\nlist(iter(A()))\nlist(type('B', (), {'__iter__': lambda _: iter(()), '__len__': lambda _: f(1)})())",
          ],
          GeneratorExit: ["def g():\n    try: yield\n    finally: f(1)\nh = g()\nnext(h)\nh.close()"],
          KeyboardInterrupt: ["import threading\nt = threading.Thread(target=f, args=(1,))\nt.start()\nt.join()"],
        };
        for (const [kind, each] of Object.entries(tests)) {
          expect(await verdictsOf({ code: `def f(x): raise ${kind}`, entryPoint: "f", tests: each })).toEqual(each.map(() => `exception: ${kind}`));
        }
      });

      it("does not excuse that it left, even if the test catches it", async () => {
        const tests = ["try: f(1)\nexcept: pass", "import contextlib\nwith contextlib.suppress(BaseException): f(1)"];
        expect(await verdictsOf({ code: "import os\ndef f(x): os._exit(0)", entryPoint: "f", tests })).toEqual([
          "exception: exit",
          "exception: exit",
        ]);
      });

      it("cannot take the place of a name that the test uses for something else", async () => {
        const code = "class isinstance(Exception): pass\nclass is_close(Exception): pass\nclass Low(Exception): pass\ndef f(x): raise Low";
        const tests = ["try: f(1)\nexcept Low: assert isinstance(f, int)", "assert is_close(f, 1)", "try: f(1)\nexcept Low: assert Low('x')"];
        expect(await verdictsOf({ code, entryPoint: "f", tests })).toEqual(["wrong: AssertionError", "exception: NameError", "exception: NameError"]);
      });

      it("is named in so many characters", async () => {
        const code = "def f(x): raise type('E' * 1000000, (Exception,), {})";
        expect(await verdictsOf({ code, entryPoint: "f", tests: ["f(1)"] })).toEqual([`exception: ${"E".repeat(200)}`]);
      });
    });

    describe("what a program returns", () => {
      it("is compared by the test only, independent of its class", async () => {
        const equal = "def __eq__(self, other): return True\n    __hash__ = None";
        const programs = [
          `from typing import NamedTuple\nclass A(NamedTuple):\n    x: int = 0\n    ${equal}`,
          `from dataclasses import dataclass\n@dataclass(eq=False)\nclass A:\n    x: int = 0\n    ${equal}`,
          `from dataclasses import make_dataclass\nA = lambda: make_dataclass('A', ['x', '__eq__'])(0, True)`,
          `from enum import Enum\nclass E(Enum):\n    x = 0\n    def __eq__(self, other): return True\nA = lambda: E.x`,
          `class A(dict):\n    ${equal}\n    def items(self): return [(1, 2)]`,
          `class A:\n    ${equal}\n    def __iter__(self): return self\n    def __next__(self): return self`,
          `class A:\n    ${equal}\n    def __await__(self): yield self`,
          ...["5", '{"kept": [0, "nothing"]}', '{"made": ["os", "system", ["true"]]}', '{"named": ["a b", ["__eq__"], [1]]}', '{"range": ["1"]}'].map(
            (forged) => `import os\nA = lambda: os.write(3, b'["ok", ${forged}]\\n')`,
          ),
        ];
        const tests = ["assert f(1) == 2", "assert 2 == f(1)", "assert f(1) in (2, 3)", "assert list(f(1)) == [2]"];
        for (const code of programs) {
          for (const verdict of await verdictsOf({ code: `${code}\ndef f(x): return A()`, entryPoint: "f", tests }))
            expect(verdict, code).not.toBe("pass");
        }
      });
    });

    describe("tests in the program's process", () => {
      it("pass if they run to their end, with less trust", async () => {
        const code = "class Stack:\n    def __init__(self): self.items = []\n    def push(self, x): self.items.append(x)";
        const tests = ["s = Stack()\ns.push(1)\nassert s.items == [1]", "assert Stack().items == [1]", "Stack().pop()"];
        expect((await sandbox.runTests({ code, tests })).trust).toBe("low");
        expect(await verdictsOf({ code, tests })).toEqual(["pass", "wrong: AssertionError", "exception: AttributeError"]);
      });

      it("cannot judge if they hold comments alone", async () => {
        const tests = ["# assert f(1) == 2", "", "  # a\n\n# b\n", "assert f(1) == 1 # f"];
        const none = "infrastructure: the test has no statement";
        expect(await verdictsOf({ code: "def f(x): return x", tests })).toEqual([none, none, none, "pass"]);
        expect(await verdictsOf({ code: "raise ValueError", tests: ["# assert f(1) == 2"] })).toEqual(["exception: ValueError"]);
        const scripts = ["// f(1)", "/* f(1)\n */ // f", "f('//')"];
        expect(await verdictsOf({ language: "javascript", code: "function f(x) { return x; }", tests: scripts })).toEqual([none, none, "pass"]);
      });

      it("are not passed by leaving, nor by changing what tests are made of", async () => {
        const programs = [
          "import os\nos._exit(0)",
          "import sys\nsys.exit(0)",
          "import os\ndef f(x): os._exit(0)",
          "raise SystemExit",
          "import atexit, os\natexit.register(os._exit, 0)\ndef f(x): return 0",
          "import sys, os\nsys.excepthook = lambda *a: os._exit(0)\ndef f(x): return 0",
          "import builtins\nbuiltins.AssertionError = SystemExit\nbuiltins.abs = lambda x: 0\ndef f(x): return 0",
          "import unittest\nunittest.TestCase.assertEqual = lambda *a: None\ndef f(x): return 0",
        ];
        const tests = [
          "assert abs(f(1) - 2) < 1",
          "import unittest\nclass Tests(unittest.TestCase):\n    def test_f(self): self.assertEqual(f(1), 2)\nassert unittest.TextTestRunner(open('/dev/null')).run(unittest.TestLoader().loadTestsFromTestCase(Tests)).wasSuccessful()",
        ];
        for (const code of programs) {
          for (const { verdict } of (await sandbox.runTests({ code, tests })).verdicts) expect(verdict, code).not.toBe("pass");
        }
      });
    });

    describe("whole programs", () => {
      it("are given standard input, and their standard output is the value", async () => {
        const code = "import sys\nn = int(input())\nprint(n + 1)\nif n == 2: sys.exit(3)\nif n == 3: sys.exit(0)";
        expect((await sandbox.runProgram({ code, stdins: ["1\n", "2\n", "3", "x"] })).outcomes).toMatchObject([
          { status: "ok", value: "2\n" },
          { status: "exception", detail: "exit" },
          { status: "ok", value: "4\n" },
          { status: "exception", detail: "ValueError" },
        ]);
      });

      it("have limits on time and output", async () => {
        const programs = ["while True: pass", "while True: print('x' * 1000)", "def f(:"];
        const limitOf = (code: string): number => (code.endsWith("pass") ? 500 : 10_000); // only what is to time out has little time
        const ended = await Promise.all(programs.map((code) => sandbox.runProgram({ code, stdins: [""], wallTimeMs: limitOf(code) })));
        expect(ended.map(({ outcomes }) => outcomes[0]!.status)).toEqual(["timeout", "output-limit", "exception"]);
        expect(ended.map(({ parses }) => parses)).toEqual([true, true, false]);
      });
    });
  });

it.runIf(canRun("bubblewrap"))(`gives each test a clean /tmp to write to, if it is asked for, under ${titleOf("bubblewrap")}`, async () => {
  const sandbox = await createSandbox({ workers: 1, isolation: "bubblewrap" });
  const code = "import os\nprint(os.listdir('/tmp'))\nos.makedirs('/tmp/a/b')\nopen('/tmp/a/b/c', 'w').write('x')\nos.chmod('/tmp/a', 0)";
  expect((await sandbox.runProgram({ code, stdins: ["", ""], writableTmp: true })).outcomes).toMatchObject([{ value: "[]\n" }, { value: "[]\n" }]);
  expect((await sandbox.runProgram({ code, stdins: [""] })).outcomes).toMatchObject([{ status: "forbidden" }]);
  sandbox.close();
});

/** What libraries do with files: each wants a system call, or a command of one, that a program without files does not get. */
const FILES = `
import os, shutil, sqlite3, tempfile
with tempfile.NamedTemporaryFile("w+") as file:
    file.write("named")
os.makedirs("a/b")
open("a/b/c", "w").write("copied")
shutil.copytree("a", "copy")
with sqlite3.connect("data.db") as database:
    database.execute("create table t (x)")
    database.execute("insert into t values (7)")
print(open("copy/b/c").read(), database.execute("select x from t").fetchall())
`;

it.runIf(canRun("bubblewrap"))(`lets libraries work with the files in it, and start no process, under ${titleOf("bubblewrap")}`, async () => {
  const sandbox = await createSandbox({ workers: 1, isolation: "bubblewrap" });
  const run = async (code: string) => (await sandbox.runProgram({ code, stdins: [""], writableTmp: true, wallTimeMs: 20_000 })).outcomes;
  expect(await run(FILES)).toMatchObject([{ status: "ok", value: "copied [(7,)]\n" }]);
  expect(await run("import subprocess\nsubprocess.run(['true'])")).toMatchObject([{ status: "forbidden", detail: "PermissionError" }]);
  expect(await run("import socket\nsocket.socket()")).toMatchObject([{ status: "forbidden", detail: "PermissionError" }]);
  sandbox.close();
});
