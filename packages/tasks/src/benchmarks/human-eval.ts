// HumanEval: one function `check(candidate)` of asserts. It only calls the candidate with data, so the program runs in a process of its own and
// `check` sees what it returned. A few checks call helpers that the prompt defines: they get those of the benchmark's own solution, never the
// candidate's.
import { z } from "zod";
import type { Task, TaskPrompt } from "../task.ts";
import type { Benchmark } from "./benchmark.ts";
import { readLines } from "./read-lines.ts";

const Line = z.object({
  task_id: z.string(),
  entry_point: z.string(),
  prompt: z.string(),
  suffix: z.string().default(""),
  canonical_solution: z.string(),
  test: z.string(),
});

/** Reads the form that HumanEval and HumanEval-Infilling share. */
export function readHumanEval(text: string, path: string, promptOf: (line: { prompt: string; suffix: string }) => TaskPrompt): Task[] {
  return readLines(text, path, (line) => {
    const { task_id: id, entry_point: entryPoint, prompt, suffix, canonical_solution: solution, test } = Line.parse(JSON.parse(line));
    const tests = [`${prompt}${solution}${suffix}\n${test}\ncheck(candidate)\n`];
    return { id, language: "python", prompt: promptOf({ prompt, suffix }), entryPoint, solution, hidden: { kind: "code", tests, separate: true } };
  });
}

export const humanEval: Benchmark = {
  title: "HumanEval",
  version: "6d43fb9",
  licence: "MIT",
  test: {
    file: {
      path: "humaneval/HumanEval.jsonl.gz",
      sha256: "b796127e635a67f93fb35c04f4cb03cf06f38c8072ee7cee8833d7bee06979ef",
      url: "https://github.com/openai/human-eval/raw/6d43fb980f9fee3c892a914eda09951f772ad10d/data/HumanEval.jsonl.gz",
    },
    read: (text, path) => readHumanEval(text, path, ({ prompt }) => ({ kind: "code", prefix: prompt })),
  },
};
