// Rewards see visible tests and nothing else. The type carries a mark that only `visibleTests` gives, so a task's hidden tests, or a benchmark's, do
// not type-check where a reward is made of them; the mark also exists at run time, for callers without types.
import { InvalidArgumentError } from "@diffucoder/core";
import type { ProgramTests } from "@diffucoder/reward-sandbox";
import type { Task, TrainableTask } from "./task.ts";
import type { CallTests, CodeTests, RunTests, Tests } from "./tests.ts";

const VISIBLE: unique symbol = Symbol("visible tests");

/** Tests that rewards may see. `visibleTests` makes them of tests that were published to be trained on, or are the user's own. */
export type VisibleTests<T extends CallTests | CodeTests | RunTests = CallTests | CodeTests | RunTests> = T & {
  /** The mark. */
  readonly [VISIBLE]: true;
};

/** Declares that rewards may see these tests. Evaluating a task by the tests that it was trained on shows only what was memorized. */
export function visibleTests<T extends CallTests | CodeTests | RunTests>(tests: T): VisibleTests<T> {
  return { ...tests, [VISIBLE]: true };
}

/**
 * What rewards are made of: a task's visible tests, as `scoreCompletions` of `@diffucoder/reward-sandbox` takes them.
 *
 * @throws {InvalidArgumentError} if the task has no visible tests, or they are not marked as such
 */
export function rewardTests({ id, language, entryPoint, visible }: TrainableTask): ProgramTests {
  const tests: Tests | undefined = visible;
  if (tests === undefined || !(VISIBLE in tests)) {
    throw new InvalidArgumentError({
      argument: "task",
      value: id,
      expected: "a task with visible tests",
      wayOut: "Hidden tests, and those of a benchmark, are for evaluation alone.",
    });
  }
  return programTests({ language, entryPoint }, visible);
}

/** Tests as the sandbox's functions take them. */
export function programTests(
  { language, entryPoint }: Pick<Task, "language" | "entryPoint">,
  tests: Exclude<Tests, { kind: "reference" }>,
): ProgramTests {
  switch (tests.kind) {
    case "calls":
      return { language, entryPoint: entryPoint ?? "", tests: tests.calls };
    case "code":
      return { language, asserts: tests.tests, ...(tests.separate && entryPoint !== undefined && { entryPoint }) };
    case "runs":
      return { language, runs: tests.runs };
  }
}
