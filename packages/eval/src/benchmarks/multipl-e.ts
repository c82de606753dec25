// MultiPL-E: HumanEval's tasks in JavaScript and TypeScript, with asserts of `node:assert`. It has no solutions.
import { z } from "zod";
import type { Problem } from "./problem.ts";
import { readLines } from "./read-lines.ts";

const Task = z.object({ name: z.string(), language: z.enum(["js", "ts"]), prompt: z.string(), tests: z.string(), stop_tokens: z.array(z.string()) });

export function readMultiplE(text: string, path: string): Problem[] {
  return readLines(text, path, (line) => {
    const { name: id, language, prompt, tests, stop_tokens: stops } = Task.parse(JSON.parse(line));
    const entryPoint = /let candidate = (\w+);/.exec(tests)?.[1] ?? "";
    return {
      id,
      language: language === "js" ? "javascript" : "typescript",
      prompt,
      suffix: "",
      entryPoint,
      wrapper: "",
      stops,
      test: { kind: "code", tests: [tests], separate: true, unittest: false, libraries: [] },
    };
  });
}
