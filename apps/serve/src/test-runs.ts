// Running a task's tests on what a model wrote: only in the sandbox, a few at a time, and only where the server's visitors are known.
import { createSandbox, pythonSource, type Sandbox, testProgram, type Verdict } from "@diffucoder/reward-sandbox";
import { rewardTests, type TinyCodeTask } from "@diffucoder/tasks";
import { ApiError } from "./api-error.ts";
import type { TestReport } from "./playground-facts.ts";

/** Programs that run or wait. */
const MOST = 4;
/** Of one call. */
const WALL_TIME_MS = 1000;
const MEMORY_MB = 256;
/** Characters of a value that are told. */
const SHOWN = 200;

export class TestRuns {
  #sandbox: Promise<Sandbox> | undefined;
  #pending = 0;

  /** Why they are off; undefined: they are on. */
  readonly refusal: string | undefined;

  constructor(refusal: string | undefined) {
    this.refusal = refusal;
  }

  /**
   * Runs the visible tests of a task.
   *
   * @throws {ApiError} 403 if tests are off, 429 if too many run, 503 if there is no sandbox on this machine
   */
  async run(task: TinyCodeTask, code: string, signal: AbortSignal): Promise<TestReport> {
    if (this.refusal !== undefined) throw new ApiError({ status: 403, message: this.refusal, code: "tests_off" });
    if (this.#pending >= MOST)
      throw new ApiError({
        status: 429,
        message: "Too many tests are running. Try again in a moment.",
        type: "rate_limit_error",
        code: "tests_busy",
      });
    this.#pending++;
    try {
      const sandbox = await this.#open();
      const { parses, verdicts } = await testProgram({ sandbox, code, tests: rewardTests(task), signal });
      return { isolation: sandbox.isolation, parses, verdicts: verdicts.map((verdict) => reportOf(verdict, task.entryPoint)) };
    } finally {
      this.#pending--;
    }
  }

  close(): void {
    void this.#sandbox?.then((sandbox) => sandbox.close()).catch(() => {});
  }

  /** A sandbox that did not start is tried again the next time. */
  async #open(): Promise<Sandbox> {
    this.#sandbox ??= createSandbox({ workers: 1, maxQueued: MOST, wallTimeMs: WALL_TIME_MS, memoryMb: MEMORY_MB });
    try {
      return await this.#sandbox;
    } catch {
      this.#sandbox = undefined;
      throw new ApiError({
        status: 503,
        message: "Programs cannot run here: no isolation starts on the server's machine. bubblewrap and python3 would provide one.",
        type: "server_error",
        code: "no_sandbox",
      });
    }
  }
}

function reportOf(verdict: Verdict, entryPoint: string): TestReport["verdicts"][number] {
  const args = "args" in verdict ? verdict.args : [];
  const expected = "expected" in verdict ? pythonSource(verdict.expected) : "";
  const isValue = verdict.verdict === "pass" || verdict.verdict === "wrong";
  return {
    verdict: verdict.verdict,
    call: short(`${entryPoint}(${args.map(pythonSource).join(", ")})`),
    expected: short(expected),
    got: short(isValue ? pythonSource(verdict.got) : String(verdict.got)),
  };
}

function short(text: string): string {
  return text.length <= SHOWN ? text : `${text.slice(0, SHOWN - 1)}…`;
}
