// Files as they come: whatever is wrong with a line is told by its number, the rest is scored, and the summary says what was left out.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { EvalResult } from "@diffucoder/eval";
import { describe, expect, it } from "vitest";
import { evalCommands, hasPython, hasSharedBench, pythonNote, skipNote, withoutSandboxNote } from "./eval-commands.fixture.ts";

const { dir, out, error, run, file } = evalCommands();

const tenMegabytes = "#".repeat(1e7);
const truncate = "def truncate_number(number):\n    return number % 1.0\n";

describe.runIf(hasSharedBench)(`diffucoder eval${skipNote}`, () => {
  it("scores half of the tasks, and says of everything else why not", async () => {
    const samples = file("samples.jsonl", [
      { task_id: "HumanEval/2", solution: truncate },
      "\u001b[2J\u0000 no JSON",
      "[1, 2]",
      { solution: truncate },
      { task_id: "HumanEval/2\u001b]0;title\u0007", solution: truncate },
      { task_id: "HumanEval/2" },
      { task_id: "HumanEval/2", solution: truncate }, // the same again is another sample
      { task_id: "HumanEval/3", solution: "x = '\0'" },
      { task_id: "HumanEval/3", solution: "x = '\ud800'" },
      { task_id: "HumanEval/3", solution: tenMegabytes },
    ]);
    expect(await run("eval", "--dataset", "humaneval+", "--samples", samples, "--set", "idRange=[0,4]", "--json")).toBe(0);
    const { runs } = JSON.parse(out[0] as string) as EvalResult;
    expect(runs[0]?.leftOut).toEqual([
      { where: "line 2", reason: expect.stringMatching(/^not JSON \(Unexpected token '\\u001b', "\\u001b\[2J\\u0000 no JSON" is not valid JSON\)$/) },
      { where: "line 3", reason: "not a JSON object" },
      { where: "line 4", reason: "task_id must be a string" },
      { where: "line 5", reason: 'the dataset has no task "HumanEval/2\\u001b]0;title\\u0007"' },
      { where: "line 6", reason: "solution or completion must be a string" },
      { where: "2 of 4 tasks", reason: "no samples: HumanEval/0, HumanEval/1" },
    ]);
    expect(runs[0]?.samples.map(({ line, score }) => [line, score.base.verdict, score.base.failures[0]?.detail])).toEqual([
      [1, "pass", undefined],
      [7, "pass", undefined],
      [8, "exception", "SyntaxError"],
      [9, "exception", "SyntaxError"],
      [10, "memory", "a program of 10000000 characters; at most 1048576 are run"],
    ]);
    expect(runs[0]?.tasks).toEqual({ all: 4, scored: 2 });
    expect(runs[0]?.suites.map(({ suite, passAtK: [first] }) => [suite, first?.estimate, first?.tasks])).toEqual([
      ["base", 0.5, 2],
      ["plus", 0.5, 2],
    ]);
  });

  it("tells samples that were not asked for from those that no task fits", async () => {
    const ids = ["HumanEval/2", "HumanEval/7", "HumanEval/8", "HumanEval/999"];
    const samples = file(
      "range.jsonl",
      ids.map((task_id) => ({ task_id, solution: truncate })),
    );
    expect(await run("eval", "--dataset", "humaneval", "--samples", samples, "--set", "idRange=[2,4]")).toBe(0);
    expect(out[0]?.split("\n\n").at(-1)).toBe(
      [
        "Left out; the score covers 1 of 2 tasks:",
        "  2 of 3 samples: their tasks are outside idRange",
        "  1 of 2 tasks: no samples: HumanEval/3",
        '  line 4: the dataset has no task "HumanEval/999"',
      ].join("\n"),
    );
  });

  it("takes the same programs through every post-processor without ending", async () => {
    const samples = file("odd.jsonl", [
      { task_id: "HumanEval/2", completion: "\0" },
      { task_id: "HumanEval/2", completion: "\ud800" },
      { task_id: "HumanEval/2", completion: tenMegabytes },
      { task_id: "HumanEval/2", completion: "```\n".repeat(1000) },
    ]);
    for (const postProcessor of ["none", "fence", "stop", "sanitize"]) {
      const settings = ["--set", "idRange=[2,3]", "--set", `postProcessor=${postProcessor}`];
      expect(await run("eval", "--dataset", "humaneval", "--samples", samples, "--json", ...settings)).toBe(0);
      const { runs } = JSON.parse(out.at(-1) as string) as EvalResult;
      expect([runs[0]?.samples.length, runs[0]?.suites[0]?.verdicts["pass"]]).toEqual([4, undefined]);
    }
  });

  it("runs programs without isolation only if it is told to, and says so", async () => {
    const samples = file("none.jsonl", [{ task_id: "HumanEval/2", solution: truncate }]);
    const output = join(dir, "none");
    const args = ["eval", "--dataset", "humaneval+", "--samples", samples, "--set", "idRange=[2,3]"];
    expect(await run(...args, "--set", "isolation=none", "--output", output)).toBe(0);
    expect(out[0]).toContain("; sandbox: none\n");
    expect(out[0]).toMatch(/humaneval\+ +1 +100\.0 %/);
    expect(readFileSync(join(output, "report.html"), "utf8")).toContain("NO ISOLATION: only time and memory are limited");
    expect(await run(...args, "--set", "isolation=piston:http://127.0.0.1:9")).toBe(1);
    expect(await run(...args, "--set", "isolation=docker")).toBe(1);
    expect(error).toEqual([
      expect.stringMatching(/^Piston at 127\.0\.0\.1:9 is not available: no connection \(.+\)\.$/),
      "Invalid eval settings:\n  - isolation: expected auto, bubblewrap, process, pyodide, none, e2b or piston:URL",
    ]);
  });

  it("ends with one sentence where nothing is left", async () => {
    const samples = file("nothing.jsonl", ["nothing"]);
    expect(await run("eval", "--dataset", "humaneval", "--samples", samples, "--set", "idRange=[0,1]")).toBe(1);
    expect(out[0]).toContain(
      "\n\nNothing was scored.\n\nLeft out; the score covers 0 of 1 task:\n  1 of 1 tasks: no samples: HumanEval/0\n  line 1: not JSON (",
    );
    expect(await run("eval", "--dataset", "humaneval", "--samples", dir)).toBe(1);
    expect(error).toEqual([`${dir}: is a folder, expected a file. Give a file in EvalPlus's sample format with --samples.`]);
    expect(await run("eval", "--dataset", "multipl-e-js", "--samples", samples, "--set", "postProcessor=sanitize")).toBe(1);
    expect(error[1]).toBe("Invalid eval settings:\n  - postProcessor sanitize supports Python only; use none, fence or stop for multipl-e-js");
  });
});

