import { readFileSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { FunctionJob, OutcomeResult } from "../jobs.ts";
import { findBubblewrap, findPython } from "../local/launch.ts";
import { extractCode } from "./form.ts";
import { REWARD_FUNCTIONS } from "./reward-functions.ts";
import { combineRewards, type RewardTerm, scoreCompletions } from "./score-completions.ts";
import { createSandbox, type Sandbox } from "../sandbox.ts";

const golden: {
  code_format: { completion: string; code_format_reward: number; extracted_code: string }[];
  soft_overlong: { max_completion_len: number; soft_punish_cache: number; rows: { completion_length: number; reward: number }[] };
} = JSON.parse(readFileSync(new URL("../../fixtures/rewards.json", import.meta.url), "utf8"));

/** A sandbox without Python: answers by a function of the job. */
const sandboxOf = (run: (job: FunctionJob) => OutcomeResult): Sandbox => ({
  isolation: { level: "process", description: "" },
  run: async (job) => run(job),
  runProgram: () => Promise.reject(new Error("not here")),
  runTests: () => Promise.reject(new Error("not here")),
  submit: () => Promise.reject(new Error("not here")),
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
    isolation: "bubblewrap",
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
      isolation: "bubblewrap",
      parses: false,
      outcomes: inputs.map(() => ({ status: "exception", detail: "SyntaxError", milliseconds: 1 })),
    });
    expect(await score(fenced("def f(x"), broken)).toMatchObject({ reward: 0.25, code: 0, format: 0.5 });
  });

  it("gives null, and no 0, when the sandbox failed", async () => {
    const failing = ({ inputs }: FunctionJob): OutcomeResult => ({
      isolation: "bubblewrap",
      parses: true,
      outcomes: inputs.map((_, i) =>
        i === 2 ? { status: "infrastructure", detail: "gone", milliseconds: 0 } : { status: "ok", value: 0, milliseconds: 1 },
      ),
    });
    expect(await score(fenced("x"), failing)).toMatchObject({ reward: null, code: null, format: null });
  });

  it("records each term, takes a function of one's own, and sums what is known", async () => {
    const terms: RewardTerm[] = [
      { name: "code", weight: 1 },
      { name: "binary_code", weight: 4 },
      { name: "soft_overlong_punishment", weight: 2, options: { maxCompletionLen: 100, softPunishCache: 20 } },
      { name: "short_names", weight: 3, options: { atMost: 1 } },
      { name: "unknown", weight: 100 },
    ];
    const [first, second] = await scoreCompletions({
      sandbox: sandboxOf(doubled(4)),
      completions: [fenced("def f(x): ..."), "no code"],
      completionLengths: [90, 10],
      tasks: [task, task],
      terms,
      rewardFunctions: {
        ...REWARD_FUNCTIONS,
        short_names:
          ({ atMost }) =>
          (samples) =>
            samples.map(({ code }) => (code === "" ? null : Number(code.length > (atMost as number)))),
        unknown: () => (samples) => samples.map(() => null),
      },
    });
    expect(first!.terms.map(({ value }) => value)).toEqual([1, 1, -0.5, 1, null]);
    expect(first!.reward).toBe(1 + 4 - 1 + 3);
    expect(second!.terms.map(({ value }) => value)).toEqual([0, 0, 0, null, null]);
    expect(second!.reward).toBe(0);
  });

  it("prefers short answers among right ones, as Kimi k1.5 does", async () => {
    const other = { ...task };
    const scores = await scoreCompletions({
      sandbox: sandboxOf(doubled(4)),
      completions: [fenced("a"), fenced("b"), "no code", "no code", fenced("c")],
      completionLengths: [10, 30, 10, 20, 500],
      tasks: [task, task, task, task, other],
      terms: [{ name: "length", weight: 1 }],
    });
    // lambda = 0.5 - (L - 10) / 20 for the four of one task; wrong ones never gain; alone there is nothing to compare
    expect(scores.map(({ reward }) => reward)).toEqual([0.5, -0.5, 0, 0, 0]);
  });

  it("says what is wrong with its terms", async () => {
    const common = { sandbox: sandboxOf(doubled(4)), completions: [fenced("a")], tasks: [task] };
    await expect(scoreCompletions({ ...common, terms: [{ name: "cod", weight: 1 }] })).rejects.toThrow(
      'terms must be one of code, binary_code, code_format, length, soft_overlong_punishment, got "cod".',
    );
    await expect(scoreCompletions({ ...common, terms: [{ name: "length", weight: 1 }] })).rejects.toThrow(
      "completionLengths must be given for the reward length, got undefined.",
    );
    await expect(scoreCompletions({ ...common, terms: [{ name: "soft_overlong_punishment", weight: 1 }] })).rejects.toThrow(
      "maxCompletionLen must be a positive number of tokens, got undefined.",
    );
    const mine = { mine: () => () => [Number.NaN] };
    await expect(scoreCompletions({ ...common, terms: [{ name: "mine", weight: 1 }], rewardFunctions: mine })).rejects.toThrow(
      "rewardFunctions.mine must be a finite number or null for each completion, got [null].",
    );
    await expect(scoreCompletions({ ...common, tasks: [] })).rejects.toThrow("tasks must be one for each of 1 completions, got 0.");
  });

  it("punishes overlong completions as the reference does", async () => {
    const { rows, max_completion_len: maxCompletionLen, soft_punish_cache: softPunishCache } = golden.soft_overlong;
    const scores = await scoreCompletions({
      sandbox: sandboxOf(doubled(4)),
      completions: rows.map(() => "no code"),
      completionLengths: rows.map((row) => row.completion_length),
      tasks: rows.map(() => task),
      terms: [{ name: "soft_overlong_punishment", weight: 1, options: { maxCompletionLen, softPunishCache } }],
    });
    expect(scores.map(({ reward }) => reward)).toEqual(rows.map(({ reward }) => reward));
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
      const [scored] = await scoreCompletions({ sandbox, completions: [completion], tasks: [task], mode: "compat" });
      expect(scored!.format).toBe(wanted);
      expect(extractCode(completion)).toBe(code);
      const [strict] = await scoreCompletions({ sandbox, completions: [completion], tasks: [task] });
      expect(strict!.format).toBeLessThanOrEqual(wanted);
    },
  );

  it("pays strictly for an empty answer nothing, and for code that does not compile as for code that does not parse", async () => {
    const completions = ["```python\n```\n", fenced("return 1\n"), fenced("await x\n"), fenced("def f(x): return x\n")];
    const scores = await scoreCompletions({ sandbox, completions, tasks: completions.map(() => task) });
    expect(scores.map(({ format }) => format)).toEqual([0, 0.5, 0.5, 1]);
  });

  it("gives one huge completion among others 0, and scores the rest", async () => {
    const good = fenced("def f(x): return 2 * x\n");
    const huge = [fenced(`def f(x): return 2 * x\n${"#".repeat(8.5e6)}\n`), "\n".repeat(8.5e6), "`".repeat(8.5e6), fenced("x\n".repeat(4.2e6))];
    const completions = [good, ...huge, good];
    const scores = await scoreCompletions({ sandbox, completions, tasks: completions.map(() => task) });
    expect(scores.map(({ reward }) => reward)).toEqual([2.5, 0, 0, 0, 0, 2.5]);
    const got = `a completion of ${huge[0]!.length} characters; at most 1048576 are read`;
    expect(scores[1]!.verdicts[0]).toEqual({ verdict: "memory", got, args: [1], expected: 2 });
    const [large] = await scoreCompletions({ sandbox, completions: [fenced(`def f(x): return 2 * x\n${"#".repeat(1e6)}\n`)], tasks: [task] });
    expect(large!.reward).toBe(2.5);
  });

  it("takes floats, large integers, dicts and tuples in tests", async () => {
    const code = fenced("def f(x):\n    if type(x) is dict: return x['a']\n    return x / 2 if x == 4 else x ** 2\n");
    const tests = [
      [[4], { float: 2 }],
      [[4], 2],
      [[2n ** 40n], 2n ** 80n],
      [[{ a: { tuple: [1] } }], { tuple: [1] }],
      [[new Map([["a", { b: 0.5 }]])], { b: 0.5 }],
    ] as [unknown[], unknown][];
    const [score] = await scoreCompletions({ sandbox, completions: [code], tasks: [{ entryPoint: "f", tests }] });
    expect(score!.verdicts.map(({ verdict }) => verdict)).toEqual(["pass", "wrong", "pass", "pass", "pass"]);
  });

  it.each(["javascript", "typescript"] as const)("scores %s by its own fence and its own values", async (language) => {
    const block = (name: string, code: string): string => `\`\`\`${name}\n${code}\n\`\`\`\n`;
    const short = language === "javascript" ? "js" : "ts";
    const code = "function f(x) { return Array.isArray(x) ? { sum: 1.1 * x[0], none: undefined } : x / 2 }";
    const completions = [
      block(language, code),
      block(short, code),
      block("python", code),
      block(short, "function f(x { }"),
      `${block(short, code)}Done.`,
    ];
    const tests = [
      [[4], 2],
      [[[10]], { sum: 11, none: undefined }],
    ] as [unknown[], unknown][];
    const tasks = completions.map(() => ({ language, entryPoint: "f", tests }));
    const scores = await scoreCompletions({ sandbox, completions, tasks });
    expect(scores.map(({ code: share, format }) => [share, format])).toEqual([
      [1, 1],
      [1, 1],
      [0, 0],
      [0, 0.5],
      [0, 0],
    ]);
    expect(scores[2]!.verdicts[0]).toMatchObject({ verdict: "exception", got: "no code" });
  });

  it("takes asserts for tests, and says how far they can be trusted", async () => {
    const completions = [fenced("def f(x): return x + 1\n"), fenced("def f(x): return x + 1\n"), fenced("import os\nos._exit(0)\n")];
    const asserts = ["assert f(1) == 2", "assert f(2) == 4"];
    const tasks = [{ entryPoint: "f", asserts }, { asserts }, { entryPoint: "f", asserts }];
    const scores = await scoreCompletions({ sandbox, completions, tasks });
    expect(scores.map(({ code, trust }) => [code, trust])).toEqual([
      [0.5, "high"],
      [0.5, "low"],
      [0, "high"],
    ]);
    expect(scores[0]!.verdicts).toEqual([
      { assert: "assert f(1) == 2", verdict: "pass", got: "" },
      { assert: "assert f(2) == 4", verdict: "wrong", got: "AssertionError" },
    ]);
  });

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

