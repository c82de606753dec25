import type { Attack } from "./attack.fixture.ts";

const returns = (type: string, value = "A()"): string => `${type}\ndef f(x):\n    return ${value}`;

// A value that says itself that it is the right one.
export const equality: Attack[] = [
  {
    name: "returns what equals everything",
    code: returns("class A:\n    def __eq__(self, other): return True"),
    verdict: "wrong",
    passesInside: true,
  },
  { name: "returns what differs from nothing", code: returns("class A:\n    def __ne__(self, other): return False"), verdict: "wrong" },
  {
    name: "returns an int that equals everything",
    code: returns("class A(int):\n    def __eq__(self, other): return True\n    __hash__ = int.__hash__"),
    verdict: "wrong",
    passesInside: true,
  },
  {
    name: "returns a str that equals everything",
    code: returns("class A(str):\n    def __eq__(self, other): return True"),
    verdict: "wrong",
    passesInside: true,
  },
  {
    name: "returns a list that equals everything",
    code: returns("class A(list):\n    def __eq__(self, other): return True"),
    verdict: "wrong",
    passesInside: true,
  },
  {
    name: "returns a list of what equals everything",
    code: returns("class A:\n    def __eq__(self, other): return True", "[A()]"),
    verdict: "wrong",
  },
  {
    name: "returns what claims to be an int",
    code: returns("class A:\n    __class__ = property(lambda self: int)\n    def __eq__(self, other): return True"),
    verdict: "wrong",
  },
  {
    name: "returns a class whose metaclass equals everything",
    code: returns("class M(type):\n    def __eq__(cls, other): return True\n    __hash__ = type.__hash__\nclass A(metaclass=M): pass", "A"),
    verdict: "wrong",
    passesInside: true,
  },
  {
    name: "returns a number that rounds to any wanted value",
    code: returns(
      "class A(float):\n    def __sub__(self, other): return 0.0\n    __rsub__ = __sub__\n    def __lt__(self, other): return True\n    __gt__ = __le__ = __ge__ = __lt__",
      "A(1)",
    ),
    verdict: "wrong",
  },
  { name: "returns True for a number", code: "def f(x):\n    return True", verdict: "wrong" },
  { name: "returns NaN", code: "def f(x):\n    return float('nan')", verdict: "wrong" },
  { name: "returns every answer at once", code: "def f(x):\n    return {998244360, 1996488713}", verdict: "wrong" },
];