describe.runIf(hasPython)(`diffucoder score${pythonNote}`, () => {
  it("does not run programs that are too long, nor print their output to the terminal unescaped", async () => {
    const named = "E = type('\\x1b[2J', (Exception,), {})\ndef f(x):\n    raise E\n";
    const input = file("score.jsonl", [
      { id: "long", code: tenMegabytes, entry_point: "f", tests: [[[1], 1]] },
      { id: "named\u001b", code: named, entry_point: "f", tests: [[[1], 1]] },
      "\u001b[2J",
      { id: "named\u001b", code: named, entry_point: "f", tests: [[[1], 1]] },
      { id: "both", code: "", completion: "", entry_point: "f", tests: [[[1], 1]] },
      { id: "short test", code: "", entry_point: "f", tests: [[[1]]] },
    ]);
    expect(await run("score", "--input", input)).toBe(0);
    expect(out).toEqual([
      "long: reward 0.000\n  test 1: memory (a program of 10000000 characters; at most 1048576 are run)",
      "named\\u001b: reward 0.000\n  test 1: exception (\\u001b[2J)",
    ]);
    expect(withoutSandboxNote(error)).toEqual([
      `${input}: line 3: not JSON (Unexpected token '\\u001b', "\\u001b[2J" is not valid JSON)`,
      `${input}: line 4: line 2 already has the id "named\\u001b"`,
      `${input}: line 5: give either completion or code`,
      expect.stringContaining(`${input}: line 6: tests: 0: `),
      "2 programs scored, 0 pass every test; 4 lines left out.",
    ]);
  });
});
