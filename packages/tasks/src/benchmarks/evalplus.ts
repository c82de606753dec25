// HumanEval+ and MBPP+: inputs of the base and the plus tests, and a reference that says what is right.
import { parsePythonRecord, type PythonValue } from "@diffucoder/reward-sandbox";
import { z } from "zod";
import type { Task } from "../task.ts";
import type { Benchmark } from "./benchmark.ts";
import { foundWrapper } from "./found-wrapper.ts";
import { mbppArguments } from "./mbpp-inputs.ts";
import { readLines } from "./read-lines.ts";

const calls = z.array(z.array(z.custom<PythonValue>()));
const Line = z.object({
  task_id: z.string(),
  prompt: z.string(),
  entry_point: z.string(),
  canonical_solution: z.string(),
  base_input: calls,
  // MBPP+ writes an empty object where a task has no further inputs
  plus_input: z.union([calls, z.custom<{ dict: [] }>().transform((): PythonValue[][] => [])]),
});

function read(text: string, path: string): Task[] {
  return readLines(text, path, (line) => {
    const record = parsePythonRecord(line);
    const { task_id: id, prompt, entry_point: entryPoint, canonical_solution: solution, base_input: base, plus_input: plus } = Line.parse(record);
    const isMbpp = id.startsWith("Mbpp/");
    const toCalls = (inputs: PythonValue[][]): (readonly PythonValue[])[] => (isMbpp ? inputs.map((args) => mbppArguments(id, args)) : inputs);
    return {
      id,
      language: "python",
      prompt: isMbpp ? { kind: "text", text: prompt } : { kind: "code", prefix: prompt },
      entryPoint,
      solution,
      hidden: {
        kind: "reference",
        reference: prompt + solution,
        base: toCalls(base),
        plus: toCalls(plus),
        tolerance: Number(floatText(record.atol ?? 0)),
        wrapper: foundWrapper(id, entryPoint),
      },
    };
  });
}

function floatText(value: PythonValue): unknown {
  return typeof value === "object" && value !== null && "float" in value ? value.float : value;
}

const evalPlus = (title: string, release: { name: string; version: string; repository: string; folder: string; sha256: string }): Benchmark => ({
  title,
  version: release.version,
  licence: "Apache-2.0",
  test: {
    file: {
      path: `${release.folder}/${release.name}.jsonl.gz`,
      sha256: release.sha256,
      url: `https://github.com/evalplus/${release.repository}/releases/download/${release.version}/${release.name}.jsonl.gz`,
    },
    read,
  },
});

export const humanEvalPlus = evalPlus("HumanEval+", {
  name: "HumanEvalPlus",
  version: "v0.1.10",
  repository: "humanevalplus_release",
  folder: "humanevalplus",
  sha256: "272720b90ac375502c8ed23cd791c2a93dfb22a911641a494da74a426c09f101",
});

export const mbppPlus = evalPlus("MBPP+", {
  name: "MbppPlus",
  version: "v0.2.0",
  repository: "mbppplus_release",
  folder: "mbppplus",
  sha256: "af43697e8791c4c149bdfd6b489d8b5412507551ac20e28a439f650b8225db63",
});
