// EvalPlus's sample format: JSON lines of { "task_id", "solution" } (a whole program) or { "task_id", "completion" } (what follows the task's
// prompt). Several lines of a task are several samples. Other keys are ignored.

import { type LeftOut, printable } from "@diffucoder/tasks";

/** What an answer cost, whatever the hardware. */
export interface DecodingCost {
  /** Forward passes of the network. */
  readonly forwardPasses: number;
  /** Tokens of the answer, its end token included. */
  readonly tokens: number;
}

/** One line of a samples file. */
export interface Sample {
  /** From 1. */
  readonly line: number;
  /** Id of the task. */
  readonly taskId: string;
  /** What the model wrote. */
  readonly text: string;
  /** Whether the text is a whole solution or follows the prompt. */
  readonly kind: "solution" | "completion";
  /** How it was drawn, if `generate` said so, plain JSON. @default not known */
  readonly trace?: unknown;
  /** What it cost, if `generate` said so. @default not known */
  readonly cost?: DecodingCost;
}

/**
 * Reads samples; unusable lines are left out and reported by number, and the rest is read.
 *
 * @param taskIds of the dataset
 */
export function readSamples(text: string, taskIds: ReadonlySet<string>): { samples: Sample[]; leftOut: LeftOut[] } {
  const samples: Sample[] = [];
  const leftOut: LeftOut[] = [];
  for (const [i, line] of text.split("\n").entries()) {
    if (line.trim() === "") continue;
    const sample = readSample(line, i + 1, taskIds);
    if (typeof sample === "string") leftOut.push({ where: `line ${i + 1}`, reason: sample });
    else samples.push(sample);
  }
  return { samples, leftOut };
}

function readSample(text: string, line: number, taskIds: ReadonlySet<string>): Sample | string {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    return `not JSON (${printable((error as Error).message)})`;
  }
  if (typeof value !== "object" || value === null || Array.isArray(value)) return "not a JSON object";
  const { task_id: taskId, solution, completion } = value as Record<string, unknown>;
  if (typeof taskId !== "string") return "task_id must be a string";
  if (!taskIds.has(taskId)) return `the dataset has no task ${printable(JSON.stringify(taskId.slice(0, 60)))}`;
  if (typeof solution === "string") return { line, taskId, text: solution, kind: "solution" };
  if (typeof completion === "string") return { line, taskId, text: completion, kind: "completion" };
  return "solution or completion must be a string";
}

/** Samples as EvalPlus reads them, a whole program each. */
export function formatSamples(
  samples: readonly {
    /** Id of the task, as the benchmark names it. */
    taskId: string;
    /** A whole program. */
    solution: string;
  }[],
): string {
  return samples.map(({ taskId, solution }) => `${JSON.stringify({ task_id: taskId, solution })}\n`).join("");
}
