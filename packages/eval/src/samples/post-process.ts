// From what a model wrote to a program.
import { InvalidArgumentError } from "@diffucoder/core";
import type { Sandbox } from "@diffucoder/reward-sandbox";
import { frameOf, type Task } from "@diffucoder/tasks";
import { FENCE_NAMES, fencedBlock } from "./fenced-code.ts";
import { sanitize } from "./sanitize.ts";
import type { Sample } from "./samples-file.ts";

/**
 * How a sample's text becomes code:
 * - `none`: the text as it is. What EvalPlus does with a samples file.
 * - `fence`: the first fenced block that names the language, else the first without a name, see `fencedBlock`; if the answer begins inside a
 *   block, the text up to the fence that closes it; without a fence the whole text.
 * - `stop`: the text up to the first of the task's stop texts (MultiPL-E).
 * - `sanitize`: EvalPlus's, see `sanitize.ts`: of the whole program, prompt included, what the entry point needs. Python only.
 */
export const POST_PROCESSORS = ["none", "fence", "stop", "sanitize"] as const;

/** A name in `POST_PROCESSORS`. */
export type PostProcessor = (typeof POST_PROCESSORS)[number];

/** How `toProgram` works. */
export interface ToProgramOptions {
  /** How a sample's text becomes code. */
  postProcessor: PostProcessor;
  /** `sanitize` parses in it. */
  sandbox: Sandbox;
  /** Stops it. */
  signal?: AbortSignal | undefined;
}

/**
 * The program that a sample stands for.
 *
 * @throws {InvalidArgumentError} for `sanitize` and a task that is not in Python
 * @throws {AbortedError} when `signal` fires
 */
export async function toProgram(
  task: Task,
  { text, kind }: Pick<Sample, "text" | "kind">,
  { postProcessor, ...options }: ToProgramOptions,
): Promise<string> {
  const code = postProcess(task, text, postProcessor);
  const { prefix, suffix } = frameOf(task);
  const program = kind === "solution" ? code : prefix + code + suffix;
  if (postProcessor !== "sanitize") return program;
  if (task.language !== "python") {
    throw new InvalidArgumentError({
      argument: "postProcessor",
      value: postProcessor,
      expected: `none, fence or stop for ${task.language}: sanitize supports Python only`,
    });
  }
  return task.entryPoint === undefined ? program : sanitize(program, task.entryPoint, options);
}

function postProcess(task: Task, text: string, postProcessor: PostProcessor): string {
  switch (postProcessor) {
    case "none":
    case "sanitize":
      return text;
    case "fence":
      return fencedBlock(text, FENCE_NAMES[task.language]) ?? text;
    case "stop":
      return text.slice(0, Math.min(text.length, ...(task.stops ?? []).map((stop) => text.indexOf(stop)).filter((at) => at >= 0)));
  }
}
