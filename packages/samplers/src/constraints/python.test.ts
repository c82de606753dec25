import { describe, expect, it } from "vitest";
import { pythonAutomaton, type PythonAutomatonOptions } from "./python.ts";

const accepts = (text: string, options?: PythonAutomatonOptions): boolean => {
  const automaton = pythonAutomaton(options);
  const run = (characters: string) =>
    Array.from(characters).reduce<string | undefined>((state, one) => state && automaton.next(state, one), automaton.start);
  const end = run(text);
  expect(run(automaton.simplify(text))).toBe(end); // a simplified text leads to the same state
  return end !== undefined && automaton.accepts(end);
};

describe("pythonAutomaton", () => {
  it.each([
    ["f(a[1], {2: (3)})", true],
    ["f(a[1)]", false],
    ["f(", false],
    [")", false],
    ["x = '('", true],
    ["x = '\\'('", true],
    ["x = 'a\nb'", false],
    ["x = '''a\n('''", true],
    ['x = """ " "" (""" + ""', true],
    ["x = ''", true],
    ["x = '", false],
    ["# it's a ( comment\nf()", true],
    ["((((()))))", false],
  ])("closes brackets and strings: %j is %s", (text, wanted) => {
    expect(accepts(text)).toBe(wanted);
  });

  const indentation = { indentation: 4 };
  it.each([
    ["def f(x):\n    return x\n", true],
    ["def f(x):\nreturn x\n", false],
    ["def f(x):\n  return x\n", false],
    ["def f(x):\n", false],
    ["x = 1\n    y = 2\n", false],
    ["if x:\n    if y:\n        a\n    b\nc", true],
    ["if x:\n    a\n  b\n", false],
    ["if x: return\ny", true],
    ["f(a,\n  b)\nc", true],
    ["d = {1: 2}\nc", true],
    ["if x:  # why\n\n  # a comment\n    a\n", true],
    ["if x:\n\ta", false],
    ["s = '''\n  a:\n'''\nb", true],
    ["s = ':'\nb", true],
    ["a[1:\n2]\nb", true],
  ])("indents as the lines before ask for: %j is %s", (text, wanted) => {
    expect(accepts(text, indentation)).toBe(wanted);
  });

  it("names every bad option", () => {
    expect(() => pythonAutomaton({ maxDepth: 0, indentation: -1 })).toThrow(/maxDepth.*\n.*indentation/);
  });
});
