// Honest programs that return something besides plain data, for honest-programs.test.ts.
import type { HonestProgram } from "./honest-programs.fixture.ts";

export const honestResults: readonly HonestProgram[] = [
  {
    name: "a coroutine",
    code: "import asyncio\nasync def f(x):\n    await asyncio.sleep(0)\n    if x < 0: raise ValueError('negative')\n    return x + 1",
    tests: [
      "import asyncio\nassert asyncio.run(f(3)) == 4",
      "import asyncio\nassert asyncio.run(f(3)) == 5",
      "import asyncio\nasync def main():\n    assert await f(3) == 4\n    assert await asyncio.gather(f(1), f(2)) == [2, 3]\nasyncio.run(main())",
      "import asyncio\nasync def main(): assert await asyncio.create_task(f(3)) == 3\nasyncio.run(main())",
      "import asyncio\ntry: asyncio.run(f(-1))\nexcept ValueError as e: assert str(e) == 'negative'\nelse: assert False",
      "import unittest\nclass T(unittest.IsolatedAsyncioTestCase):\n    async def test_f(self):\n        self.assertEqual(await f(1), 2)\n        with self.assertRaises(ValueError): await f(-1)\nunittest.main()",
    ],
  },
  {
    name: "an asynchronous generator",
    code: "async def f(n):\n    for i in range(n): yield i",
    tests: ["import asyncio\nasync def main(): assert [i async for i in f(3)] == [0, 1, 2]\nasyncio.run(main())"],
  },
  {
    name: "a generator that ends",
    code: "def f(n):\n    for i in range(n): yield i\n    if n > 5: raise ValueError(n)",
    tests: [
      "assert list(f(3)) == [0, 1, 2]",
      "assert list(f(3)) == [0, 1]",
      "g = f(2)\nassert (next(g), next(g), next(g, None)) == (0, 1, None)",
      "assert [(a, b) for a, b in zip(f(2), f(3))] == [(0, 0), (1, 1)]",
      "list(f(6))",
      "try: list(f(6))\nexcept ValueError as e: assert e.args == (6,)\nelse: assert False",
    ],
  },
  {
    name: "a generator that does not end",
    code: "def f():\n    a, b = 0, 1\n    while True:\n        yield a\n        a, b = b, a + b",
    tests: [
      "from itertools import islice\nassert list(islice(f(), 6)) == [0, 1, 1, 2, 3, 5]",
      "g = f()\nassert [next(g) for _ in range(3)] == [0, 1, 2]",
    ],
  },
  {
    name: "other things to go through",
    code: "def f(kind):\n    d = {'a': 1}\n    return {'map': map(str, [1]), 'zip': zip([1], [2]), 'keys': d.keys(), 'values': d.values(), 'items': d.items(), 'range': range(3), 'lists': [range(2), iter([1])]}[kind]",
    tests: [
      "assert list(f('map')) == ['1']",
      "assert list(f('zip')) == [(1, 2)]",
      "assert f('keys') == {'a'} and 'a' in f('keys') and list(f('values')) == [1] and dict(f('items')) == {'a': 1}",
      "assert f('range') == range(3) and f('range')[-1] == 2",
      "assert f('range') == [0, 1, 2]",
      "a, b = f('lists')\nassert (a, list(b)) == (range(2), [1])",
    ],
  },
  {
    name: "named tuples, dataclasses and enums",
    code: "from collections import namedtuple\nfrom dataclasses import dataclass\nfrom enum import Enum, IntEnum\nP = namedtuple('P', 'x y')\n@dataclass\nclass D:\n    x: int\n    ps: list\nclass C(Enum):\n    RED = 1\nclass I(IntEnum):\n    ONE = 1\ndef f(x):\n    return {'p': P(1, [2]), 'd': D(1, [P(1, 2)]), 'c': C.RED, 'i': I.ONE}[x]",
    tests: [
      "assert f('p') == (1, [2]) and f('p').y == [2] and repr(f('p')) == 'P(x=1, y=[2])'",
      "assert f('d').x == 1 and f('d').ps[0].y == 2 and f('d') == f('d')",
      "assert repr(f('d')) == 'D(x=1, ps=[P(x=1, y=2)])'",
      "assert f('d').x == 2",
      "assert f('d') == 1",
      "assert f('c').name == 'RED' and f('c').value == 1 and f('c') is f('c')",
      "assert f('c') == 1",
      "assert f('i') == 1 and f('i') + 1 == 2",
    ],
  },
  {
    name: "values of Python's modules, in and out",
    code: "from datetime import timedelta\ndef f(x): return x + (timedelta(days=1) if hasattr(x, 'year') else 1)",
    tests: [
      "from datetime import date\nassert f(date(2024, 2, 28)) == date(2024, 2, 29)",
      "from datetime import datetime\nassert f(datetime(2023, 12, 31, 5)) == datetime(2024, 1, 1, 5)",
      "from decimal import Decimal\nassert f(Decimal('0.1')) == Decimal('1.1')",
      "from fractions import Fraction\nassert f(Fraction(1, 3)) == Fraction(4, 3)",
      "from fractions import Fraction\nassert f(Fraction(1, 3)) == Fraction(5, 3)",
    ],
  },
  {
    name: "iterators and ranges that a test passes",
    code: "def f(xs): return sum(xs)",
    tests: ["assert f(range(4)) == 6", "assert f(iter([1, 2])) == 3", "assert f(x * x for x in [1, 2]) == 5", "assert f({1: 0}.keys()) == 2"],
  },
  {
    name: "exceptions of its own, by name",
    code: "class AppError(Exception): pass\nclass Low(AppError, ValueError):\n    def __init__(self, x):\n        super().__init__(f'low: {x}')\n        self.x = x\nclass Other(AppError): pass\ndef f(x):\n    if x < 0: raise Low(x)\n    return x",
    tests: [
      "try: f(-1)\nexcept Low as e: assert e.x == -1 and str(e) == 'low: -1'\nelse: assert False",
      "try: f(-1)\nexcept AppError: pass\nelse: assert False",
      "try: f(-1)\nexcept Other: pass",
      "try: f(-1)\nexcept (Other, Low): pass\nelse: assert False",
      "try: f(1)\nexcept Low: pass\nelse: assert False",
      "import unittest\nclass T(unittest.TestCase):\n    def test_f(self):\n        with self.assertRaisesRegex(Low, 'low: -1'): f(-1)\n        self.assertRaises(AppError, f, -2)\nunittest.main()",
      "import unittest\nclass T(unittest.TestCase):\n    def test_f(self):\n        self.assertRaises(Other, f, -2)\nunittest.main()",
    ],
  },
  {
    name: "deep recursion",
    code: "import sys\ndef f(n): return 0 if n == 0 else 1 + f(n - 1)",
    tests: ["assert f(990) == 990", "f(5000)", "try: f(5000)\nexcept RecursionError: pass\nelse: assert False"],
  },
];
