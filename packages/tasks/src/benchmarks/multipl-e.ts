// MultiPL-E: HumanEval's tasks in JavaScript and TypeScript, with asserts of `node:assert`. It has no solutions.
import { z } from "zod";
import type { Task } from "../task.ts";
import type { Benchmark } from "./benchmark.ts";
import { readLines } from "./read-lines.ts";

const Line = z.object({ name: z.string(), language: z.enum(["js", "ts"]), prompt: z.string(), tests: z.string(), stop_tokens: z.array(z.string()) });

function read(text: string, path: string): Task[] {
  return readLines(text, path, (line) => {
    const { name: id, language, prompt: prefix, tests, stop_tokens: stops } = Line.parse(JSON.parse(line));
    return {
      id,
      language: language === "js" ? "javascript" : "typescript",
      prompt: { kind: "code", prefix },
      entryPoint: /let candidate = (\w+);/.exec(tests)?.[1] ?? "",
      stops,
      hidden: { kind: "code", tests: [tests], separate: true },
    };
  });
}

const humanEvalIn = (language: string, sha256: string, title: string): Benchmark => ({
  title: `MultiPL-E HumanEval, ${title}`,
  version: "DeepSeek-Coder a4ba628",
  licence: "BSD-3-Clause with machine learning restriction",
  test: {
    file: {
      path: `multipl-e/humaneval-${language}.jsonl`,
      sha256,
      url: `https://github.com/deepseek-ai/DeepSeek-Coder/raw/a4ba628dfdc2e56f1fd6cdd86df103ce4d3df73e/Evaluation/HumanEval/data/humaneval-${language}.jsonl`,
    },
    read,
  },
});

export const multiplE = {
  javascript: humanEvalIn("js", "634e2eee8d6e22de07c121b972207683dd96be76256bf44bdfc1a3386b739287", "JavaScript"),
  typescript: humanEvalIn("ts", "4b1af1050c9f226335d54a8c80553c39454a525cace3e67bdcfcc9092ba02637", "TypeScript"),
};
