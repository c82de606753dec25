import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { visibleText } from "./visible-text.ts";

describe("visibleText", () => {
  it.each([
    ["ESC and a CSI sequence", "a\u001b[2Jb", "a\\u001b[2Jb"],
    ["a C1 control", "a\u009b31mb", "a\\u009b31mb"],
    ["an OSC sequence that sets the title", "\u001b]0;title\u0007", "\\u001b]0;title\\u0007"],
    ["a C1 OSC that ends with ST", "\u009d52;c;aGk=\u009c", "\\u009d52;c;aGk=\\u009c"],
    ["a carriage return that would hide what stands before", "rm -rf\rls", "rm -rf\\u000dls"],
    ["backspace and DEL", "ab\b\u007f", "ab\\u0008\\u007f"],
    ["NUL", "\0", "\\u0000"],
    ["marks of direction", "\u202eabc\u2066d\u2069\u200f\u061c", "\\u202eabc\\u2066d\\u2069\\u200f\\u061c"],
    ["invisible characters", "a\u200bb\u2060c\ufeff\u{e0041}", "a\\u200bb\\u2060c\\ufeff\\u{e0041}"],
    ["line separators", "a\u2028b", "a\\u2028b"],
    ["a lone surrogate", "\ud800", "\\ud800"],
  ])("writes out %s", (_, text, want) => {
    expect(visibleText(text)).toBe(want);
  });

  it("leaves lines, tabs, other scripts and emoji", () => {
    const text = "def f(xs):\r\n\treturn 'é 你好 שלום 😀'\n";
    expect(visibleText(text)).toBe(text);
  });

  it("leaves no control character but those of lines and tabs, and changes nothing twice", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary" }), (text) => {
        const shown = visibleText(text);
        expect(shown.replaceAll("\r\n", "")).not.toMatch(/[\u0000-\u0008\u000b-\u001f\u007f-\u009f]/);
        expect(visibleText(shown)).toBe(shown);
      }),
    );
  });
});
