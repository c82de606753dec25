import { createRandom } from "@diffucoder/core";
import { describe, expect, it } from "vitest";
import { mutants } from "./mutate.ts";

const all = (code: string, language: "python" | "javascript" = "python"): string[] =>
  mutants(code, { language, count: 100, random: createRandom(1) }).sort();

describe("mutants", () => {
  it("changes one operator or constant", () => {
    expect(all("return a + 1 if a <= b and True else -a\n")).toEqual([
      "return a + 1 if a < b and True else -a\n",
      "return a + 1 if a <= b and False else -a\n",
      "return a + 1 if a <= b or True else -a\n",
      "return a + 2 if a <= b and True else -a\n",
      "return a - 1 if a <= b and True else -a\n",
    ]);
  });

  it("leaves strings, comments, names, annotations, unpacking and powers alone", () => {
    expect(all(`def f(x1, *args) -> int:  # 1 + 1\n    """a < b"""\n    return g('1 < 2', *args, **k) ** x1\n`)).toEqual([]);
  });

  it("reads JavaScript's regular expressions, arrows and templates as what they are", () => {
    expect(all("const f = (s) => s.replace(/[a-z]+1/g, `${1 + 1}`);", "javascript")).toEqual([]);
    expect(all("x === 1 && y;", "javascript")).toEqual(["x !== 1 && y;", "x === 1 || y;", "x === 2 && y;"]);
  });
});
