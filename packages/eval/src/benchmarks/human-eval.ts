// HumanEval and HumanEval-Infilling: one function `check(candidate)` of asserts. It only calls the candidate with data, so
// the program runs in a process of its own and `check` sees what it returned. A few checks call helpers that the prompt
// defines: they get those of the benchmark's own solution, never the candidate's.
import { z } from "zod";
import type { Problem } from "./problem.ts";
import { readLines } from "./read-lines.ts";

const Task = z.object({
  task_id: z.string(),
  entry_point: z.string(),
  prompt: z.string(),
  suffix: z.string().default(""),
  canonical_solution: z.string(),
  test: z.string(),
});

export function readHumanEval(text: string, path: string): Problem[] {
  return readLines(text, path, (line) => {
    const { task_id: id, entry_point: entryPoint, prompt, suffix, canonical_solution: canonical, test } = Task.parse(JSON.parse(line));
    const tests = [`${prompt}${canonical}${suffix}\n${test}\ncheck(candidate)\n`];
    const common = { id, language: "python", prompt, suffix, entryPoint, wrapper: "", canonical } as const;
    return { ...common, test: { kind: "code", tests, separate: true, unittest: false, libraries: [] } };
  });
}
