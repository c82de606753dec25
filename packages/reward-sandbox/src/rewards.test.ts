import { readFileSync } from "node:fs";
import { UnavailableError } from "@diffucoder/core";
import { describe, expect, it } from "vitest";
import { combineRewards, extractCode, scoreCompletions } from "./rewards.ts";
import type { Job, JobResult, Sandbox } from "./sandbox.ts";

const golden: { code_format: { completion: string; code_format_reward: number; extracted_code: string }[] } = JSON.parse(
  readFileSync(new URL("../fixtures/rewards.json", import.meta.url), "utf8"),
);

/** A sandbox without Python: answers by a function of the job. */
const sandboxOf = (run: (job: Job) => JobResult): Sandbox => ({
  isolation: { level: "process", description: "" },
  run: async (job) => run(job),
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
const score = async (completion: string, run: (job: Job) => JobResult) =>
  (await scoreCompletions({ sandbox: sandboxOf(run), completions: [completion], tasks: [task] }))[0]!;
const doubled =
  (wrongFrom: number) =>
  ({ inputs }: Job): JobResult => ({
    syntax: true,
    outcomes: inputs.map(([x], i) => ({ status: "ok", value: i < wrongFrom ? 2 * (x as number) : -1 })),
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
    const broken = ({ inputs }: Job): JobResult => ({ syntax: false, outcomes: inputs.map(() => ({ status: "syntax", value: null })) });
    expect(await score(fenced("def f(x"), broken)).toMatchObject({ reward: 0.25, code: 0, format: 0.5 });
  });

  it("gives null, and no 0, when the sandbox failed", async () => {
    const fail = (): JobResult => {
      throw new UnavailableError({ what: "The sandbox", problem: "gone" });
    };
    expect(await score(fenced("x"), fail)).toEqual({ reward: null, code: null, format: null, verdicts: [] });
  });

  it("hands inputs to the sandbox and keeps the expected values", async () => {
    let seen = "";
    await score(fenced("code"), (job) => ((seen = JSON.stringify(job)), doubled(4)(job)));
    expect(JSON.parse(seen)).toEqual({ code: "code", entryPoint: "f", inputs: [[1], [2], [3], [4]] });
  });
});

describe("the reference's format reward", () => {
  // Whether code parses is Python's to say; here it is what the reference found.
  it.each(golden.code_format.map((row, i) => [i, row] as const))(
    "completion %i",
    async (_, { completion, code_format_reward: wanted, extracted_code: code }) => {
      const { format } = await score(completion, ({ inputs }) => ({
        syntax: wanted !== 0.5,
        outcomes: inputs.map(() => ({ status: "ok", value: 0 })),
      }));
      expect(format).toBe(wanted);
      expect(extractCode(completion)).toBe(code);
    },
  );
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
