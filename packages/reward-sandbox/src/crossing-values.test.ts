// What crosses between test code in Python and the program that it tests: results, exceptions and changed arguments.
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { canRun, titleOf } from "./local/levels.fixture.ts";
import { createSandbox, type Sandbox } from "./sandbox.ts";

describe.runIf(canRun("process"))(`between test code and a program under ${titleOf("process")}`, () => {
  let sandbox: Sandbox;
  beforeAll(async () => {
    sandbox = await createSandbox({ workers: 1, isolation: "process" });
  });
  afterAll(() => sandbox.close());

  const verdicts = async (code: string, tests: string[]): Promise<string[]> => {
    const { verdicts: all } = await sandbox.runTests({ code, entryPoint: "f", tests });
    return all.map(({ verdict, detail }) => (detail === "" ? verdict : `${verdict}: ${detail}`));
  };

  it("unusual enum members, flags, named tuples and exceptions arrive", async () => {
    const code = `
import enum, urllib.error
from collections import namedtuple
class E(enum.Enum):
    A = [1]
    B = {"b": 1}
    C = 1
E2 = enum.Enum("E", {"C": True})
class P(enum.Flag):
    R = 1
    W = 2
N = namedtuple("N", "a class", rename=True)
def f(x):
    if x == "http": raise urllib.error.HTTPError("http://a", 404, "no", {}, None)
    return eval(x)`;
    const tests = [
      "assert f('E.A').value == [1] and f('E.A') is f('E.A') and f('E.B').value == {'b': 1}",
      "assert f('E.C').value == 1 and f('E2.C').value is True",
      "assert f('P(0)').value == 0 and not f('P(0)') and f('P.R') and f('P.R').name == 'R' and f('P.R | P.W').value == 3",
      "assert f('N(1, 2)') == (1, 2) and f('N(1, 2)').a == 1 and f('N(1, 2)')._1 == 2",
      "from urllib.error import HTTPError\ntry:\n    f('http')\n    assert False\nexcept HTTPError as e:\n    assert (e.code, e.msg, str(e)) == (404, 'no', 'HTTP Error 404: no')",
    ];
    expect(await verdicts(code, tests)).toEqual(tests.map(() => "pass"));
  });

  it("changes to arguments arrive, however they are passed", async () => {
    const code = `
def f(xs, ys=None, fail=False):
    if isinstance(xs, tuple): xs = xs[1]
    if isinstance(xs, dict): xs["new"] = 1
    else: xs.append(9)
    if ys is not None: ys.append(len(xs))
    if fail: raise ValueError
    return len(ys or [])`;
    const tests = [
      "xs = [1]\nf(xs=xs)\nassert xs == [1, 9]",
      "xs, ys = [1], []\nf(xs, ys=ys)\nassert (xs, ys) == ([1, 9], [2])",
      "xs = [1]\nf((0, xs))\nassert xs == [1, 9]",
      "xs = [(0, [1])]\nys = xs[0][1]\nf(xs[0])\nassert ys == [1, 9] and xs[0][1] is ys",
      "xs = [1]\nassert f(xs, xs) == 3 and xs == [1, 9, 2]",
      "xs = [1]\ntry: f(xs, fail=True)\nexcept ValueError: assert xs == [1, 9]\nelse: assert False",
      "import collections\nd = collections.defaultdict(list)\nf(d)\nassert d == {'new': 1} and d['other'] == []",
    ];
    expect(await verdicts(code, tests)).toEqual(tests.map(() => "pass"));
  });

  it("a byte order mark is skipped, and a function is found by a name that Python normalizes", async () => {
    const code = "\uFEFFdef ﬁ(x): return x";
    const { verdicts: all } = await sandbox.runTests({ code, entryPoint: "ﬁ", tests: ["\uFEFFassert ﬁ(1) == 1", "assert fi(1) == 1"] });
    expect(all.map(({ verdict }) => verdict)).toEqual(["pass", "pass"]);
    expect((await sandbox.run({ code, entryPoint: "ﬁ", inputs: [[2]] })).outcomes).toMatchObject([{ status: "ok", value: 2 }]);
  });
});
