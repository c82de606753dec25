// From what a model wrote to a program.
import { InvalidArgumentError } from "@diffucoder/core";
import type { Sandbox } from "@diffucoder/reward-sandbox";
import type { Problem } from "../benchmarks/problem.ts";
import { sanitize } from "./sanitize.ts";
import type { Sample } from "./samples-file.ts";

/**
 * - `none`: the text as it is. What EvalPlus does with a samples file.
 * - `fence`: the first fenced block that is named after the language or not at all; if the answer was begun inside one, the text up to the
 *   fence that closes it; without a fence the whole text.
 * - `stop`: the text up to the first of the task's stop texts (MultiPL-E).
 * - `sanitize`: EvalPlus's, see `sanitize.ts`: of the whole program, prompt included, what the entry point needs. Python only.
 */
export const POST_PROCESSORS = ["none", "fence", "stop", "sanitize"] as const;

export type PostProcessor = (typeof POST_PROCESSORS)[number];

const LANGUAGE_NAMES = { python: ["python", "py", "python3"], javascript: ["javascript", "js"], typescript: ["typescript", "ts"] } as const;

export interface ToProgramOptions {
  postProcessor: PostProcessor;
  /** `sanitize` parses in it. */
  sandbox: Sandbox;
  signal?: AbortSignal | undefined;
}

/**
 * The program that a sample stands for.
 *
 * @throws {InvalidArgumentError} for `sanitize` and a task that is not in Python
 * @throws {AbortedError} if the signal says so
 */
export async function toProgram(
  problem: Problem,
  { text, kind }: Pick<Sample, "text" | "kind">,
  { postProcessor, ...options }: ToProgramOptions,
): Promise<string> {
  const code = postProcess(problem, text, postProcessor);
  const program = kind === "solution" ? code : problem.prompt + code + problem.suffix;
  if (postProcessor !== "sanitize") return program;
  if (problem.language !== "python") {
    throw new InvalidArgumentError({
      argument: "postProcessor",
      value: postProcessor,
      expected: `another for ${problem.language}: it knows Python alone`,
    });
  }
  return sanitize(program, problem.entryPoint, options);
}

function postProcess(problem: Problem, text: string, postProcessor: PostProcessor): string {
  switch (postProcessor) {
    case "none":
    case "sanitize":
      return text;
    case "fence":
      return fencedCode(text, LANGUAGE_NAMES[problem.language]);
    case "stop":
      return text.slice(0, Math.min(text.length, ...(problem.stops ?? []).map((stop) => text.indexOf(stop)).filter((at) => at >= 0)));
  }
}

/** See `fence` of `POST_PROCESSORS`. */
export function fencedCode(text: string, languages: readonly string[]): string {
  const lines = text.split("\n");
  const fences = lines.flatMap((line, i) => (/^\s*```/.test(line) ? [i] : []));
  if (fences.length === 0) return text;
  const opening = fences.find((i) => {
    const name = (lines[i] as string).trim().slice(3).trim().toLowerCase();
    return languages.includes(name);
  });
  const first = fences[0] as number;
  // A bare fence first: it closes a block that was begun in the prompt, if there is code before it and no named block at all.
  if (opening === undefined && fences.length % 2 === 1) return `${lines.slice(0, first).join("\n")}\n`;
  const start = opening ?? first;
  const end = fences.find((i) => i > start) ?? lines.length;
  return `${lines.slice(start + 1, end).join("\n")}\n`;
}
