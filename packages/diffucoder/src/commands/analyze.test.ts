import { readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { AnalysisResult } from "@diffucoder/recipes";
import { type DenoiseTrace, formatTrace } from "@diffucoder/samplers";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { makeTinyModel } from "../../../engine/src/tiny-model.fixture.ts";
import { evalCommands, hasPython, pythonNote } from "./eval-commands.fixture.ts";

const { dir, out, error, run, file } = evalCommands();

function traceOf(...columns: number[]): DenoiseTrace {
  const step = { tokens: [5], confidence: [0.5], entropy: [0.1] };
  const steps = columns.map((column, i) => ({ ...step, step: i, positions: [column], forwardPasses: i + 1 }));
  return { initialIds: [7, 9, 9, 9], maskTokenId: 9, steps };
}

describe("diffucoder analyze --traces", () => {
  it("gives the figures of recorded traces, and says what they do not tell", async () => {
    const path = join(dir, "recorded.jsonl");
    writeFileSync(path, formatTrace(traceOf(1, 2, 3)) + formatTrace(traceOf(1, 3, 2)));
    expect([await run("analyze", "--traces", path), error]).toEqual([0, []]);
    const lines = out[0]!.split("\n");
    expect(lines.slice(0, 5)).toEqual([
      `Decoding order: ${path}`,
      "",
      "Local and global AR-ness: holds",
      `  ${path} has a local AR-ness@1 of 66.7 % (66.7 to 66.7) and a global AR-ness@1 of 83.3 % (83.3 to 83.3), where left to right has 100 % and random orders have 61.1 % globally.`,
      "  The paper's finding holds in these data.",
    ]);
    expect(lines).toContain(
      "  Entropy sink at the first step. These traces do not tell what the first pass proposed; record them again to measure it.",
    );
  });

  it("counts as the conventions say, in JSON and on a page", async () => {
    const path = file("one.jsonl", [{ taskId: "a", sampleIndex: 0, trace: traceOf(1, 2, 3) }]);
    const output = join(dir, "page");
    const args = ["--ks", "[1]", "--set", "conventions.prompt=absent", "--output", output, "--json"];
    expect(await run("analyze", "--traces", path, ...args)).toBe(0);
    const result = JSON.parse(out[0]!) as AnalysisResult;
    expect(result.runs[0]!.local).toEqual([{ k: 1, estimate: 2 / 3, interval95: [2 / 3, 2 / 3] }]);
    expect(result.findings.find(({ id }) => id === "ar-ness")!.verdict).toBe("does not hold");
    expect(JSON.parse(readFileSync(join(output, "analysis.json"), "utf8"))).toEqual(result);
    const page = readFileSync(join(output, "report.html"), "utf8");
    expect(page).toContain('Local and global AR-ness <span class="badge bad">does not hold</span>');
    expect(page).toContain("the prompt counts as absent");
  });

  it("refuses what it cannot use with one error", async () => {
    const empty = file("empty.jsonl", []);
    const sample = file("sample.jsonl", [{ taskId: "a", text: "x" }]);
    const lengths = file("lengths.jsonl", [
      { taskId: "a", sampleIndex: 0, trace: traceOf(1) },
      { taskId: "a", sampleIndex: 1, trace: { ...traceOf(1), initialIds: [7, 9] } },
    ]);
    const refused: [string[], string][] = [
      [["--traces", empty], `${empty} must be traces: lines of JSON, got "". generate --trace and analyze write them.`],
      [
        ["--traces", sample],
        `${sample}, line 1 must be a trace, got "{\\"taskId\\":\\"a\\",\\"text\\":\\"x\\"}". generate --trace and analyze write them.`,
      ],
      [
        ["--traces", lengths],
        `${lengths}, sample 1 of a must be 3 masks, as the task's other samples have, got "1 masks". Analyze runs of different lengths one by one.`,
      ],
      [["--traces", "/nowhere.jsonl"], "/nowhere.jsonl: no such file."],
      [["--traces", empty, "--after-rl", "x"], "Invalid analyze settings:\n  - afterRl: for a model, not for traces that are there already"],
      [[], "Invalid analyze settings:\n  - output is required with a model, to keep what it generates"],
    ];
    for (const [args] of refused) expect(await run("analyze", ...args)).toBe(1);
    expect(error).toEqual(refused.map(([, message]) => message));
    expect(await run("analyze", "--dataset", "humaneva", "--output", dir)).toBe(1);
    expect(error.at(-1)).toMatch(
      /^Invalid analyze settings:\n {2}- dataset: expected one of tinycode, .*humaneval, .*, or the path of a file of JSON lines \(\.jsonl\)$/,
    );
  });
});

/** Numbers may differ in their last digits: a row is computed beside other rows after a kill. */
function near(value: unknown): unknown {
  if (typeof value === "number") return expect.closeTo(value, 5);
  if (Array.isArray(value)) return value.map(near);
  return typeof value === "object" && value !== null ? Object.fromEntries(Object.entries(value).map(([key, item]) => [key, near(item)])) : value;
}

describe("diffucoder analyze of a model", () => {
  let model: ReturnType<typeof makeTinyModel>;
  beforeAll(() => void (model = makeTinyModel()));
  afterAll(() => model.remove());
  const tasks = () =>
    file(
      "tasks.jsonl",
      ["a", "b"].map((id) => ({ id, language: "javascript", prompt: `xs ${id}`, entry_point: "f", tests: [[[1], 1]] })),
    );

  // The tasks are in JavaScript, which runs where Python guards it.
  it.runIf(hasPython)(`measures what it is given the means for, and nothing else${pythonNote}`, async () => {
    const metrics = file(
      "metrics.jsonl",
      [...Array(20).keys()].map((step) => ({ step, completionLength: 9 })),
    );
    const settings = ["--dataset", tasks(), "--against", tasks(), "--metrics", metrics, "--samples-per-task", "2"];
    const models = ["--model", model.dir, "--after-rl", model.dir];
    expect(await run("analyze", ...models, ...settings, "--output", join(dir, "drawn"), "--json")).toBe(0);
    const { runs, findings } = JSON.parse(out[0]!) as AnalysisResult;
    expect(findings.filter(({ verdict }) => verdict === "not measured").map(({ id }) => id)).toEqual(["stages"]);
    expect(runs.map(({ name }) => name.split(", ").slice(1).join())).toEqual([
      "temperature 0.2",
      "temperature 1.2",
      "temperature 0.2",
      "temperature 0.2",
      "temperature 0.2,steps 3",
      "temperature 0.2,steps 2",
      "temperature 0.2,steps 3",
      "temperature 0.2,steps 2",
    ]);
    // The same model before and after: no difference at all.
    expect(findings.find(({ id }) => id === "rl-order")!.sentences[0]).toMatch(/: \+0\.0 points \(0\.0 to 0\.0\)\.$/);
  });

  it.runIf(hasPython)(`resumes to the same result after a kill, and reads the same samples again with other conventions${pythonNote}`, async () => {
    const output = join(dir, "resumed");
    const args = ["analyze", "--model", model.dir, "--dataset", tasks(), "--samples-per-task", "2", "--output", output, "--json"];
    expect(await run(...args)).toBe(0);
    const result: unknown = JSON.parse(out[0]!);

    // As after a kill in the middle of a line.
    const generations = join(output, "model/generations-1.2.jsonl");
    const first = readFileSync(generations, "utf8");
    writeFileSync(generations, first.slice(0, -20));
    for (const name of ["model/scores.jsonl", "analysis.json"]) rmSync(join(output, name));
    expect(await run(...args)).toBe(0);
    expect(JSON.parse(out[1]!)).toEqual(near(result));

    const drawn = readFileSync(generations, "utf8");
    expect(await run(...args, "--set", "conventions.region=answer", "--ks", "[1]")).toBe(0);
    expect(readFileSync(generations, "utf8")).toBe(drawn);
    expect(await run("analyze", "--traces", generations, "--json")).toBe(0);
    const [fromModel, fromFile] = [out[1]!, out[3]!].map((text) => (JSON.parse(text) as AnalysisResult).runs.at(-1)!);
    expect(fromFile!.global.map(({ estimate }) => estimate)).toEqual(fromModel!.global.map(({ estimate }) => estimate));

    expect(await run(...args, "--seed", "1")).toBe(1);
    expect(error.at(-1)).toBe(
      `${join(output, "model/run.json")}: belongs to a run with other settings: seed was 0, is 1. Run with the same settings and files to resume, give another folder with --output, or start over with --fresh.`,
    );
  });

  it("looks at all models before it begins", async () => {
    const output = join(dir, "missing");
    expect(await run("analyze", "--model", model.dir, "--after-rl", join(dir, "none"), "--output", output)).toBe(1);
    expect(error.at(-1)).toContain(join(dir, "none"));
    expect(() => readFileSync(join(output, "model/run.json"))).toThrow("ENOENT");
  });
});
