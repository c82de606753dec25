// Honest programs and tests of every kind, for honest-programs.test.ts: the verdict of plain `python3` on each is right.

export interface HonestProgram {
  name: string;
  code: string;
  /** Of a function `f`; each is one verdict. */
  tests: readonly string[];
}

/** A test that passes if a statement raises what the rest of an `except` names, and a check of `e` holds. */
const raises = (statement: string, kind: string, check = "True"): string =>
  `try:\n    ${statement}\nexcept ${kind} as e:\n    assert ${check}\nelse:\n    assert False, 'nothing was raised'`;

const inCase = (body: string): string => `import unittest\nclass T(unittest.TestCase):\n    def test_f(self):\n        ${body}\nunittest.main()`;

export const honestPrograms: readonly HonestProgram[] = [
  {
    name: "a dataclass with a forward reference",
    code: "from dataclasses import dataclass\n@dataclass\nclass N:\n    v: int\n    next: 'N' = None\ndef f(x):\n    return N(x, N(1)).next.v + x",
    tests: ["assert f(2) == 3", "assert f(2) == 4"],
  },
  {
    name: "dataclasses that inherit, with annotations as text",
    code: "from __future__ import annotations\nfrom dataclasses import dataclass, field, asdict\nfrom typing import ClassVar\n@dataclass(order=True)\nclass A:\n    x: int\n    k: ClassVar[int] = 7\n@dataclass(order=True)\nclass B(A):\n    y: list[int] = field(default_factory=list)\ndef f(x):\n    return asdict(B(x, [A.k])), B(1) < B(2)",
    tests: ["assert f(3) == ({'x': 3, 'y': [7]}, True)", "assert f(3) == ({'x': 3, 'y': []}, True)"],
  },
  {
    name: "type hints that are resolved",
    code: "import typing\nclass Node:\n    next: 'Node'\ndef f(x):\n    return typing.get_type_hints(Node)['next'].__name__ * x",
    tests: ["assert f(2) == 'NodeNode'"],
  },
  {
    name: "classes that are pickled and copied",
    code: "import copy, pickle\nclass P:\n    def __init__(self, x): self.x = x\ndef f(x):\n    return pickle.loads(pickle.dumps(P(x))).x + copy.deepcopy(P(x)).x",
    tests: ["assert f(4) == 8", "assert f(4) == 9"],
  },
  {
    name: "enums and named tuples",
    code: "from enum import Enum, Flag, auto\nfrom typing import NamedTuple\nclass C(Enum):\n    RED = 1\nclass F(Flag):\n    A = auto()\n    B = auto()\nclass P(NamedTuple):\n    x: int\n    y: 'int' = 2\ndef f(x):\n    return [C.RED.name, C(x).value, P(x).y, repr(P(x)), (F.A | F.B).value]",
    tests: ["assert f(1) == ['RED', 1, 2, 'P(x=1, y=2)', 3]", raises("f(9)", "ValueError", "'9 is not a valid' in str(e)")],
  },
  {
    name: "generic classes and protocols",
    code: "from typing import Generic, Protocol, TypeVar, runtime_checkable\nT = TypeVar('T')\n@runtime_checkable\nclass HasLen(Protocol):\n    def __len__(self) -> int: ...\nclass Box(Generic[T]):\n    def __init__(self, item: T): self.item = item\ndef f(x):\n    return Box[int](x).item, isinstance('', HasLen)",
    tests: ["assert f(3) == (3, True)"],
  },
  {
    name: "its own source and module",
    code: "import inspect, sys\ndef g(x):\n    return x\ndef f(x):\n    return inspect.getsource(g).splitlines()[x].strip(), sys.modules[g.__module__].g is g",
    tests: ["assert f(1) == ('return x', True)", "assert f(0) == ('def g(x):', True)"],
  },
  {
    name: "singledispatch, cached properties and abstract classes",
    code: "import abc, functools\nclass Shape(abc.ABC):\n    @abc.abstractmethod\n    def area(self): ...\nclass Square(Shape):\n    def __init__(self, a): self.a = a\n    @functools.cached_property\n    def twice(self): return self.a * 2\n    def area(self): return self.a ** 2\n@functools.singledispatch\ndef f(x): raise TypeError(f'no {type(x).__name__}')\n@f.register\ndef _(x: int): return Square(x).area() + Square(x).twice\n@f.register\ndef _(x: str): return Shape()",
    tests: ["assert f(3) == 15", raises("f(1.5)", "TypeError", "str(e) == 'no float'"), raises("f('a')", "TypeError", "'abstract' in str(e)")],
  },
  {
    name: "a thread",
    code: "import threading\ndef f(x):\n    r = []\n    t = threading.Thread(target=lambda: r.append(x))\n    t.start()\n    t.join()\n    return r[0]",
    tests: ["assert f(3) == 3", "assert f(3) == 4"],
  },
  {
    name: "threads with locks, queues and events",
    code: "import queue, threading\ndef f(n):\n    q, done, lock, total = queue.Queue(), threading.Event(), threading.Lock(), [0]\n    def work():\n        while (item := q.get()) is not None:\n            with lock: total[0] += item\n        done.set()\n    threads = [threading.Thread(target=work, daemon=True) for _ in range(8)]\n    for t in threads: t.start()\n    for i in range(n): q.put(i)\n    for _ in threads: q.put(None)\n    for t in threads: t.join()\n    return total[0], done.is_set()",
    tests: ["assert f(100) == (4950, True)"],
  },
  {
    name: "a pool of threads",
    code: "from concurrent.futures import ThreadPoolExecutor, as_completed\ndef f(xs):\n    with ThreadPoolExecutor(max_workers=8) as pool:\n        return list(pool.map(lambda x: 10 // x, xs)), sum(each.result() for each in as_completed([pool.submit(abs, x) for x in xs]))",
    tests: ["assert f([1, 2, 5]) == ([10, 5, 2], 8)", raises("f([0])", "ZeroDivisionError")],
  },
  {
    name: "a timer and thread-local values",
    code: "import threading\ndef f(x):\n    local, out = threading.local(), []\n    local.x = x\n    t = threading.Timer(0.001, lambda: out.append(hasattr(local, 'x')))\n    t.start()\n    t.join()\n    return local.x, out",
    tests: ["assert f(3) == (3, [False])"],
  },
  {
    name: "asyncio.run",
    code: "import asyncio\nasync def g(x):\n    await asyncio.sleep(0.001)\n    return x\ndef f(x):\n    return asyncio.run(g(x))",
    tests: ["assert f(3) == 3", "assert f(3) == 2"],
  },
  {
    name: "tasks, queues and time limits",
    code: "import asyncio\nasync def producer(q, n):\n    for i in range(n): await q.put(i)\n    await q.put(None)\nasync def consumer(q):\n    out = []\n    while (item := await q.get()) is not None: out.append(item)\n    return out\nasync def main(n):\n    q = asyncio.Queue(maxsize=2)\n    task = asyncio.create_task(producer(q, n))\n    out = await consumer(q)\n    await task\n    try: await asyncio.wait_for(asyncio.sleep(9), 0.001)\n    except asyncio.TimeoutError: out.append('late')\n    return out + await asyncio.gather(*(asyncio.to_thread(abs, -i) for i in range(3)))\ndef f(n):\n    loop = asyncio.new_event_loop()\n    try: return loop.run_until_complete(main(n))\n    finally: loop.close()",
    tests: ["assert f(3) == [0, 1, 2, 'late', 0, 1, 2]"],
  },
  {
    name: "async generators and context managers",
    code: "import asyncio, contextlib\n@contextlib.asynccontextmanager\nasync def opened(x):\n    yield x\nasync def count(n):\n    for i in range(n):\n        await asyncio.sleep(0)\n        yield i\nasync def main(n):\n    async with opened(n) as m, asyncio.Lock():\n        return [i async for i in count(m)]\nf = lambda n: asyncio.run(main(n))",
    tests: ["assert f(3) == [0, 1, 2]", raises("f('a')", "TypeError")],
  },
  {
    name: "keyword arguments",
    code: "def f(a, b=2, *rest, c=3, **more):\n    return [a, b, rest, c, more]",
    tests: [
      "assert f(b=1, a=3) == [3, 1, (), 3, {}]",
      "assert f(1, 2, 3, c=4, d={5: (6,)}) == [1, 2, (3,), 4, {'d': {5: (6,)}}]",
      "assert f(*[1], **{'c': 0}) == [1, 2, (), 0, {}]",
      raises("f()", "TypeError", `str(e) == "f() missing 1 required positional argument: 'a'"`),
      "assert f(1, c=1) == [1, 2, (), 2, {}]",
    ],
  },
  {
    name: "arguments that are changed in place",
    code: "from collections import deque\ndef f(xs, d=None, *, s=None):\n    xs[0].append(9) if type(xs[0]) is list else xs.reverse()\n    if d is not None: d['k'] = d.pop('j', 0) + 1\n",
    tests: [
      "xs = [1, 2]\nassert f(xs) is None\nassert xs == [2, 1]",
      "row = [1]\nxs = [row, 2]\nf(xs)\nassert row == [1, 9] and xs[0] is row",
      "d = {'j': 4, 'i': 1}\nf([1], d)\nassert d == {'i': 1, 'k': 5}",
      "xs = [1, 2]\nf(xs)\nassert xs == [1, 2]",
    ],
  },
  {
    name: "an exception with a message",
    code: "def f(x):\n    if x < 0: raise ValueError(f'negative: {x}', x)\n    return x",
    tests: [
      raises("f(-1)", "ValueError", "e.args == ('negative: -1', -1)"),
      raises("f(-1)", "Exception", "'negative' in str(e)"),
      raises("f(-1)", "TypeError"),
      raises("f(1)", "ValueError"),
      "import contextlib\nwith contextlib.suppress(ValueError):\n    f(-1)\n    assert False\nassert f(1) == 1",
      inCase("self.assertRaises(ValueError, f, -1)"),
      inCase("self.assertRaises(KeyError, f, -1)"),
      inCase("with self.assertRaisesRegex(ValueError, 'negative: -1') as c: f(-1)\n        self.assertEqual(c.exception.args[1], -1)"),
      inCase("self.assertRaisesRegex(ValueError, 'positive', f, -1)"),
      "def raised(kind, call, *args):\n    try: call(*args)\n    except kind: return True\n    return False\nassert raised(ValueError, f, -1) and not raised(ValueError, f, 1)",
    ],
  },
  {
    name: "an exception of its own class",
    code: "class AppError(Exception):\n    pass\nclass TooLow(AppError, ValueError):\n    def __init__(self, value, low):\n        super().__init__(f'{value} < {low}')\n        self.value, self.low = value, low\n    def __str__(self): return 'too low: ' + super().__str__()\ndef f(x):\n    try: return {}[x]\n    except KeyError as e: raise TooLow(x, 5) from e",
    tests: [
      raises("f(1)", "ValueError", "type(e).__name__ == 'TooLow' and (e.value, e.low) == (1, 5) and str(e) == 'too low: 1 < 5'"),
      raises("f(1)", "Exception", "isinstance(e.__cause__, KeyError) and e.__cause__.args == (1,)"),
      raises("f(1)", "KeyError"),
      raises("f(1)", "(TypeError, ValueError)", "e.args == ('1 < 5',)"),
    ],
  },
  {
    name: "exceptions of Python's modules",
    code: "import base64, decimal, json, re, statistics, struct, zlib\ndef f(kind):\n    if kind == 'json': json.loads('{')\n    if kind == 'decimal': decimal.Decimal('x')\n    if kind == 'zlib': zlib.decompress(b'x')\n    if kind == 'struct': struct.unpack('i', b'')\n    if kind == 'statistics': statistics.mean([])\n    if kind == 'base64': base64.b64decode('a')\n    if kind == 're': re.compile('(')",
    tests: [
      raises("f('json')", "ValueError", "e.pos == 1 and e.doc == '{'"),
      `import json\n${raises("f('json')", "json.JSONDecodeError", "'line 1 column 2' in str(e)")}`,
      raises("f('decimal')", "ArithmeticError"),
      `import decimal\n${raises("f('decimal')", "decimal.InvalidOperation")}`,
      `import zlib\n${raises("f('zlib')", "zlib.error", "type(e) is zlib.error")}`,
      `import struct\n${raises("f('struct')", "struct.error")}`,
      `import statistics\n${raises("f('statistics')", "statistics.StatisticsError")}`,
      `import binascii\n${raises("f('base64')", "binascii.Error")}`,
      `import re\n${raises("f('re')", "re.error", "e.pos == 0")}`,
      raises("f('zlib')", "ValueError"),
      raises("f('base64')", "ValueError"),
    ],
  },
  {
    name: "exceptions that hold more than a message",
    code: "def f(kind):\n    if kind == 'open': open('/nope/x')\n    if kind == 'decode': b'a\\xff'.decode()\n    if kind == 'encode': 'é'.encode('ascii')\n    if kind == 'syntax': compile('x = = 1', 'x.py', 'exec')\n    if kind == 'name': undefined_name\n    if kind == 'attribute': (1).nope\n    if kind == 'import': import_nothing()\n    if kind == 'key': {}['k']\n    if kind == 'notes':\n        e = ValueError('v')\n        e.__notes__ = ['n']\n        raise e\ndef import_nothing():\n    import no_such_module",
    tests: [
      raises("f('open')", "FileNotFoundError", "(e.errno, e.filename) == (2, '/nope/x') and 'No such file' in str(e)"),
      raises("f('open')", "OSError", "e.strerror == 'No such file or directory'"),
      raises("f('decode')", "UnicodeDecodeError", "(e.encoding, e.object, e.start, e.end) == ('utf-8', b'a\\xff', 1, 2)"),
      raises("f('encode')", "ValueError", "isinstance(e, UnicodeEncodeError)"),
      raises("f('syntax')", "SyntaxError", "(e.filename, e.lineno) == ('x.py', 1)"),
      raises("f('name')", "NameError", "e.name == 'undefined_name'"),
      raises("f('attribute')", "AttributeError", "e.name == 'nope'"),
      raises("f('import')", "ImportError", "e.name == 'no_such_module' and type(e) is ModuleNotFoundError"),
      raises("f('key')", "LookupError", `str(e) == "'k'" and e.args == ('k',)`),
      raises("f('notes')", "ValueError", "e.__notes__ == ['n']"),
      raises("f('key')", "IndexError"),
    ],
  },
  {
    name: "groups of exceptions",
    code: "def f(x):\n    raise ExceptionGroup('many', [ValueError('a'), TypeError(x)])",
    tests: [
      raises("f(1)", "ExceptionGroup", "e.message == 'many' and [type(x).__name__ for x in e.exceptions] == ['ValueError', 'TypeError']"),
      "seen = []\ntry:\n    f(1)\nexcept* ValueError as g: seen.append(len(g.exceptions))\nexcept* TypeError as g: seen.append(g.exceptions[0].args)\nassert seen == [1, (1,)]",
      "try:\n    f(1)\nexcept* ValueError: pass",
    ],
  },
  {
    name: "leaving and being interrupted",
    code: "import sys\ndef f(x):\n    if x == 0: sys.exit('bye')\n    if x == 1: raise KeyboardInterrupt\n    if x == 2: exit_code = sys.exit(3)",
    tests: [
      raises("f(0)", "SystemExit", "e.code == 'bye'"),
      raises("f(1)", "KeyboardInterrupt"),
      raises("f(2)", "BaseException", "e.code == 3"),
      "try:\n    f(2)\nexcept Exception: pass",
      inCase("with self.assertRaises(SystemExit) as c: f(2)\n        self.assertEqual(c.exception.code, 3)"),
    ],
  },
  {
    name: "StopIteration that a test expects",
    code: "def f(x):\n    return next(iter(x))",
    tests: ["assert f([3]) == 3", raises("f([])", "StopIteration"), inCase("self.assertRaises(StopIteration, f, [])"), "f([])"],
  },
  {
    name: "an exception that a test lets through, and one that it replaces",
    code: "def f(x):\n    return 1 // x",
    tests: [
      "log = []\ntry:\n    try: f(0)\n    except KeyError: log.append('no')\n    finally: log.append('finally')\nexcept ZeroDivisionError: log.append('yes')\nassert log == ['finally', 'yes']",
      "try:\n    try: f(0)\n    except ZeroDivisionError as e: raise RuntimeError('other') from e\nexcept RuntimeError as e: assert type(e.__cause__) is ZeroDivisionError",
      "try:\n    f(0)\nexcept ZeroDivisionError:\n    raise",
      "import contextlib\n@contextlib.contextmanager\ndef expecting(kind):\n    try: yield\n    except kind: pass\n    else: assert False\nwith expecting(ZeroDivisionError): f(0)",
      "for x in (0, 1):\n    try: f(x)\n    except ArithmeticError: continue\n    else: break\nassert x == 1",
      "def g():\n    try: return f(0)\n    except ZeroDivisionError: return 'none'\n    finally: pass\nassert g() == 'none'",
      "class Swallows:\n    def __enter__(self): return self\n    def __exit__(self, kind, error, trace): return issubclass(kind, ZeroDivisionError)\nwith Swallows(): f(0)",
      inCase("for x in (1, 0):\n            with self.subTest(x=x): f(x)"),
      "import asyncio\nasync def main():\n    results = await asyncio.gather(asyncio.to_thread(f, 1), asyncio.to_thread(f, 2))\n    assert results == [1, 0]\nasyncio.run(main())",
      "import asyncio\nasync def main():\n    try: f(0)\n    except ZeroDivisionError: return 5\nassert asyncio.run(main()) == 5",
    ],
  },
  {
    name: "recursion to its limit",
    code: "def f(x):\n    return f(x + 1)",
    tests: [raises("f(0)", "RecursionError", "'recursion' in str(e)"), "f(0)"],
  },
  {
    name: "deep recursion with a higher limit",
    code: "import sys\nsys.setrecursionlimit(20000)\ndef f(n):\n    return 0 if n == 0 else 1 + f(n - 1)",
    tests: ["assert f(15000) == 15000"],
  },
  {
    name: "arguments of the command",
    code: "import sys\ndef f(x):\n    return len(sys.argv) + x",
    tests: ["assert f(1) == 2"],
  },
  {
    name: "warnings, logging and output",
    code: "import logging, warnings\ndef f(x):\n    print('working')\n    logging.warning('w')\n    warnings.warn('old', DeprecationWarning)\n    return x",
    tests: ["assert f(1) == 1"],
  },
  {
    name: "tests that are functions and classes which the code calls itself",
    code: "def f(x):\n    return x * 2",
    tests: [
      "def check(candidate):\n    assert candidate(2) == 4\ncheck(f)",
      "def test_a():\n    assert f(2) == 5\nif __name__ == '__main__':\n    test_a()",
      "def test_a():\n    assert f(2) == 4\nif __name__ == '__main__':\n    test_a()",
      "import unittest\nclass T(unittest.TestCase):\n    def setUp(self): self.x = 2\n    def test_a(self): self.assertEqual(f(self.x), 5)\nif __name__ == '__main__':\n    unittest.main()",
      "import sys\nassert f(1) == 2\nsys.exit(0)",
      "import sys\nsys.exit(f(1) - 1)",
      "assert list(map(f, [1, 2])) == [2, 4] and sorted([3, 1], key=f) == [1, 3]",
      "import doctest\nassert callable(f) and f.__name__ == 'f' and f(1) == 2",
    ],
  },
];

