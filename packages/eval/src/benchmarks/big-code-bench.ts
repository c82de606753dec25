// BigCodeBench-Complete: functions over many libraries, tested by `unittest` classes that patch modules and look into
// them, so program and tests share a process.
import { z } from "zod";
import type { Problem } from "./problem.ts";
import { readLines } from "./read-lines.ts";

const Task = z.object({
  task_id: z.string(),
  complete_prompt: z.string(),
  canonical_solution: z.string(),
  test: z.string(),
  entry_point: z.string(),
  libs: z.string().transform((text) => [...text.matchAll(/'([\w.]+)'/g)].map(([, name]) => name as string)),
});

export function readBigCodeBench(text: string, path: string): Problem[] {
  return readLines(text, path, (line) => {
    const { task_id: id, complete_prompt: prompt, canonical_solution: canonical, test, entry_point: entryPoint, libs } = Task.parse(JSON.parse(line));
    return {
      id,
      language: "python",
      prompt,
      suffix: "",
      entryPoint,
      wrapper: "",
      canonical,
      test: { kind: "code", tests: [test], separate: false, unittest: true, libraries: libs },
    };
  });
}
