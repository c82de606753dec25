// MBPP (Austin et al. 2021, arXiv 2108.07732): a sentence, a program and asserts. The function's name is in the asserts only, so the first of them is
// part of the prompt, as EvalPlus has it. Evaluation uses the part that was checked by hand; training the split that was published for it.
import { FileError } from "@diffucoder/core";
import { z } from "zod";
import type { Task } from "../task.ts";
import type { CodeTests } from "../tests.ts";
import { visibleTests } from "../visible-tests.ts";
import type { Benchmark } from "./benchmark.ts";
import { foundWrapper } from "./found-wrapper.ts";
import { readLines } from "./read-lines.ts";

const Sanitized = z.array(
  z.object({ task_id: z.int(), prompt: z.string(), code: z.string(), test_imports: z.array(z.string()), test_list: z.array(z.string()).min(1) }),
);
const Line = z.object({ task_id: z.int(), text: z.string(), code: z.string(), test_setup_code: z.string(), test_list: z.array(z.string()).min(1) });

function readTest(text: string, path: string): Task[] {
  let data: unknown;
  try {
    data = JSON.parse(text);
  } catch (cause) {
    throw new FileError({ path, problem: `not valid JSON (${(cause as Error).message})`, cause });
  }
  const parsed = Sanitized.safeParse(data);
  if (!parsed.success) throw new FileError({ path, problem: z.prettifyError(parsed.error) });
  return parsed.data.map(({ task_id: number, prompt: sentence, code, test_imports: imports, test_list: asserts }) => {
    // Mbpp/596 asks for sys.getsizeof, and counts on the program for the import.
    const setup = [...imports, ...(code.match(/^(?:import|from) .*$/gm) ?? [])].map((line) => `${line.trimEnd()}\n`).join("");
    const { tests, ...task } = taskOf({ number, sentence, code, asserts, setup });
    return { ...task, hidden: { ...tests, wrapper: foundWrapper(task.id, task.entryPoint) } };
  });
}

function taskOf({ number, sentence, code, asserts, setup }: { number: number; sentence: string; code: string; asserts: string[]; setup: string }) {
  const tests: CodeTests = { kind: "code", tests: asserts.map((line) => `${setup}${line}\n`), separate: true };
  return {
    id: `Mbpp/${number}`,
    language: "python" as const,
    prompt: { kind: "text" as const, text: `"""\n${sentence}\n${asserts[0]}\n"""\n` },
    entryPoint: entryPointOf(asserts, code),
    solution: code.replaceAll("\r\n", "\n"),
    tests,
  };
}

/** The training split of the paper is 601 to 974. */
const TRAIN = { from: 601, to: 974 };

/**
 * Tasks of the training split that are also in the sanitized part, on which `mbpp` and `mbpp+` are evaluated: a model trained on them has seen the
 * test. 120 of 374.
 */
const ALSO_EVALUATED: ReadonlySet<number> = new Set(
  numbers("602-608 610-612 614-620 622-633 635 637-641 643-644 720-726 728 730-760 762-767 769-773 775-788 790-794 796-809"),
);

function numbers(ranges: string): number[] {
  return ranges.split(" ").flatMap((range) => {
    const [from, to = from] = range.split("-").map(Number) as [number, number?];
    return Array.from({ length: to - from + 1 }, (_, i) => from + i);
  });
}

/** The training split without what evaluations use. Its asserts were published to be trained on, so rewards may see them. */
function readTrain(text: string, path: string): Task[] {
  return readLines(text, path, (line) => Line.parse(JSON.parse(line)))
    .filter(({ task_id: number }) => number >= TRAIN.from && number <= TRAIN.to && !ALSO_EVALUATED.has(number))
    .map(({ task_id: number, text: sentence, code, test_setup_code: setup, test_list: asserts }) => {
      const { tests, ...task } = taskOf({ number, sentence, code, asserts, setup: setup === "" ? "" : `${setup}\n` });
      return { ...task, visible: visibleTests(tests) };
    });
}

/** The function of the program that the asserts call. */
function entryPointOf(asserts: readonly string[], code: string): string {
  const defined = [...code.matchAll(/^(?:def|class)\s+(\w+)/gm)].map(([, name]) => name!);
  const called = asserts.join("\n").match(/\w+(?=\s*\()/g) ?? [];
  return called.find((name) => defined.includes(name)) ?? called.at(-1) ?? "";
}

const address = "https://github.com/google-research/google-research/raw/master/mbpp";

export const mbpp: Benchmark = {
  title: "MBPP sanitized",
  version: "sanitized",
  licence: "CC-BY-4.0",
  test: {
    file: {
      path: "mbpp/sanitized-mbpp.json",
      sha256: "7fec016546acaee11dbe14f9f0bb670e59f41919f7b522a59fba34871da78551",
      url: `${address}/sanitized-mbpp.json`,
    },
    read: readTest,
  },
  train: {
    file: {
      path: "mbpp/mbpp.jsonl",
      sha256: "ccf64ceae9c5403bf50a044cb6d505bfd2a2963ee58338ba268fd65beab92a9f",
      url: `${address}/mbpp.jsonl`,
    },
    read: readTrain,
  },
};
