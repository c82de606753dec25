import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { coder, errors, file, folder, output, run } from "./tiny-commands.fixture.ts";

describe("diffucoder infill", () => {
  it.each([
    ["a byte order mark, CRLF and no last newline", "\ufeffdef f\r\n  <|hole:2|>\r\nx"],
    ["NUL and controls", "a\0b\u001b[2J<|hole:2|>\u009b\n\n"],
    ["only the hole's newline", "<|hole:2|>\n"],
    ["other scripts", "é 你好 \u202e😀\t<|hole:2|> \n"],
  ])("leaves every byte around the hole as it is: %s", async (_, text) => {
    const path = file("bytes.py", text);
    expect(await run("infill", "--file", path)).toBe(0);
    const [before, after] = text.split("<|hole:2|>") as [string, string];
    const got = output[0]!;
    expect([got.startsWith(before), got.endsWith(after)]).toEqual([true, true]);
    expect(await run("infill", "--file", path, "--json")).toBe(0);
    expect(got).toBe(before + (JSON.parse(output[1]!) as { middle: string }).middle + after);
  });

  it.each([
    ["ff fe", [0xff, 0xfe, 0x3c, 0x7c]],
    ["ff", [0xff]],
    ["e9", [...Buffer.from("<|hole|>caf"), 0xe9]],
    ["c0", [0x61, 0xc0, 0x80]],
    ["ed", [0x61, 0xed, 0xa0, 0x80]],
  ])("refuses a file that is not UTF-8: %s", async (name, bytes) => {
    const path = join(folder, "latin.py");
    writeFileSync(path, Buffer.from(bytes));
    expect(await run("infill", "--file", path)).toBe(1);
    expect(errors[0]).toMatch(
      new RegExp(`^${path}: is not UTF-8: byte ${name.slice(0, 2)} at offset ${bytes.indexOf(parseInt(name.slice(0, 2), 16))}\\. Convert`),
    );
    expect(output).toEqual([]);
  });

  it("names misspelt marks by their lines, and a masks that is none", async () => {
    expect(await run("infill", "--file", file("misspelt.py", "a <|hole|>\nb <|hole: 3|>\n"))).toBe(1);
    expect(await run("infill", "--file", file("good.py", "a <|hole|>"), "--masks", "many")).toBe(1);
    expect(errors).toEqual([
      `Invalid ${join(folder, "misspelt.py")}:\n  - line 2: "<|hole: 3|>" is not a hole; write <|hole|>, or <|hole:N|> for N masks`,
      'Invalid infill settings:\n  - masks: must be a number, got "many"',
    ]);
  });

  it("prints the whole text of a prefix and a suffix", async () => {
    expect(await run("infill", "--prefix", "def f", "--suffix", "return", "--masks", "3")).toBe(0);
    expect(output).toEqual([(await coder.infill({ prefix: "def f", suffix: "return", masks: 3 })).text]);
  });

  it("fills the marks of a file", async () => {
    const path = file("holes.py", "def <|hole:2|>(xs):\n    return <|hole|>\n");
    expect(await run("infill", "--file", path, "--masks", "3", "--json")).toBe(0);
    const { holeIds, text } = JSON.parse(output[0]!) as { holeIds: number[][]; text: string };
    expect(holeIds.map((ids) => ids.length)).toEqual([2, 3]);
    expect(text.startsWith("def ")).toBe(true);
    expect(text.endsWith("\n")).toBe(true);
  });

  it("tells all that is wrong together, and which file is not there", async () => {
    expect(await run("infill", "--masks", "0", "--quantize", "int3")).toBe(1);
    expect(await run("infill", "--file", join(folder, "none.py"))).toBe(1);
    expect(errors).toEqual([
      [
        "Invalid infill settings:",
        '  - quantize: must be one of "int8", "int4", "none", got "int3"',
        "  - masks: must be greater than 0, got 0",
        "  - prefix: give the text around the hole as prefix, suffix or both, or a template",
      ].join("\n"),
      `${join(folder, "none.py")}: no such file.`,
    ]);
  });
});
