// `--python`: programs import what is installed for it, results name it, and a path without a Python is told before anything is done.
import { chmodSync, existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { EvalResult } from "@diffucoder/eval";
import { beforeAll, describe, expect, it } from "vitest";
import { virtualEnvironment } from "../../../reward-sandbox/src/local/virtual-environment.fixture.ts";
import { evalCommands, hasPython, hasSharedBench, pythonNote, skipNote } from "./eval-commands.fixture.ts";

const { dir, out, error, run, file } = evalCommands();
let python: string;
beforeAll(() => {
  chmodSync(dir, 0o755);
  if (hasPython) ({ python } = virtualEnvironment(join(dir, "mine"), "tiny"));
});

it.runIf(hasPython)(`score runs programs on your own Python${pythonNote}`, async () => {
  const completion = "```python\nimport tiny\ndef f():\n    return tiny.word\n```";
  const input = file("own.jsonl", [{ id: 1, completion, entry_point: "f", asserts: ['assert f() == "of tiny"'] }]);
  expect(await run("score", "--input", input, "--python", python)).toBe(0);
  expect(out[0]).toBe("1: reward 1.000\n  test 1: pass");
  expect(await run("score", "--input", input)).toBe(0);
  expect(out[1]).toBe("1: reward 0.000\n  test 1: exception (ModuleNotFoundError)");
});

const absent = 'python must be the path of Python 3.9 or newer, got "/nowhere/python3". There is no such file.';

describe.runIf(hasSharedBench)(`eval${skipNote}`, () => {
  const evaluating = (): string[] => {
    const samples = file("samples.jsonl", [{ task_id: "HumanEval/2", completion: "    import tiny\n    return number % len(tiny.word[:1])\n" }]);
    return ["eval", "--dataset", "humaneval", "--samples", samples, "--set", "idRange=[2,3]"];
  };

  it("runs samples on it, and a result names it, on which they are scored again", async () => {
    const output = join(dir, "run");
    expect(await run(...evaluating(), "--python", python, "--output", output)).toBe(0);
    const { sandbox, runs } = JSON.parse(readFileSync(join(output, "eval-result.json"), "utf8")) as EvalResult;
    expect(runs[0]?.suites[0]?.verdicts).toEqual({ pass: 1 });
    expect(sandbox.python).toMatchObject({ path: python, libraries: { tiny: "1.2" } });
    expect(out[0]).toContain(`, Python ${sandbox.python?.version} of ${python}\n`);
    expect(readFileSync(join(output, "report.html"), "utf8")).toContain("<td>tiny 1.2</td>");
    expect(await run("rescore", join(output, "eval-result.json"))).toBe(0);
    expect(await run("rescore", join(output, "eval-result.json"), "--python", "/nowhere/python3")).toBe(1);
    expect(error).toEqual([absent]);
    expect(await run(...evaluating())).toBe(0);
    expect((out.at(-1) as string).includes("1 exception")).toBe(true);
  });

  it("says that there is none before a folder belongs to the evaluation", async () => {
    const output = join(dir, "refused");
    expect(await run(...evaluating(), "--python", "/nowhere/python3", "--output", output)).toBe(1);
    expect(await run(...evaluating(), "--python", python, "--set", "isolation=pyodide", "--output", output)).toBe(1);
    expect(error).toEqual([absent, 'python does not apply to isolation "pyodide", which has its own Python. Leave one of the two out.']);
    expect(existsSync(output)).toBe(false);
  });
});
