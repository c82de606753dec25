import { createSandbox, scoreCompletions } from "@diffucoder/reward-sandbox";
import { describe, expect, expectTypeOf, it } from "vitest";
import { hasPython, pythonNote } from "./shared-data.fixture.ts";
import { isTrainable, type Task, type TrainableTask } from "./task.ts";
import type { CallTests, Tests } from "./tests.ts";
import { rewardTests, type VisibleTests, visibleTests } from "./visible-tests.ts";

const calls: CallTests = { kind: "calls", calls: [[[1], 2]] };
const held: Task = { id: "a/1", language: "python", prompt: { kind: "text", text: "Add 1." }, entryPoint: "f", hidden: calls };
const refusal = (id: string): string =>
  `task must be a task with visible tests, got "${id}". Hidden tests, and those of a benchmark, are for evaluation alone.`;

describe("a reward of hidden tests", () => {
  it("does not type-check", () => {
    expectTypeOf<Task>().not.toExtend<TrainableTask>();
    expectTypeOf<CallTests>().not.toExtend<VisibleTests>();
    expectTypeOf<NonNullable<Task["hidden"]>>().toEqualTypeOf<Tests>();
    expectTypeOf<Tests>().not.toExtend<VisibleTests>();
    expectTypeOf(rewardTests).parameter(0).toEqualTypeOf<TrainableTask>();
    // @ts-expect-error: a task whose tests are all hidden
    expect(() => rewardTests(held)).toThrow(refusal("a/1"));
    // @ts-expect-error: its hidden tests put where visible ones belong
    expect(() => rewardTests({ ...held, visible: calls })).toThrow(refusal("a/1"));
  });

  it("is refused without types too", () => {
    expect(() => rewardTests(JSON.parse(JSON.stringify({ ...held, visible: calls })) as TrainableTask)).toThrow(refusal("a/1"));
  });
});

describe("rewardTests", () => {
  it("gives the visible tests alone, in the words of the sandbox", () => {
    const task = { ...held, visible: visibleTests({ kind: "calls", calls: [[[5], 6]] }) };
    expect(isTrainable(task)).toBe(true);
    expect(rewardTests(task)).toEqual({ language: "python", entryPoint: "f", tests: [[[5], 6]] });
    const statements = visibleTests({ kind: "code", tests: ["assert f(1) == 2"], separate: true });
    expect(rewardTests({ ...held, visible: statements })).toEqual({ language: "python", entryPoint: "f", asserts: ["assert f(1) == 2"] });
    const runs = visibleTests({ kind: "runs", runs: [{ stdin: "1\n", stdout: "2" }] });
    expect(rewardTests({ ...held, visible: runs })).toEqual({ language: "python", runs: [{ stdin: "1\n", stdout: "2" }] });
  });

  it.runIf(hasPython)(`runs whole programs by what they print${pythonNote}`, async () => {
    const sandbox = await createSandbox({ workers: 1 });
    const runs = [
      { stdin: "1\n", stdout: "2" },
      { stdin: "5", stdout: "6\n\n" },
      { stdin: "7", stdout: " 8" },
    ];
    const task = { ...held, visible: visibleTests({ kind: "runs", runs }) };
    const completions = ["```python\nprint(int(input()) + 1, '')\n```\n"];
    const [score] = await scoreCompletions({ sandbox, completions, tasks: [rewardTests(task)] });
    sandbox.close();
    expect(score!.verdicts.map(({ verdict }) => verdict)).toEqual(["pass", "pass", "wrong"]); // leading blanks count
    expect(score).toMatchObject({ code: 2 / 3, format: 1, trust: "high" });
  });
});
