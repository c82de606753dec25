import { readFileSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { FunctionJob, OutcomeResult } from "./jobs.ts";
import { findBubblewrap, findPython } from "./launch.ts";
import { combineRewards, extractCode, scoreCompletions } from "./rewards.ts";
import { createSandbox, type Sandbox } from "./sandbox.ts";

const golden: { code_format: { completion: string; code_format_reward: number; extracted_code: string }[] } = JSON.parse(
  readFileSync(new URL("../fixtures/rewards.json", import.meta.url), "utf8"),
);

/** A sandbox without Python: answers by a function of the job. */
const sandboxOf = (run: (job: FunctionJob) => OutcomeResult): Sandbox => ({
  isolation: { level: "process", description: "" },
  run: async (job) => run(job),
  runProgram: () => Promise.reject(new Error("not here")),
  runTests: () => Promise.reject(new Error("not here")),
  close: () => {},
});
const fenced = (code: string): string => `\`\`\`python\n${code}\`\`\`\n`;
const task = {
  entryPoint: "f",
  tests: [
    [[1], 2],
    [[2], 4],
    [[3], 6],
    [[4], 8],
  ] as [unknown[], unknown][],
};
const score = async (completion: string, run: (job: FunctionJob) => OutcomeResult) =>
  (await scoreCompletions({ sandbox: sandboxOf(run), completions: [completion], tasks: [task] }))[0]!;
const doubled =
  (wrongFrom: number) =>
  ({ inputs }: FunctionJob): OutcomeResult => ({
    parses: true,
    outcomes: inputs.map(([x], i) => ({ status: "ok", value: i < wrongFrom ? 2 * (x as number) : -1, milliseconds: 1 })),
  });

describe("scoreCompletions", () => {
  it("pays 2 for the share of tests passed and 0.5 for the form", async () => {
    expect(await score(fenced("def f(x): ..."), doubled(4))).toMatchObject({ reward: 2.5, code: 1, format: 1 });
    const half = await score(fenced("def f(x): ..."), doubled(2));
    expect(half).toMatchObject({ reward: 1.5, code: 0.5, format: 1 });
    expect(half.verdicts.map(({ verdict, got }) => [verdict, got])).toEqual([
      ["pass", 2],
      ["pass", 4],
      ["wrong", -1],
      ["wrong", -1],
    ]);
  });

  it("pays nothing for passed tests in another form", async () => {
    expect(await score(`${fenced("def f(x): ...")}And that is all.`, doubled(4))).toMatchObject({ reward: 0, code: 0, format: 0 });
    expect(await score("def f(x): return 2 * x", doubled(4))).toMatchObject({ reward: 0, code: 0, format: 0 });
  });

  it("pays half the form for code that does not parse", async () => {
    const broken = ({ inputs }: FunctionJob): OutcomeResult => ({
      parses: false,
      outcomes: inputs.map(() => ({ status: "exception", detail: "SyntaxError", milliseconds: 1 })),
    });
    expect(await score(fenced("def f(x"), broken)).toMatchObject({ reward: 0.25, code: 0, format: 0.5 });
  });

  it("gives null, and no 0, when the sandbox failed", async () => {
    const failing = ({ inputs }: FunctionJob): OutcomeResult => ({
      parses: true,
      outcomes: inputs.map((_, i) =>
        i === 2 ? { status: "infrastructure", detail: "gone", milliseconds: 0 } : { status: "ok", value: 0, milliseconds: 1 },
      ),
    });
    expect(await score(fenced("x"), failing)).toMatchObject({ reward: null, code: null, format: null });
  });

  it("hands inputs to the sandbox and keeps the expected values", async () => {
    let seen = "";
    await score(fenced("code"), (job) => ((seen = JSON.stringify(job)), doubled(4)(job)));
    expect(JSON.parse(seen)).toEqual({ code: "code", entryPoint: "f", inputs: [[1], [2], [3], [4]] });
  });
});

describe.runIf(findPython() !== undefined)(`the reference's rewards${findPython() ? "" : " (SKIPPED: there is no python3)"}`, () => {
  let sandbox: Sandbox;
  beforeAll(async () => {
    sandbox = await createSandbox({ workers: 1, isolation: "process" });
  });
  afterAll(() => sandbox.close());

  it.each(golden.code_format.map((row, i) => [i, row] as const))(
    "has the form of completion %i, as Python parses it, and its code",
    async (_, { completion, code_format_reward: wanted, extracted_code: code }) => {
      const [scored] = await scoreCompletions({ sandbox, completions: [completion], tasks: [task] });
      expect(scored!.format).toBe(wanted);
      expect(extractCode(completion)).toBe(code);
    },
  );

  it("differs on purpose in what proves a test: a value, and not how the program ends", async () => {
    // Each of these ends with exit code 0, or makes an assertion hold, which the reference takes for a pass.
    const programs = [
      "import os\nos._exit(0)\n",
      "import sys\nsys.exit(0)\n",
      "raise SystemExit\n",
      "class Any:\n    def __eq__(self, other): return True\ndef f(x):\n    return Any()\n",
      "import atexit, os\natexit.register(os._exit, 0)\n",
      "import os, sys\nsys.excepthook = lambda *a: os._exit(0)\n",
      "print('__PASS_RATE__ 1.0')\n",
    ];
    const completions = programs.map(fenced);
    const scores = await scoreCompletions({ sandbox, completions, tasks: completions.map(() => task) });
    expect(scores.map(({ code, format }) => [code, format])).toEqual(completions.map(() => [0, 1]));
  });

  const levels = [...(findBubblewrap() ? ["bubblewrap" as const] : []), "process" as const];
  it.each(levels)("keeps expected values out of a program's reach under %s", async (isolation) => {
    const isolated = await createSandbox({ workers: 1, isolation });
    // It looks for the expected value, as a sum so as not to find itself, and returns what it finds.
    const expected = 444_555_666 + 738_656_026_975;
    const code = `import gc, sys
def f(x):
    frame, seen = sys._getframe(), []
    while frame:
        seen.append(repr(frame.f_locals))
        frame = frame.f_back
    for thing in gc.get_objects():
        try: seen.append(repr(thing)[:10000])
        except Exception: pass
    text = ' '.join(seen)
    return [n for n in (x, x + 738656026975) if str(n) in text]
`;
    const [scored] = await scoreCompletions({
      sandbox: isolated,
      completions: [fenced(code)],
      tasks: [{ entryPoint: "f", tests: [[[444_555_666], [expected]]] }],
    });
    isolated.close();
    expect(scored!.verdicts[0]).toMatchObject({ verdict: "wrong", got: [444_555_666] }); // its own input, and no more
  });
});

describe("combineRewards", () => {
  it("sums the parts that are known", () => {
    expect(
      combineRewards([
        { weight: 2, value: 0.5 },
        { weight: 0.5, value: null },
      ]),
    ).toBe(1);
    expect(combineRewards([{ weight: 2, value: null }])).toBeNull();
  });
});
