import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { SPECIAL_TOKENS, Tokenizer, trainBpe } from "@diffucoder/tokenizer";
import fc from "fast-check";
import { afterAll, describe, expect, it } from "vitest";
import { readDataLines } from "./data-lines.ts";
import { fileLines } from "./file-lines.ts";
import { packRows } from "./pack-rows.ts";
import { encodePair, readTrainingRecords } from "./training-records.ts";

const folder = mkdtempSync(join(tmpdir(), "data-lines-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const file = (name: string, content: string | Uint8Array): string => {
  const path = join(folder, name);
  writeFileSync(path, content);
  return path;
};
const lines = (name: string, ...values: unknown[]): string => file(name, values.map((value) => `${JSON.stringify(value)}\n`).join(""));
const FORMAT = "docs/training-data.md shows the format.";
const chat = [
  { role: "system", content: "Be brief." },
  { role: "user", content: "Add 1." },
  { role: "assistant", content: "x + 1" },
];
const task = { id: "a", prompt: "Add 1.", entry_point: "f", tests: [[[1], 2]], solution: "def f(x): return x + 1" };

describe("readTrainingRecords", () => {
  it("reads texts", () => {
    const path = lines("texts.jsonl", { text: "x = 1\n" }, { id: 7, text: "y = 2", metadata: { licence: "MIT" } });
    expect(readTrainingRecords(path)).toEqual({
      kind: "text",
      records: [
        { kind: "text", text: "x = 1\n" },
        { kind: "text", text: "y = 2" },
      ],
      leftOut: [],
    });
  });

  it("reads prompts with responses, conversations, and conversations as prompts", () => {
    const path = lines("pairs.jsonl", { prompt: "Add 1.", response: "x + 1" }, { messages: chat }, { prompt: chat.slice(0, 2), response: "x + 1" });
    const user = [{ role: "user", content: "Add 1." }];
    expect(readTrainingRecords(path).records).toEqual([
      { kind: "pair", messages: user, response: "x + 1" },
      { kind: "pair", messages: chat.slice(0, 2), response: "x + 1" },
      { kind: "pair", messages: chat.slice(0, 2), response: "x + 1" },
    ]);
  });

  it("learns a task's solution, in a fence; a task without one is left out", () => {
    const { solution: _, ...without } = task;
    const path = lines("tasks.jsonl", task, { ...without, id: "b" }, { ...task, id: "c", prompt: { prefix: "def f(x):", suffix: "" } });
    expect(readTrainingRecords(path)).toEqual({
      kind: "pair",
      records: [{ kind: "pair", messages: [{ role: "user", content: "Add 1." }], response: "```python\ndef f(x): return x + 1\n```\n" }],
      leftOut: [
        { where: "line 2", reason: "a task needs a prompt and a solution to be learned" },
        { where: "line 3", reason: "a task with a hole has no response" },
      ],
    });
    const none = lines("none.jsonl", without);
    expect(() => readTrainingRecords(none)).toThrow(
      `${none}: has no record to train on: line 1: a task needs a prompt and a solution to be learned. ${FORMAT}`,
    );
  });

  it("leaves out a bad line and says why", () => {
    const bad = [
      [],
      {},
      { text: " " },
      { text: "a", txt: 1 },
      { prompt: 5, response: "a" },
      { prompt: "a", response: "" },
      { messages: chat.slice(0, 2) },
    ];
    const path = lines("bad.jsonl", ...bad, { text: "good" });
    const { records, leftOut } = readTrainingRecords(path);
    expect(records).toHaveLength(1);
    expect(leftOut).toEqual(
      [
        "not a JSON object",
        "must have text, prompt and response, messages, or the tests of a task",
        "text: must not be blank",
        'Unrecognized key: "txt"',
        "prompt: must be a text or a list of messages",
        "response: must not be blank",
        "messages: must end with the assistant's response",
      ].map((reason, i) => ({ where: `line ${i + 1}`, reason })),
    );
  });

  it("refuses a file that is missing, empty, without a usable line, or of mixed kinds", () => {
    const refusal = (path: string, problem: string): void => expect(() => readTrainingRecords(path)).toThrow(`${path}: ${problem}`);
    refusal(join(folder, "missing.jsonl"), "no such file.");
    refusal(file("empty.jsonl", ""), `is empty. ${FORMAT}`);
    refusal(file("blank.jsonl", "\n \n"), `is empty. ${FORMAT}`);
    refusal(
      file("unusable.jsonl", '[]\n{}\n"a"\n{"text": ""}\n'),
      "has no line that can be used: line 1: not a JSON object; line 2: must have text, prompt and response, messages, or the tests of a task; " +
        `line 3: not a JSON object; and 1 more. ${FORMAT}`,
    );
    refusal(
      lines("mixed.jsonl", { text: "a" }, { text: "b" }, { prompt: "a", response: "b" }),
      "mixes texts (line 1) and prompts with responses (line 3), expected one kind. Make a file for each kind.",
    );
  });

  it("docs/training-data.md shows lines that can all be read", () => {
    const page = readFileSync(new URL("../../../../docs/training-data.md", import.meta.url), "utf8");
    const examples = [...page.matchAll(/^```jsonl\n(.*?)^```$/gms)].map(([, text]) => text!);
    expect(examples.length).toBeGreaterThan(1);
    for (const [i, text] of examples.entries()) {
      const { records, leftOut } = readTrainingRecords(file(`example-${i}.jsonl`, text));
      expect([records.length, leftOut]).toEqual([text.trim().split("\n").length, []]);
    }
  });
});

describe("fileLines", () => {
  it("gives what splitting the whole text would", () => {
    const line = fc.oneof(fc.string({ unit: "grapheme" }), fc.constant("")).map((text) => text.replaceAll(/[\n\uFEFF]/g, ""));
    fc.assert(
      fc.property(fc.array(line, { maxLength: 8 }), fc.boolean(), (texts, ends) => {
        const whole = texts.join("\n") + (ends ? "\n" : "");
        const expected = whole.endsWith("\n") ? whole.split("\n").slice(0, -1) : whole.split("\n");
        expect([...fileLines(file("any", whole))].map(({ text }) => text)).toEqual(whole === "" ? [] : expected);
      }),
      { seed: 3, numRuns: 100 },
    );
  });

  it("puts lines together that are longer than a piece, and passes over what is too long or not UTF-8", () => {
    const long = "é".repeat(1_200_000);
    const path = file("long", Buffer.concat([Buffer.from(`\uFEFFa\n${long}\n`), Buffer.from([0xff, 10]), Buffer.from("b")]));
    expect([...fileLines(path)].map(({ text }) => text)).toEqual(["a", long, undefined, "b"]);
    expect([...fileLines(path, { longest: 100 })].map(({ line, text, bytes }) => [line, text, bytes])).toEqual([
      [1, "a", 4],
      [2, undefined, 2_400_000],
      [3, undefined, 1],
      [4, "b", 1],
    ]);
  });
});

it("readDataLines gives a line as it stands in the file", () => {
  const path = file("as-is.jsonl", ' {"text": "a"} \n\nnot json\n');
  expect([...readDataLines(path)]).toEqual([
    { line: 1, text: ' {"text": "a"} ', record: { kind: "text", text: "a" } },
    { line: 3, reason: expect.stringContaining("not JSON (") as string },
  ]);
});

it("encodePair is the chat template, then the response, then the end of the turn", () => {
  const tokenizer = Tokenizer.fromData(trainBpe({ texts: ["Add 1. x + 1"], vocabSize: 264, specialTokens: Object.values(SPECIAL_TOKENS) }));
  const { promptIds, completionIds } = encodePair({ messages: [{ role: "user", content: "Add 1." }], response: "x + 1" }, tokenizer);
  expect(tokenizer.decode(promptIds, { skipSpecial: false })).toBe("<|im_start|>user\nAdd 1.<|im_end|>\n<|im_start|>assistant\n");
  expect(tokenizer.decode(completionIds, { skipSpecial: false })).toBe("x + 1<|im_end|>");
});

describe("packRows", () => {
  it("cuts the stream of texts with separators, worked by hand", () => {
    expect([...packRows([[1, 2, 3], [], [4]], { length: 2, separatorId: 0 })]).toEqual([
      [1, 2],
      [3, 0],
      [0, 4],
    ]);
  });

  it("keeps every token but those that fill no row", () => {
    fc.assert(
      fc.property(fc.array(fc.array(fc.integer({ min: 1, max: 9 }), { maxLength: 7 })), fc.integer({ min: 1, max: 5 }), (texts, length) => {
        const stream = texts.flatMap((text) => [...text, 0]);
        const rows = [...packRows(texts, { length, separatorId: 0 })];
        expect(rows.every((row) => row.length === length)).toBe(true);
        expect(rows.flat()).toEqual(stream.slice(0, stream.length - (stream.length % length)));
      }),
      { seed: 5, numRuns: 100 },
    );
  });

  it("refuses a length that is none", () => {
    expect(() => [...packRows([[1]], { length: 0, separatorId: 0 })]).toThrow("length must be a positive integer, got 0.");
  });
});
