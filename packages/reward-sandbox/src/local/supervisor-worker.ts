import { type ChildProcess, spawn } from "node:child_process";
import { randomUUID } from "node:crypto";
import { createInterface } from "node:readline";
import type { Writable } from "node:stream";
import { listenForAbort, UnavailableError } from "@diffucoder/core";
import type { Answer, Job, Worker } from "../provider.ts";
import type { Launch } from "./launch.ts";
import { lastOfChain, programsOf, watchMemory } from "./memory-watch.ts";

/** What a supervisor reports when it is ready. */
interface Greeting {
  id: "";
  /** Whether its children's system calls are filtered. */
  filtered: boolean;
}

/** What a JavaScript engine takes in addition to a program, bytes; as in engine.py. */
const ENGINE_RESERVE = 512 * 2 ** 20;

/** Seconds beyond a job's own, after which a supervisor that does not answer is given up. */
const PATIENCE = 2;

/** The answer to a job; nothing if the line belongs to another job or is not an answer. */
function answerTo(id: string, line: string): Answer | undefined {
  try {
    const answer = JSON.parse(line) as Answer & { id: string };
    return answer.id === id && answer.results.every((result) => Array.isArray(result)) ? answer : undefined;
  } catch {
    return undefined;
  }
}

const unavailable = (problem: string): UnavailableError => new UnavailableError({ what: "The Python sandbox", problem });

/** One supervisor process, supervisor.py, and the job that it runs; one that dies or hangs is replaced for the next job. */
export class SupervisorWorker implements Worker {
  readonly #launch: Launch;
  readonly #filters: boolean;
  #child: ChildProcess | undefined;
  /** Process id of the supervisor, which may be a descendant of the child. */
  #supervisor = 0;
  #onLine: ((line: string | undefined) => void) | undefined;

  /** @param filters whether it must be able to filter system calls */
  constructor(launch: Launch, { filters }: { filters: boolean }) {
    this.#launch = launch;
    this.#filters = filters;
  }

  async start(): Promise<void> {
    if (this.#child !== undefined) return;
    const { child, greeting } = await this.#spawn();
    if (this.#filters && !greeting.filtered) {
      child.kill("SIGKILL");
      throw unavailable("this system does not filter system calls");
    }
    this.#child = child;
    this.#supervisor = lastOfChain(child.pid!);
  }

  async run({ tests, ...job }: Job, { signal }: { signal?: AbortSignal | undefined } = {}): Promise<Answer | undefined> {
    await this.start();
    const child = this.#child as ChildProcess;
    const testCode = tests?.map((test) => Buffer.from(`${JSON.stringify(test)}\n`));
    const id = randomUUID(); // so that a job cannot guess the next one's
    return new Promise<Answer | undefined>((resolve) => {
      const finish = (answer: Answer | undefined): void => {
        clearTimeout(watchdog);
        endWatch();
        endListening();
        this.#onLine = undefined;
        resolve(answer);
      };
      const giveUp = (): void => {
        this.close();
        finish(undefined);
      };
      const memory = job.memory + (job.language === "javascript" ? ENGINE_RESERVE : 0);
      const endWatch = watchMemory(() => programsOf(this.#supervisor), memory, this.#supervisor);
      // The supervisor keeps time itself; this is for one that a job has stopped or broken.
      const watchdog = setTimeout(giveUp, (job.total + PATIENCE) * 1000);
      const endListening = listenForAbort(signal, giveUp);
      this.#onLine = (line) => {
        const answer = line === undefined ? undefined : answerTo(id, line);
        if (line === undefined || answer !== undefined) finish(answer);
      };
      if (signal?.aborted) giveUp();
      else {
        const sizes = testCode?.map(({ length }) => length);
        child.stdin?.write(`${JSON.stringify({ id, ...job, sizes })}\n`);
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
    const { command, args, env } = this.#launch;
    const child = spawn(command, args, { stdio: ["pipe", "pipe", "pipe", "pipe"], env, cwd: "/" });
    let complaint = "";
    child.stderr?.on("data", (data: Buffer) => (complaint = (complaint + data.toString()).slice(-500)));
    for (const stream of [child.stdin, child.stdio[3]]) stream?.on("error", () => {});
    const lines = createInterface({ input: child.stdout as NodeJS.ReadableStream });
    try {
      const greeting = await new Promise<Greeting>((resolve, reject) => {
        const fail = (problem: string): void => {
          clearTimeout(timer);
          reject(unavailable(problem));
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