describe("scoreCompletions, given the wrong kinds of arguments", () => {
  const common = { sandbox: sandboxOf(doubled(4)), completions: ["x"], tasks: [task] };
  it.each<[object, string]>([
    [{ sandbox: {} }, "sandbox.run must be a function, got undefined."],
    [{ completions: "x" }, 'completions must be an array of strings, got "x".'],
    [{ completions: [undefined] }, "completions[0] must be a string, got undefined."],
    [{ tasks: [] }, "tasks must be one for each of 1 completions, got 0."],
    [{ tasks: [null] }, "tasks[0] must be an object such as { entryPoint, tests }, { asserts } or { runs }, got null."],
    [{ tasks: [{ entryPoint: "f" }] }, "tasks[0].tests must be an array of [arguments, expected], or absent if there are asserts, got undefined."],
    [{ tasks: [{ tests: [] }] }, "tasks[0].entryPoint must be the name of a function, got undefined."],
    [{ tasks: [{ ...task, language: "js" }] }, 'tasks[0].language must be one of python, javascript, typescript, got "js".'],
    [{ tasks: [{ ...task, tests: [[[3]]] }] }, "tasks[0].tests[0] must be [arguments, expected], with the arguments an array, got [[3]]."],
    [{ tasks: [{ ...task, tests: [[3, 3]] }] }, "tasks[0].tests[0] must be [arguments, expected], with the arguments an array, got [3,3]."],
    [{ tasks: [{ ...task, tests: [[[3], undefined]] }] }, "tasks[0].tests[0][1] must be plain data, got undefined. Write null for None."],
    [{ tasks: [{ asserts: "assert f" }] }, 'tasks[0].asserts must be an array of strings, got "assert f".'],
    [{ completionLengths: [1, 2] }, "completionLengths must be one for each of 1 completions, got 2."],
    [{ terms: [{ name: "code" }] }, "terms[0].weight must be a finite number, got undefined."],
    [{ mode: "loose" }, 'mode must be one of strict, compat, got "loose".'],
  ])("names what is wrong in %o", async (wrong, message) => {
    await expect(scoreCompletions({ ...common, ...wrong })).rejects.toMatchObject({ name: "InvalidArgumentError", message });
  });
});

describe("combineRewards", () => {
  it("refuses what is no reward", () => {
    for (const part of [{ weight: 1 }, { weight: NaN, value: 1 }, { weight: 1, value: Infinity }]) {
      expect(() => combineRewards([part as never])).toThrow("parts[0] must be a finite weight and a finite value or null, got {");
    }
  });

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
