// HumanEval+ and MBPP+: inputs of the base and the plus tests, and a reference that says what is right.
import { z } from "zod";
import { foundWrapper } from "../scoring/evalplus-oracle.ts";
import { mbppArguments } from "./mbpp-inputs.ts";
import type { Problem } from "./problem.ts";
import { parsePythonRecord, type PythonValue } from "@diffucoder/reward-sandbox";
import { readLines } from "./read-lines.ts";

const calls = z.array(z.array(z.custom<PythonValue>()));
const Task = z.object({
  task_id: z.string(),
  prompt: z.string(),
  entry_point: z.string(),
  canonical_solution: z.string(),
  base_input: calls,
  // MBPP+ writes an empty object where a task has no further inputs
  plus_input: z.union([calls, z.custom<{ dict: [] }>().transform((): PythonValue[][] => [])]),
});

export function readEvalPlus(text: string, path: string): Problem[] {
  return readLines(text, path, (line) => {
    const record = parsePythonRecord(line);
    const task = Task.parse(record);
    const { task_id: id, prompt, entry_point: entryPoint } = task;
    const isMbpp = id.startsWith("Mbpp/");
    const toCalls = (inputs: PythonValue[][]): (readonly PythonValue[])[] => (isMbpp ? inputs.map((args) => mbppArguments(id, args)) : inputs);
    return {
      id,
      language: "python",
      prompt,
      suffix: "",
      ...(isMbpp && { instruction: prompt }),
      entryPoint,
      wrapper: foundWrapper(id, entryPoint),
      canonical: task.canonical_solution,
      test: {
        kind: "calls",
        reference: prompt + task.canonical_solution,
        base: toCalls(task.base_input),
        plus: toCalls(task.plus_input),
        tolerance: Number(floatText(record.atol ?? 0)),
      },
    };
  });
}

function floatText(value: PythonValue): unknown {
  return typeof value === "object" && value !== null && "float" in value ? value.float : value;
}
