import { appendFileSync, mkdtempSync, readFileSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { JsonLinesLog, readJsonLines } from "./json-lines.ts";

const folder = mkdtempSync(join(tmpdir(), "json-lines-"));
let files = 0;
const newPath = (): string => join(folder, `${files++}.jsonl`);
const number = (value: unknown): number => {
  if (typeof value !== "number") throw new Error("must be a number");
  return value;
};

describe("readJsonLines", () => {
  it("names the line that is not JSON, and the line that is not what was wanted", () => {
    const path = newPath();
    writeFileSync(path, "1\n\n{2\n");
    expect(() => readJsonLines(path, { check: number })).toThrow(`${path}: line 3 is not JSON`);
    writeFileSync(path, '1\n"two"\n');
    expect(() => readJsonLines(path, { check: number })).toThrow("line 2: must be a number");
    expect(() => readJsonLines(newPath(), { check: number })).toThrow("no such file");
  });

  it("reads a last line without a newline, unless a crash may have cut it", () => {
    const path = newPath();
    writeFileSync(path, "1\n2");
    expect(readJsonLines(path, { check: number })).toEqual([1, 2]);
    expect(readJsonLines(path, { check: number, dropCutLine: true })).toEqual([1]);
  });
});

describe("JsonLinesLog", () => {
  it("appends after what it keeps, also after a crash in the middle of a line", () => {
    const path = newPath();
    const first = new JsonLinesLog<{ step: number }>(path);
    for (const step of [1, 2, 3]) first.append({ step });
    appendFileSync(path, '{"step":4'); // cut off
    const second = new JsonLinesLog<{ step: number }>(path, { keep: ({ step }) => step <= 2 });
    expect(second.kept).toEqual([{ step: 1 }, { step: 2 }]);
    second.append({ step: 3 });
    expect(readFileSync(path, "utf8")).toBe('{"step":1}\n{"step":2}\n{"step":3}\n');
  });

  it("gives back what was appended", () => {
    fc.assert(
      fc.property(fc.array(fc.jsonValue()), (values) => {
        const path = newPath();
        const log = new JsonLinesLog<unknown>(path);
        for (const value of values) log.append(value);
        expect(new JsonLinesLog<unknown>(path).kept).toEqual(JSON.parse(JSON.stringify(values)));
      }),
      { numRuns: 20 },
    );
  });

  it("names a file whose folder cannot be made", () => {
    const path = newPath();
    writeFileSync(path, "");
    expect(() => new JsonLinesLog(join(path, "inner", "log.jsonl"))).toThrow("could not be written");
  });
});
