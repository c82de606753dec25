import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { parseTemplate } from "./hole-marks.ts";

const parse = (text: string) => parseTemplate(text, { masks: 7, source: "code.py" });

describe("parseTemplate", () => {
  it("reads marks as holes and everything else as text", () => {
    expect(parse("a<|hole:4|>b<|hole|>")).toEqual(["a", { masks: 4 }, "b", { masks: 7 }]);
    expect(parse("\ufeff\r\n\0<|hole|>\r\n")).toEqual(["\ufeff\r\n\0", { masks: 7 }, "\r\n"]);
  });

  it.each([
    "<|hole: 3|>",
    "<|hole:|>",
    "<|hole:0|>",
    "<|hole:-1|>",
    "<|hole:3.5|>",
    "<|hole:03|>",
    "<|hole:three|>",
    "<|hole 3|>",
    "<|hole3|>",
    "<|holes|>",
    "<|Hole|>",
    "<|HOLE:3|>",
    "<| hole |>",
    "<|hole |>",
    "< |hole|>",
    "<|hole>",
    "<|hole:3>",
    "<|hole|",
    "<|hole",
    "<hole|>",
    "<hole:3|>",
    "<|hoel|>",
    "<|hol|>",
    "<|hle:3|>",
    "<|hole:1000000|>",
    "<|hole;3|>",
    "<|hole=3|>",
    "[|hole|]",
  ])("names %s, alone and next to a good hole", (mark) => {
    const problem = `line 2: ${JSON.stringify(mark)} is not a hole; write <|hole|>, or <|hole:N|> for N masks`;
    expect(() => parse(`a\n${mark}\n`)).toThrow(`Invalid code.py:\n  - ${problem}`);
    expect(() => parse(`<|hole|>\n${mark}`)).toThrow(`Invalid code.py:\n  - ${problem}`);
  });

  it.each(["List<Hole>", "<hole>", "<|im_start|>", "<|mask|>", "a <| b", "whole", "x<|help|>", "<|role|>", "f <| handle"])(
    "takes %s for text",
    (text) => {
      expect(parse(`${text}<|hole|>`)).toEqual([text, { masks: 7 }]);
    },
  );

  it("says that there is no hole", () => {
    expect(() => parse("a")).toThrow("Invalid code.py:\n  - there is no hole; put <|hole|>, or <|hole:N|> for N masks, where code is missing");
  });

  it("loses nothing of the text around holes", () => {
    fc.assert(
      fc.property(fc.array(fc.string({ unit: "binary" }), { minLength: 2 }), (texts) => {
        const safe = texts.map((text) => text.replaceAll("<", ""));
        const segments = parse(safe.join("<|hole:3|>"));
        expect(segments.map((segment) => (typeof segment === "string" ? segment : "<|hole:3|>")).join("")).toBe(safe.join("<|hole:3|>"));
      }),
    );
  });
});
