import { type ChildProcess, spawn } from "node:child_process";
import { randomUUID } from "node:crypto";
import { createInterface } from "node:readline";
import { UnavailableError } from "@diffucoder/core";
import type { Launch } from "./isolation.ts";

/** A job as the zygote reads it. */
export interface ZygoteJob {
  code: string;
  entry: string;
  inputs: readonly (readonly unknown[])[];
  /** Seconds for one call; the whole job gets three times as much. */
  wall: number;
  /** Bytes. */
  memory: number;
}

export interface ZygoteAnswer {
  /** Whether the code parses. */
  syntax: boolean;
  /** Status and value or detail of each input. */
  results: [status: string, value: unknown][];
}

/** Answered for a job whose zygote died or hung: the job's own doing. */
const lost = (job: ZygoteJob): ZygoteAnswer => ({ syntax: true, results: job.inputs.map(() => ["timeout", null]) });

/** The answer to a job; nothing if the line is another's or no answer at all. */
function answerTo(id: string, line: string): ZygoteAnswer | undefined {
  try {
    const answer = JSON.parse(line) as ZygoteAnswer & { id: string };
    return answer.id === id && answer.results.every((result) => Array.isArray(result)) ? answer : undefined;
  } catch {
    return undefined;
  }
}

/** One zygote process and the job that it runs; a zygote that dies or hangs is replaced for the next job. */
export class Worker {
  readonly #launch: Launch;
  #child: ChildProcess | undefined;
  #onLine: ((line: string | undefined) => void) | undefined;

  constructor(launch: Launch) {
    this.#launch = launch;
  }

  /** Runs one job; jobs of one worker must not overlap. @throws {UnavailableError} if no zygote can be started */
  async run(job: ZygoteJob): Promise<ZygoteAnswer> {
    const child = this.#child ?? (await this.#start());
    const id = randomUUID(); // a job cannot guess the next one's
    const answer = await new Promise<ZygoteAnswer | undefined>((resolve) => {
      // The zygote keeps the time itself; this is for a zygote that a job has stopped or broken.
      const watchdog = setTimeout(
        () => {
          this.close();
          resolve(undefined);
        },
        job.wall * 3000 + 2000,
      );
      this.#onLine = (line) => {
        const found = line === undefined ? undefined : answerTo(id, line);
        if (line !== undefined && found === undefined) return;
        clearTimeout(watchdog);
        resolve(found);
      };
      child.stdin?.write(`${JSON.stringify({ id, ...job })}\n`);
    });
    this.#onLine = undefined;
    return answer ?? lost(job);
  }

  close(): void {
    this.#child?.kill("SIGKILL");
    this.#child = undefined;
  }

  /** Starts a zygote and waits until it has answered an empty job. */
  async #start(): Promise<ChildProcess> {
    const child = spawn(this.#launch.command, this.#launch.args, { stdio: ["pipe", "pipe", "pipe"], env: {} });
    let complaint = "";
    child.stderr?.on("data", (data: Buffer) => (complaint = (complaint + data.toString()).slice(-500)));
    child.stdin?.on("error", () => {});
    const lines = createInterface({ input: child.stdout as NodeJS.ReadableStream });
    const ready = new Promise<void>((resolve, reject) => {
      const timer = setTimeout(() => fail("it did not answer within 10 seconds"), 10_000);
      const fail = (problem: string): void => {
        clearTimeout(timer);
        reject(new UnavailableError({ what: "The Python sandbox", problem }));
      };
      child.once("error", (error) => fail(error.message));
      child.once("exit", (code) => fail(complaint.trim().split("\n").at(-1) || `it ended with code ${code}`));
      lines.once("line", () => {
        clearTimeout(timer);
        resolve();
      });
    });
    child.stdin?.write(`${JSON.stringify({ id: "", code: "", entry: "f", inputs: [], wall: 5, memory: 2 ** 29 })}\n`);
    try {
      await ready;
    } catch (error) {
      child.kill("SIGKILL");
      throw error;
    }
    lines.on("line", (line) => this.#onLine?.(line));
    child.once("exit", () => {
      if (this.#child === child) this.#child = undefined;
      this.#onLine?.(undefined);
    });
    child.unref();
    this.#child = child;
    return child;
  }
}
