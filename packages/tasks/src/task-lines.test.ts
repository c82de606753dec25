import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { afterAll, describe, expect, it } from "vitest";
import { loadTasks, loadTrainingTasks } from "./load-tasks.ts";
import { readTaskLines } from "./task-lines.ts";

const folder = mkdtempSync(join(tmpdir(), "task-lines-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const folders = { search: [], cache: folder };
const read = (...lines: (string | object)[]) =>
  readTaskLines(Buffer.from(lines.map((line) => (typeof line === "string" ? line : JSON.stringify(line))).join("\n")));
const own = { id: "a", prompt: "Add 1.", entry_point: "f", tests: [[[1], 2]] };
const file = (name: string, ...lines: (string | object)[]): string => {
  const path = join(folder, name);
  writeFileSync(path, lines.map((line) => `${typeof line === "string" ? line : JSON.stringify(line)}\n`).join(""));
  return path;
};

describe("readTaskLines", () => {
  it("reads the three forms of tests, visible and hidden", () => {
    const { lines, leftOut } = read(
      own,
      { id: "b", prompt: "Add.", entry_point: "g", asserts: ["assert g(1, 2) == 3"], hidden_tests: ["assert g(0, 0) == 0"] },
      { id: "c", prompt: "Print twice.", stdin: ["a", "b"], stdout: ["aa", "bb"], hidden_tests: [["c", "cc"]] },
      { id: "d", prompt: "Double.", entry_point: "f", hidden_tests: [[[2], 4]] },
      { id: "e", prompt: "Print.", stdin: "", stdout: "hello" },
    );
    expect(leftOut).toEqual([]);
    expect(lines.map(({ task: { visible, hidden } }) => [visible, hidden])).toMatchObject([
      [{ kind: "calls", calls: [[[1], 2]] }, undefined],
      [
        { kind: "code", tests: ["assert g(1, 2) == 3"], separate: true },
        { kind: "code", tests: ["assert g(0, 0) == 0"] },
      ],
      [
        {
          kind: "runs",
          runs: [
            { stdin: "a", stdout: "aa" },
            { stdin: "b", stdout: "bb" },
          ],
        },
        { kind: "runs", runs: [{ stdin: "c", stdout: "cc" }] },
      ],
      [undefined, { kind: "calls", calls: [[[2], 4]] }],
      [{ kind: "runs", runs: [{ stdin: "", stdout: "hello" }] }, undefined],
    ]);
  });

  it("reads the three forms of prompts, and keeps what else is said of a task", () => {
    const messages = [{ role: "user", content: "Add 1." }];
    const { lines } = read(
      { ...own, solution: "def f(x): return x + 1", metadata: { tier: 2, deep: { share: 0.5 } } },
      { ...own, id: "b", prompt: messages },
      { ...own, id: "c", prompt: { prefix: "def f(x):\n", suffix: "\n" } },
    );
    expect(lines.map(({ task }) => task.prompt)).toEqual([
      { kind: "text", text: "Add 1." },
      { kind: "messages", messages },
      { kind: "hole", prefix: "def f(x):\n", suffix: "\n" },
    ]);
    expect(lines[0]!.task).toMatchObject({ solution: "def f(x): return x + 1", metadata: { tier: 2, deep: { share: 0.5 } } });
  });

  it("reads values as Python does, and tags on the lines that say so", () => {
    const { lines } = read(
      '{"id": 12345678901234567890, "prompt": "p", "entry_point": "f", "tests": [[[4], 2.0]]}',
      '{"id": "b", "prompt": "p", "entry_point": "f", "values": "tagged", "tests": [[[{"tuple": [1]}], 2]], "hidden_tests": [[[{"set": [1]}], 2.5]]}',
      '{"id": "c", "prompt": "p", "entry_point": "f", "language": "javascript", "tests": [[[4], 2.0]]}',
    );
    expect(lines.map(({ task, idJson }) => [idJson, task.id, task.visible])).toMatchObject([
      ["12345678901234567890", "12345678901234567890", { calls: [[[4], { float: "2.0" }]] }],
      ['"b"', "b", { calls: [[[{ tuple: [1] }], 2]] }],
      ['"c"', "c", { calls: [[[4], 2]] }],
    ]);
    expect(lines[1]!.task.hidden).toEqual({ kind: "calls", calls: [[[{ set: [1] }], { float: "2.5" }]] });
  });

  it.each([
    [{ ...own, asserts: ["assert 1"] }, "give only one of tests, asserts, or stdin and stdout"],
    [{ ...own, tests: undefined }, "give tests, asserts, or stdin and stdout; or hidden_tests"],
    [{ ...own, tests: undefined, stdin: "1" }, "stdin and stdout must be given together"],
    [{ ...own, tests: undefined, stdin: ["1", "2"], stdout: "1" }, "stdout: must have as many entries as stdin (2)"],
    [{ ...own, entry_point: undefined }, "tests need an entry_point"],
    [{ ...own, entry_point: "class" }, 'entry_point: must be the name of a function, got "class"'],
    [{ ...own, hidden_tests: [[[1], 2], "assert f(1)"] }, "hidden_tests: must all have the same form, got calls and statements"],
    [{ ...own, hidden_tests: [3] }, "hidden_tests: 0: must be [[arguments...], expected], a statement, or [stdin, stdout]"],
    [{ ...own, prompt: 5 }, "prompt: must be a text, a list of messages, or { prefix, suffix }"],
    [{ ...own, tier: 2 }, 'Unrecognized key: "tier"'],
  ])("leaves out %j: %s", (line, reason) => {
    expect(read(line, { ...own, id: "good" })).toMatchObject({ lines: [{ line: 2 }], leftOut: [{ where: "line 1", reason }] });
  });

  it("never loses a good line to the bad ones around it", () => {
    const bad = fc.oneof(fc.string(), fc.json(), fc.constant("{"), fc.constant('{"id": "x"}')).map((text) => text.replaceAll(/[\r\n]/g, " "));
    const good = fc.constant("good");
    fc.assert(
      fc.property(fc.array(fc.oneof(bad, good), { maxLength: 12 }), (kinds) => {
        const lines = kinds.map((kind, i) => (kind === "good" ? JSON.stringify({ ...own, id: `task ${i}` }) : kind));
        const { lines: found, leftOut } = readTaskLines(Buffer.from(lines.join("\n")));
        expect(found.map(({ line }) => line)).toEqual(kinds.flatMap((kind, i) => (kind === "good" ? [i + 1] : [])));
        expect(found.length + leftOut.length).toBe(lines.filter((line) => line.trim() !== "").length);
      }),
      { seed: 7, numRuns: 200 },
    );
  });
});

it("TinyCode trains on its training split alone", async () => {
  await expect(loadTrainingTasks({ dataset: "tinycode", folders, data: { split: "test" } })).rejects.toThrow(
    'split must be "train" for training: the other splits are held out, got "test".',
  );
  const { tasks, title } = await loadTrainingTasks({ dataset: "tinycode", folders, data: { tasks: 3, tiers: { 2: 1 } } });
  expect([title, tasks.map(({ metadata }) => [metadata?.split, metadata?.tier])]).toEqual([
    "TinyCode, train",
    Array.from({ length: 3 }, () => ["train", 2]),
  ]);
});

describe("a file of tasks", () => {
  it("gives its tasks and says, by line, what it leaves out", async () => {
    const dataset = file("mixed.jsonl", own, "not json", { ...own, id: "a" }, { id: "b", code: "x = 1", asserts: ["assert x"] }, { ...own, id: "c" });
    const { tasks, leftOut, template } = await loadTasks({ dataset, folders, use: "evaluation" });
    expect([tasks.map(({ id }) => id), template]).toEqual([["a", "c"], "chat"]);
    expect(leftOut).toEqual([
      { where: "line 2", reason: expect.stringContaining("not JSON (") as string },
      { where: "line 3", reason: `line 1 already has the id "a"` },
      { where: "line 4", reason: "prompt: a task needs one" },
    ]);
  });

  it("is refused if nothing in it can be used", async () => {
    const dataset = file("bad.jsonl", "{}", "[]");
    await expect(loadTasks({ dataset, folders, use: "evaluation" })).rejects.toThrow(
      `${dataset}: has no usable task: line 1: id: must be a string or a number; line 2: not a JSON object. docs/task-format.md shows the format.`,
    );
    await expect(loadTasks({ dataset: join(folder, "none.jsonl"), folders, use: "evaluation" })).rejects.toThrow(
      `${join(folder, "none.jsonl")}: no such file.`,
    );
  });

  it("is cut to the first tasks, and has no options of TinyCode", async () => {
    const dataset = file("three.jsonl", own, { ...own, id: "b" }, { ...own, id: "c" });
    const { tasks, leftOut } = await loadTasks({ dataset, folders, use: "evaluation", data: { tasks: 2 } });
    expect(tasks.map(({ id }) => id)).toEqual(["a", "b"]);
    expect(leftOut).toEqual([{ where: "1 of 3 tasks", reason: "only the first 2 are used, because tasks is 2" }]);
    await expect(loadTasks({ dataset, folders, use: "evaluation", data: { tiers: { 2: 1 } } })).rejects.toThrow(
      `Invalid data:\n  - data.tiers: not used by ${dataset}, which uses tasks`,
    );
  });

  it("gives rewards by its visible tests; tasks without such are left out", async () => {
    const dataset = file("half.jsonl", own, { ...own, id: "b", tests: undefined, hidden_tests: [[[1], 2]] });
    const { tasks, leftOut } = await loadTrainingTasks({ dataset, folders });
    expect(tasks.map(({ id }) => id)).toEqual(["a"]);
    expect(leftOut).toEqual([{ where: "b", reason: "no tests that rewards may see" }]);
  });
});

it("docs/task-format.md shows lines that can all be read", () => {
  const page = readFileSync(new URL("../../../docs/task-format.md", import.meta.url), "utf8");
  const examples = [...page.matchAll(/^```jsonl\n(.*?)^```$/gms)].map(([, text]) => text!);
  expect(examples.length).toBeGreaterThan(0);
  for (const text of examples) {
    const { lines, leftOut } = readTaskLines(Buffer.from(text));
    expect(leftOut).toEqual([]);
    expect(lines).toHaveLength(text.trim().split("\n").length);
  }
});
