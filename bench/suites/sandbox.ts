// Test runs a second in the reward sandbox with two workers: every program is a job of its own with eight calls. The peer is
// what a simple harness does: one fresh `python3` for each test.
import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { promisify } from "node:util";
import { DiffuCoderError, UnavailableError } from "@diffucoder/core";
import { createSandbox, type Sandbox } from "@diffucoder/reward-sandbox";
import { tinyCodeTasks } from "@diffucoder/tasks";
import { extent, inTurns, measured, median, type Result, timed } from "../measurement.ts";
import type { SuiteOptions } from "./suite.ts";

const WORKERS = 2;

export async function sandboxSuite({ quick, say }: SuiteOptions): Promise<Result[]> {
  say("sandbox ...");
  const tasks = tinyCodeTasks({ tiers: { 2: 1, 3: 1 }, split: "train", count: quick ? 20 : 200, seed: 0 });
  const start = await startUp(quick ? 3 : 10);
  const sandbox = await createSandbox({ workers: WORKERS });
  try {
    const tests = tasks.reduce((sum, task) => sum + task.visible.calls.length, 0);
    const few = tasks.slice(0, quick ? 2 : 8);
    const fewTests = few.reduce((sum, task) => sum + task.visible.calls.length, 0);
    const times = await inTurns({ ours: () => timed(() => runAll(sandbox, tasks)), peer: () => timed(() => runEachInPython(few)) }, quick ? 1 : 5);
    const rate = (count: number, milliseconds: readonly number[]): number => count / (median(milliseconds) / 1000);
    const common = { suite: "sandbox", unit: "test runs/s", peer: rate(fewTests, times.peer), peerName: "python3 per test" };
    const results = [
      measured({
        ...common,
        name: `${WORKERS} workers, ${sandbox.isolation.level}`,
        ours: rate(tests, times.ours),
        target: { of: "ours", atLeast: 300 },
      }),
      measured({
        suite: "sandbox",
        name: `${WORKERS} workers, ${sandbox.isolation.level}`,
        ours: rate(tasks.length, times.ours),
        unit: "programs/s",
      }),
      measured({
        suite: "sandbox",
        name: `start-up, ${sandbox.isolation.level}`,
        ours: median(start.ready),
        spread: extent(start.ready),
        unit: "ms",
        target: { of: "ours", atMost: 100 },
      }),
      measured({
        suite: "sandbox",
        name: `start-up and the first answer, ${sandbox.isolation.level}`,
        ours: median(start.answered),
        spread: extent(start.answered),
        unit: "ms",
      }),
    ];
    return [...results, ...(await pyodideRate(tasks.slice(0, quick ? 2 : 16)))];
  } finally {
    sandbox.close();
  }
}

/** Programs a second on Pyodide, each in an interpreter of its own; nothing where it is not installed. */
async function pyodideRate(tasks: Tasks): Promise<Result[]> {
  let sandbox;
  try {
    sandbox = await createSandbox({ workers: WORKERS, isolation: "pyodide", wallTimeMs: 20_000 });
  } catch (error) {
    if (error instanceof UnavailableError) return [];
    throw error;
  }
  const milliseconds = await timed(() => runAll(sandbox, tasks));
  sandbox.close();
  const name = `${WORKERS} workers, ${sandbox.isolation.level}`;
  return [measured({ suite: "sandbox", name, ours: tasks.length / (milliseconds / 1000), unit: "programs/s" })];
}

/** Milliseconds until a sandbox is there, and until it has answered its first job. */
async function startUp(times: number): Promise<{ ready: number[]; answered: number[] }> {
  const [ready, answered]: [number[], number[]] = [[], []];
  for (let i = 0; i < times; i++) {
    const before = performance.now();
    const sandbox = await createSandbox({ workers: WORKERS });
    ready.push(performance.now() - before);
    await sandbox.run({ code: "def f(x): return x", entryPoint: "f", inputs: [[1]] });
    answered.push(performance.now() - before);
    sandbox.close();
  }
  return { ready, answered };
}

type Tasks = ReturnType<typeof tinyCodeTasks>;

async function runAll(sandbox: Sandbox, tasks: Tasks): Promise<void> {
  const results = await Promise.all(
    tasks.map(({ solution, entryPoint, visible }) => sandbox.run({ code: solution, entryPoint, inputs: visible.calls.map(([args]) => args) })),
  );
  for (const { outcomes } of results) {
    if (outcomes.some(({ status }) => status !== "ok")) throw new DiffuCoderError("MISMATCH", "sandbox: a right solution did not answer.");
  }
}

/** As many at a time as the sandbox has workers. */
async function runEachInPython(tasks: Tasks): Promise<void> {
  const run = promisify(execFile);
  const python = existsSync("/usr/bin/python3") ? "/usr/bin/python3" : "python3"; // version managers put a slow wrapper first
  const programs = tasks.flatMap(({ solution, visible }) =>
    visible.calls.map(([args, expected]) => `${solution}\nassert f(*${JSON.stringify(args)}) == ${JSON.stringify(expected)}`),
  );
  const workers = Array.from({ length: WORKERS }, async (_, worker) => {
    for (let i = worker; i < programs.length; i += WORKERS) await run(python, ["-c", programs[i]!]);
  });
  await Promise.all(workers);
}
