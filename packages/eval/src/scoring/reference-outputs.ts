// The right result of each call: the output of the benchmark's own solution, run once in the sandbox and cached in files named
// after the dataset's hash. It never enters the process that runs a candidate.
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { writeFileAtomic } from "@diffucoder/core";
import type { Outcome, Sandbox, PythonValue } from "@diffucoder/reward-sandbox";
import type { ReferenceTests, Task } from "@diffucoder/tasks";
import { pythonKey } from "./python-key.ts";

/** One call that has a right answer. */
export interface ReferenceCase {
  readonly suite: "base" | "plus";
  /** Position in its suite, from 0. */
  readonly index: number;
  readonly input: readonly PythonValue[];
  readonly expected: unknown;
  /** How long the reference took. */
  readonly milliseconds: number;
}

/** What a task's programs can be judged by, and what is left out because the reference itself fails on it. */
export interface ReferenceCases {
  /** Calls with a right answer; none where tests are code. */
  readonly cases: readonly ReferenceCase[];
  readonly leftOut: readonly string[];
  /** Whether a program can be judged at all. */
  readonly isUsable: boolean;
}

export interface ReferenceOptions {
  sandbox: Sandbox;
  /** Of the dataset; outputs are computed again for a different one. */
  sha256: string;
  cacheFolder: string;
}

/** The reference may take this long for one call, and for all of a job. */
const LIMITS = { wallTimeMs: 20_000, totalTimeMs: 60_000, memoryMb: 4096, outputMb: 1 };
/** Calls per job, so that no job's answers outgrow the sandbox's output limit. */
const CALLS_PER_JOB = 64;

/** Runs a task's reference on every input, or reads the outputs of an earlier run. Infrastructure failures are not cached. */
export async function referenceCases(task: Task, test: ReferenceTests, options: ReferenceOptions): Promise<ReferenceCases> {
  const inputs = [...test.base, ...test.plus];
  const code = test.reference + (test.wrapper ?? "");
  const key = createHash("sha256")
    .update(JSON.stringify([options.sha256, task.id, code, inputs.length, LIMITS, ...pythonKey(options.sandbox)]))
    .digest("hex");
  const path = join(options.cacheFolder, "reference-outputs", options.sha256.slice(0, 16), `${key.slice(0, 24)}.json`);
  const kept = readOutcomes(path, inputs.length);
  const outcomes = kept ?? (await runReference(code, task.entryPoint!, inputs, options.sandbox));
  if (kept === undefined && outcomes.every(({ status }) => status !== "infrastructure")) writeFileAtomic(path, JSON.stringify(outcomes));

  const cases: ReferenceCase[] = [];
  const failed = new Map<string, number[]>();
  for (const [i, outcome] of outcomes.entries()) {
    const suite = i < test.base.length ? "base" : "plus";
    const index = suite === "base" ? i : i - test.base.length;
    const { status, milliseconds } = outcome;
    if (status === "ok") cases.push({ suite, index, input: inputs[i]!, expected: outcome.value, milliseconds });
    else {
      const reason = `the reference solution ends with ${status} (${outcome.detail}) on ${suite} input`;
      failed.set(reason, [...(failed.get(reason) ?? []), index]);
    }
  }
  const leftOut = [...failed].map(([reason, indices]) => `${reason} ${listed(indices)}`);
  return { cases, leftOut, isUsable: cases.some(({ suite }) => suite === "base") };
}

async function runReference(code: string, entryPoint: string, inputs: ReferenceTests["base"], sandbox: Sandbox): Promise<Outcome[]> {
  const outcomes: Outcome[] = [];
  for (let start = 0; start < inputs.length; start += CALLS_PER_JOB) {
    const result = await sandbox.run({ code, entryPoint, inputs: inputs.slice(start, start + CALLS_PER_JOB), ...LIMITS });
    outcomes.push(...result.outcomes);
  }
  return outcomes;
}

/** A damaged file counts as missing. */
function readOutcomes(path: string, count: number): Outcome[] | undefined {
  try {
    const outcomes: unknown = JSON.parse(readFileSync(path, "utf8"));
    return Array.isArray(outcomes) && outcomes.length === count ? (outcomes as Outcome[]) : undefined;
  } catch {
    return undefined;
  }
}

function listed(indices: readonly number[]): string {
  return indices.length <= 4 ? indices.join(", ") : `${indices.slice(0, 3).join(", ")} and ${indices.length - 3} more`;
}
