import { describe, expect, it } from "vitest";
import { FENCE_NAMES, fencedBlock } from "./fenced-code.ts";

const block = (text: string, entryPoint?: string): string | undefined => fencedBlock(text, FENCE_NAMES.python, { entryPoint });

describe("fencedBlock", () => {
  it.each([
    ["no fence", "x = 1", undefined],
    [
      "a fence in a docstring",
      '```python\ndef f():\n    """\n    ```\n    f()\n    ```\n    """\n```\nDone',
      'def f():\n    """\n    ```\n    f()\n    ```\n    """\n',
    ],
    ["words behind the name", '```python title="a.py"\nx = 1\n```', "x = 1\n"],
    ["a name in braces", "```{.python}\nx = 1\n```", "x = 1\n"],
    ["lines that end as in Windows", "```python\r\nx = 1\r\n```\r\n", "x = 1\n"],
    ["a block in a list", "1. So:\n    ```python\n    if x:\n        y\n    ```", "if x:\n    y\n"],
    ["a longer fence around a shorter one", "````python\n```\n````", "```\n"],
    ["tildes", "~~~py\nx = 1\n~~~", "x = 1\n"],
    ["a fence at the end of a line", "```python\nx = 1```\n", "x = 1\n"],
    ["output before the code", "```\n6\n```\n```py\nx = 1\n```", "x = 1\n"],
    ["another language before a block without a name", "```sh\nls\n```\n```\nx = 1\n```", "x = 1\n"],
    ["a block that is never closed", "```python\nx = 1", "x = 1\n"],
  ])("finds the code in %s", (_, text, code) => {
    expect(block(text)).toBe(code);
  });

  it("prefers the block that defines the wanted name", () => {
    const text = "```python\nprint(f(3))\n```\n```python\ndef f(x):\n    return x\n```\n";
    expect(block(text)).toBe("print(f(3))\n");
    expect(block(text, "f")).toBe("def f(x):\n    return x\n");
    expect(block(text, "g")).toBe("print(f(3))\n");
    const script = "```js\nconsole.log($f(1))\n```\n```js\nexport const $f = (x) => x;\n```\n";
    expect(fencedBlock(script, FENCE_NAMES.javascript, { entryPoint: "$f" })).toBe("export const $f = (x) => x;\n");
  });

  it("takes time in proportion to the text", () => {
    const started = performance.now();
    for (const text of ["```\n", "```a\nb```\n", "\n", " ", "`", "```python\n"]) block(text.repeat(1e6 / text.length));
    expect(performance.now() - started).toBeLessThan(20_000);
  });
});
