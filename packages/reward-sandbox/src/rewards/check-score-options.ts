// Checks the arguments of `scoreCompletions` before any program runs: a wrong task is named and costs no run.
import { InvalidArgumentError } from "@diffucoder/core";
import { checkFunction, checkFunctionName, checkLanguage, checkList, checkObject, checkText, checkTexts } from "../check-arguments.ts";
import { givenValue } from "../given-values.ts";
import type { RewardTerm, ScoreOptions } from "./score-completions.ts";
import type { ProgramTests } from "./test-program.ts";

function checkTask(task: ProgramTests, argument: string): void {
  checkObject(argument, task, "an object such as { entryPoint, tests }, { asserts } or { runs }");
  checkLanguage(`${argument}.language`, task.language);
  if ("runs" in task) {
    checkList(`${argument}.runs`, task.runs, "an array of { stdin, stdout }");
    for (const [i, run] of task.runs.entries()) {
      checkObject(`${argument}.runs[${i}]`, run, "an object such as { stdin, stdout }");
      for (const name of ["stdin", "stdout"] as const) checkText(`${argument}.runs[${i}].${name}`, run[name]);
    }
    return;
  }
  if ("asserts" in task) {
    checkTexts(`${argument}.asserts`, task.asserts);
    if (task.entryPoint !== undefined) checkFunctionName(`${argument}.entryPoint`, task.entryPoint, task.language);
    return;
  }
  checkFunctionName(`${argument}.entryPoint`, task.entryPoint, task.language);
  checkList(`${argument}.tests`, task.tests, "an array of [arguments, expected], or absent if there are asserts");
  for (const [i, test] of task.tests.entries()) {
    const name = `${argument}.tests[${i}]`;
    if (!Array.isArray(test) || test.length !== 2 || !Array.isArray(test[0])) {
      throw new InvalidArgumentError({ argument: name, value: test, expected: "[arguments, expected], with the arguments an array" });
    }
    givenValue(test[0], task.language, `${name}[0]`);
    givenValue(test[1], task.language, `${name}[1]`);
  }
}

function checkTerm(term: RewardTerm, argument: string): void {
  checkObject(argument, term, "an object such as { name, weight }");
  if (Number.isFinite(term.weight)) return;
  throw new InvalidArgumentError({ argument: `${argument}.weight`, value: term.weight, expected: "a finite number" });
}

function checkLength(argument: string, list: readonly unknown[], count: number): void {
  if (list.length === count) return;
  throw new InvalidArgumentError({ argument, value: list.length, expected: `one for each of ${count} completions` });
}

/** @throws {InvalidArgumentError} */
export function checkScoreOptions(options: ScoreOptions): void {
  checkObject("options", options, "an object such as { sandbox, completions, tasks }");
  const { sandbox, completions, tasks, completionLengths, terms, rewardFunctions, mode } = options;
  checkObject("sandbox", sandbox, "a sandbox from createSandbox");
  for (const name of ["run", "runTests"] as const) checkFunction(`sandbox.${name}`, sandbox[name]);
  checkTexts("completions", completions);
  checkList("tasks", tasks, "an array with a task for each completion");
  checkLength("tasks", tasks, completions.length);
  const seen = new Set<ProgramTests>();
  for (const [i, task] of tasks.entries()) {
    if (!seen.has(task)) checkTask(task, `tasks[${i}]`);
    seen.add(task);
  }
  if (completionLengths !== undefined) {
    checkList("completionLengths", completionLengths);
    checkLength("completionLengths", completionLengths, completions.length);
  }
  if (terms !== undefined) {
    checkList("terms", terms);
    for (const [i, term] of terms.entries()) checkTerm(term, `terms[${i}]`);
  }
  if (rewardFunctions !== undefined) checkObject("rewardFunctions", rewardFunctions, "an object of functions by name");
  if (mode !== undefined && !["strict", "compat"].includes(mode)) {
    throw new InvalidArgumentError({ argument: "mode", value: mode, expected: "one of strict, compat" });
  }
}
