import { describe, expect, it } from "vitest";
import { evalResult, type EvalRun } from "@diffucoder/eval";
import type { TaskSet } from "@diffucoder/tasks";
import { evalReport } from "./eval-report.ts";
import { evalTable } from "./eval-table.ts";

const taskSet: TaskSet = {
  name: "humaneval+",
  title: "HumanEval+",
  version: "v0",
  sha256: "0123456789abcdef",
  leftOut: [],
  tasks: [
    {
      id: "HumanEval/0",
      language: "python",
      prompt: { kind: "code", prefix: "def f(x):\n" },
      entryPoint: "f",
      solution: "    return x\n",
      hidden: { kind: "reference", reference: "", base: [[1]], plus: [], tolerance: 0 },
    },
  ],
};
const run = (label: string, estimate: number): EvalRun => ({
  label,
  source: {
    kind: "model",
    dir: "models/m",
    sha256: "fedcba9876543210",
    template: "t",
    sampler: { steps: 8, temperature: 0.2 },
    seed: 3,
    samplesPerTask: 1,
  },
  samples: [
    {
      taskId: "HumanEval/0",
      line: 1,
      kind: "solution",
      raw: "```\n<script>alert(1)</script>\n```",
      program: "<script>alert(1)</script>",
      score: {
        base: {
          verdict: "wrong",
          failures: [{ test: "base input 0", verdict: "wrong", input: [[1, "<b>"]], expected: { tuple: [1] }, got: "</pre>" }],
        },
        trust: "high",
      },
    },
  ],
  suites: [{ suite: "base", passAtK: [{ k: 1, estimate, interval95: [0, 1], tasks: 1 }], verdicts: { wrong: 1 } }],
  leftOut: [{ where: "line 9", reason: "not <JSON>" }],
  infrastructureFailures: 0,
  tasks: { all: 1, scored: 1 },
});
const isolation = { level: "bubblewrap", description: "namespaces" } as const;
const python = { path: "/venv/bin/python", version: "3.11.2", libraries: { numpy: "1.24.2", pytz: "2022.7" } };
const result = (runs: EvalRun[]) => evalResult({ taskSet, data: {}, postProcessor: "none", sandbox: { isolation, python }, seed: 0, ks: [1], runs });

describe("evalReport", () => {
  const page = evalReport(result([run("temperature 0.2", 0)]), taskSet.tasks);

  it("shows what was expected beside what came, as text", () => {
    expect(page).toContain("&#60;script&#62;alert(1)&#60;/script&#62;");
    expect(page).toContain("<code>(1,)</code>");
    expect(page).toContain("<code>&#39;&#60;/pre&#62;&#39;</code>");
    expect(page).toContain("<code>f([1, &#39;&#60;b&#62;&#39;])</code>");
    expect(page).toContain("not &#60;JSON&#62;");
    expect(page).not.toContain("<script");
  });

  it("names what the score was measured with", () => {
    for (const part of ["SHA-256 0123456789abcdef", "template t", "steps 8", "seed 3", "namespaces", "numpy 1.24.2, pytz 2022.7"])
      expect(page).toContain(part);
  });
});

describe("the cost of samples", () => {
  const costing = (label: string, tokensPerPass: number, estimate: number): EvalRun => ({
    ...run(label, estimate),
    method: "temperature 0",
    decoding: { forwardPasses: 12.34, tokens: 24, tokensPerPass },
  });
  const swept = result([costing("temperature 0, threshold 0.9", 2, 0.5), costing("temperature 0, threshold 0.8", 3, 0.5)]);

  it("is told with accuracy under parallelism, in the report and in the table", () => {
    const page = evalReport(swept, taskSet.tasks).replace(/[ \n]+/g, " ");
    expect(page).toContain('<th scope="row">temperature 0, threshold 0.9</th> <td>12.3 forward passes a sample, 2.00 tokens a pass</td>');
    expect(page).toContain('<th scope="row">temperature 0, base tests</th> <td>150.0</td>'); // 2 * 50 + (3 - 2) * 50
    const table = evalTable(swept);
    expect(table).toContain("temperature 0, threshold 0.8: 12.3 forward passes a sample, 3.00 tokens a pass");
    expect(table).toContain("base tests, temperature 0: accuracy under parallelism 150.0");
  });

  it("is not told where it is not known", () => {
    const plain = result([run("a", 0.5)]);
    expect(evalTable(plain)).not.toContain("forward passes");
    expect(evalReport(plain, taskSet.tasks)).not.toContain("whatever the hardware");
  });
});

describe("evalTable", () => {
  it("is a line per run, and calls several runs a sweep", () => {
    expect(
      evalTable(result([run("temperature 0.2", 0.25), run("temperature 0.4", 0.5)]))
        .split("\n")
        .slice(0, 7),
    ).toEqual([
      "HumanEval+ v0, 1 task, SHA-256 0123456789ab; post-processor none; sandbox: bubblewrap, Python 3.11.2 of /venv/bin/python",
      "model: models/m (SHA-256 fedcba987654); template t; steps 8, seed 3",
      "",
      "run              tests      k  pass@k  95 % interval  tasks   verdicts",
      "temperature 0.2  humaneval  1  25.0 %  0.0 to 100.0   1 of 1  1 wrong",
      "temperature 0.4  humaneval  1  50.0 %  0.0 to 100.0   1 of 1  1 wrong",
      "base tests: the highest pass@1 of a sweep of 2 is 50.0 % (temperature 0.4); chosen on the test set, it is biased upwards",
    ]);
  });
});