/** Whole programs, each with what it reads. */
export const wholePrograms: readonly { name: string; code: string; stdin: string }[] = [
  { name: "a main function behind its name", code: "def main():\n    print(int(input()) + 1)\nif __name__ == '__main__':\n    main()", stdin: "4\n" },
  {
    name: "a thread with a large stack",
    code: "import sys, threading\nsys.setrecursionlimit(10**6)\nthreading.stack_size(2**26)\ndef g(n): return 0 if n == 0 else 1 + g(n - 1)\ndef main(): print(g(50000))\nthreading.Thread(target=main).start()",
    stdin: "",
  },
  { name: "a thread that fails", code: "import threading\nthreading.Thread(target=lambda: 1 // 0).start()\nprint('main')", stdin: "" },
  {
    name: "output that is written at the end",
    code: "import atexit, io, sys\nout = io.StringIO()\nwrite = sys.stdout.write\nsys.stdout = out\natexit.register(lambda: write(out.getvalue()))\nprint('late')",
    stdin: "",
  },
  { name: "bytes on both sides", code: "import sys\nsys.stdout.buffer.write(sys.stdin.buffer.read()[::-1])", stdin: "abc" },
  { name: "asyncio", code: "import asyncio\nasync def main(): print(sum(map(int, input().split())))\nasyncio.run(main())", stdin: "1 2 3\n" },
  {
    name: "a hundred threads at once",
    code: "import threading\nbarrier, out = threading.Barrier(100), []\ndef g():\n    barrier.wait()\n    out.append(1)\nall_ = [threading.Thread(target=g) for _ in range(100)]\nfor t in all_: t.start()\nfor t in all_: t.join()\nprint(len(out))",
    stdin: "",
  },
  {
    name: "a dataclass and a pickle in the main module",
    code: "import pickle\nfrom dataclasses import dataclass\n@dataclass\nclass P:\n    x: 'int'\nprint(pickle.loads(pickle.dumps(P(3))), P.__module__, __name__)",
    stdin: "",
  },
  { name: "a closed output", code: "import sys\nprint('x')\nsys.stdout.close()", stdin: "" },
  { name: "leaving with 0", code: "print('a')\nraise SystemExit", stdin: "" },
  { name: "leaving with a text", code: "print('a')\nraise SystemExit('b')", stdin: "" },
  { name: "an exception", code: "print('a')\nprint(int(input()))", stdin: "x" },
  { name: "no input left", code: "input()\ninput()", stdin: "1\n" },
];
