import { type ChildProcess, spawn } from "node:child_process";
import { randomUUID } from "node:crypto";
import { createInterface } from "node:readline";
import type { Writable } from "node:stream";
import { UnavailableError } from "@diffucoder/core";
import { environment, type Launch } from "./launch.ts";

/** A job as the supervisor reads it; see supervisor.py. */
export interface SupervisorJob {
  kind: "functions" | "programs" | "tests";
  language: "python" | "javascript";
  code: string;
  /** Seconds for each item. */
  walls: readonly number[];
  /** Seconds for the job. */
  total: number;
  /** Bytes. */
  memory: number;
  /** Bytes that one item may put out. */
  output: number;
  /** Whether programs may write to /tmp. */
  files: boolean;
  entry?: string | null;
  inputs?: readonly (readonly unknown[])[];
  stdins?: readonly string[];
  unittest?: boolean;
  sizes?: readonly number[];
}

export interface SupervisorAnswer {
  /** Whether the code parses. */
  parses: boolean;
  /** Status, value or detail, and milliseconds of each item. */
  results: [status: string, value: unknown, milliseconds: number][];
}

/** What a supervisor says when it is ready. */
interface Greeting {
  id: "";
  /** Whether its children's system calls are filtered. */
  filtered: boolean;
}

/** Seconds on top of a job's own, until a supervisor that does not answer is given up. */
const PATIENCE = 2;

/** The answer to a job; nothing if the line is another's or no answer at all. */
function answerTo(id: string, line: string): SupervisorAnswer | undefined {
  try {
    const answer = JSON.parse(line) as SupervisorAnswer & { id: string };
    return answer.id === id && answer.results.every((result) => Array.isArray(result)) ? answer : undefined;
  } catch {
    return undefined;
  }
}

/** One supervisor process and the job that it runs; one that dies or hangs is replaced for the next job. */
export class Worker {
  readonly #launch: Launch;
  #child: ChildProcess | undefined;
  #greeting: Greeting | undefined;
  #onLine: ((line: string | undefined) => void) | undefined;

  constructor(launch: Launch) {
    this.#launch = launch;
  }

  /** Starts the supervisor unless it runs. @throws {UnavailableError} if it cannot be started */
  async start(): Promise<Greeting> {
    if (this.#child === undefined || this.#greeting === undefined) {
      const { child, greeting } = await this.#spawn();
      this.#child = child;
      this.#greeting = greeting;
    }
    return this.#greeting;
  }

  /**
   * Runs one job; jobs of one worker must not overlap.
   *
   * @param testCode what goes to the supervisor beside the job: JSON lines of `sizes` bytes
   * @param signal ends the supervisor, and with it the job
   * @returns undefined if the supervisor died or hung
   * @throws {UnavailableError} if no supervisor can be started
   */
  async run(
    job: SupervisorJob,
    { testCode, signal }: { testCode?: readonly Buffer[]; signal?: AbortSignal | undefined } = {},
  ): Promise<SupervisorAnswer | undefined> {
    await this.start();
    const child = this.#child as ChildProcess;
    const id = randomUUID(); // a job cannot guess the next one's
    return new Promise<SupervisorAnswer | undefined>((resolve) => {
      const finish = (answer: SupervisorAnswer | undefined): void => {
        clearTimeout(watchdog);
        signal?.removeEventListener("abort", giveUp);
        this.#onLine = undefined;
        resolve(answer);
      };
      const giveUp = (): void => {
        this.close();
        finish(undefined);
      };
      // The supervisor keeps the time itself; this is for one that a job has stopped or broken.
      const watchdog = setTimeout(giveUp, (job.total + PATIENCE) * 1000);
      signal?.addEventListener("abort", giveUp, { once: true });
      this.#onLine = (line) => {
        const answer = line === undefined ? undefined : answerTo(id, line);
        if (line === undefined || answer !== undefined) finish(answer);
      };
      if (signal?.aborted) giveUp();
      else {
        child.stdin?.write(`${JSON.stringify({ id, ...job })}\n`);
        for (const bytes of testCode ?? []) (child.stdio[3] as Writable).write(bytes);
      }
    });
  }

  close(): void {
    this.#child?.kill("SIGKILL");
    this.#child = undefined;
  }

  /** Resolves when the supervisor has said that it is ready. */
  async #spawn(): Promise<{ child: ChildProcess; greeting: Greeting }> {
    const child = spawn(this.#launch.command, this.#launch.args, { stdio: ["pipe", "pipe", "pipe", "pipe"], env: environment, cwd: "/" });
    let complaint = "";
    child.stderr?.on("data", (data: Buffer) => (complaint = (complaint + data.toString()).slice(-500)));
    for (const stream of [child.stdin, child.stdio[3]]) stream?.on("error", () => {});
    const lines = createInterface({ input: child.stdout as NodeJS.ReadableStream });
    try {
      const greeting = await new Promise<Greeting>((resolve, reject) => {
        const fail = (problem: string): void => {
          clearTimeout(timer);
          reject(new UnavailableError({ what: "The Python sandbox", problem }));
        };
        const timer = setTimeout(() => fail("it did not answer within 10 seconds"), 10_000);
        child.once("error", (error) => fail(error.message));
        child.once("close", (code) => fail(complaint.trim().split("\n").at(-1) || `it ended with code ${code}`));
        lines.once("line", (line) => {
          clearTimeout(timer);
          resolve(JSON.parse(line) as Greeting);
        });
      });
      lines.on("line", (line) => this.#onLine?.(line));
      child.once("exit", () => {
        if (this.#child !== child) return;
        this.#child = undefined;
        this.#onLine?.(undefined);
      });
      child.unref();
      return { child, greeting };
    } catch (error) {
      child.kill("SIGKILL");
      throw error;
    }
  }
}
