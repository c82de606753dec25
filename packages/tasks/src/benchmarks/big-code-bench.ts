// BigCodeBench-Complete: functions over many libraries, tested by `unittest` classes that patch modules and look into
// them, so program and tests share a process.
import { z } from "zod";
import type { Task } from "../task.ts";
import type { Benchmark } from "./benchmark.ts";
import { readLines } from "./read-lines.ts";

const Line = z.object({
  task_id: z.string(),
  complete_prompt: z.string(),
  canonical_solution: z.string(),
  test: z.string(),
  entry_point: z.string(),
  libs: z.string().transform((text) => [...text.matchAll(/'([\w.]+)'/g)].map(([, name]) => name!)),
});

function read(text: string, path: string): Task[] {
  return readLines(text, path, (line) => {
    const { task_id: id, complete_prompt: prefix, canonical_solution: solution, test, entry_point: entryPoint, libs } = Line.parse(JSON.parse(line));
    return {
      id,
      language: "python",
      prompt: { kind: "code", prefix },
      entryPoint,
      solution,
      hidden: { kind: "code", tests: [test], separate: false, unittest: true, libraries: libs },
    };
  });
}

export const bigCodeBench: Benchmark = {
  title: "BigCodeBench-Complete",
  version: "a3b8985",
  licence: "Apache-2.0",
  test: {
    file: { path: "bigcodebench/BigCodeBench.hf_data.jsonl.gz", sha256: "58142744edaf6036387f8761701f1b353432b0ed33f2edec1de8a59e7431ef7a" },
    read,
  },
};
