// MBPP, the part that was checked by hand: a sentence, a program and three asserts. The function's name is in the asserts
// only, so the first of them is part of the prompt, as EvalPlus has it.
import { FileError } from "@diffucoder/core";
import { z } from "zod";
import { foundWrapper } from "../scoring/evalplus-oracle.ts";
import type { Problem } from "./problem.ts";

const Tasks = z.array(
  z.object({ task_id: z.int(), prompt: z.string(), code: z.string(), test_imports: z.array(z.string()), test_list: z.array(z.string()).min(1) }),
);

export function readMbpp(text: string, path: string): Problem[] {
  let data: unknown;
  try {
    data = JSON.parse(text);
  } catch (cause) {
    throw new FileError({ path, problem: `not valid JSON (${(cause as Error).message})`, cause });
  }
  const parsed = Tasks.safeParse(data);
  if (!parsed.success) throw new FileError({ path, problem: z.prettifyError(parsed.error) });
  return parsed.data.map(({ task_id: number, prompt: sentence, code, test_imports: imports, test_list: asserts }) => {
    const id = `Mbpp/${number}`;
    const entryPoint = entryPointOf(asserts, code);
    const instruction = `"""\n${sentence}\n${asserts[0]}\n"""\n`;
    // Mbpp/596 asks for sys.getsizeof, and counts on the program for the import.
    const setup = [...imports, ...(code.match(/^(?:import|from) .*$/gm) ?? [])].map((line) => `${line.trimEnd()}\n`).join("");
    return {
      id,
      language: "python",
      prompt: instruction,
      suffix: "",
      instruction,
      entryPoint,
      wrapper: foundWrapper(id, entryPoint),
      canonical: code.replaceAll("\r\n", "\n"),
      test: { kind: "code", tests: asserts.map((line) => `${setup}${line}\n`), separate: true, unittest: false, libraries: [] },
    };
  });
}

/** The function of the program that the asserts call. */
function entryPointOf(asserts: readonly string[], code: string): string {
  const defined = [...code.matchAll(/^(?:def|class)\s+(\w+)/gm)].map(([, name]) => name as string);
  const called = asserts.join("\n").match(/\w+(?=\s*\()/g) ?? [];
  return called.find((name) => defined.includes(name)) ?? called.at(-1) ?? "";
}
