// Runs jobs in WebAssembly Python interpreters, as supervisor.py does in processes: a fresh one for each program.
import { randomUUID } from "node:crypto";
import { listenForAbort } from "@diffucoder/core";
import type { Answer, Job, Worker } from "../provider.ts";
import { Clock } from "./clock.ts";
import { costOf, Held, TOO_MUCH } from "./held.ts";
import { Interpreter, type PyodideFiles, type Work } from "./interpreter.ts";

type Ending = [status: string, value: unknown];

const PROGRESS = ["ready", "parsed", "loaded", "done"];
const FAILURES = ["wrong", "exception", "memory", "output-limit", "forbidden", "syntax"];
const FORGED: Ending = ["forbidden", "forged an answer"];
const TIME_OVER: Ending = ["timeout", "the job's time was over"];
const NOT_PARSED: Ending = ["exception", "SyntaxError"];

/** The ending that a line reports; FORGED if it is not an answer, or has a status that its writer may not use. */
function parseAnswer(line: string, statuses: readonly string[]): Ending {
  try {
    const answer = JSON.parse(line) as unknown;
    if (Array.isArray(answer) && answer.length === 2 && statuses.includes(answer[0])) return answer as Ending;
  } catch {}
  return FORGED;
}

export class PyodideWorker implements Worker {
  readonly #files: PyodideFiles;
  readonly #image: Promise<Buffer>;
  /** Loaded for the next job. */
  #spare: Interpreter | undefined;
  /** Those that a job uses. */
  readonly #inUse = new Set<Interpreter>();
  #isStopped = false;

  constructor(files: PyodideFiles, image: Promise<Buffer>) {
    this.#files = files;
    this.#image = image;
  }

  async start(): Promise<void> {
    this.#isStopped = false;
    this.#spare ??= new Interpreter(this.#files, await this.#image);
    await this.#spare.started();
  }

  async run(job: Job, { signal }: { signal?: AbortSignal | undefined }): Promise<Answer | undefined> {
    await this.start();
    const endListening = listenForAbort(signal, () => this.close());
    try {
      if (signal?.aborted) return undefined;
      const run = { functions: this.#functions, programs: this.#programs, tests: this.#tests }[job.kind];
      const answer = await run.call(this, job, new Clock(job.total));
      return this.#isStopped ? undefined : answer;
    } finally {
      endListening();
      this.#endAll();
      if (!this.#isStopped) this.#spare ??= new Interpreter(this.#files, await this.#image);
    }
  }

  close(): void {
    this.#isStopped = true;
    this.#endAll();
    this.#spare?.end();
    this.#spare = undefined;
  }

  #endAll(): void {
    for (const interpreter of this.#inUse) interpreter.end();
    this.#inUse.clear();
  }

  /** A fresh interpreter; loading it does not count as the job's time. */
  async #interpreter(clock: Clock): Promise<Interpreter> {
    const interpreter = this.#spare ?? new Interpreter(this.#files, await this.#image);
    this.#spare = undefined;
    this.#inUse.add(interpreter);
    await clock.outside(interpreter.started());
    return interpreter;
  }

  /** Starts again after a call that ended the interpreter, within the job's time. */
  async #functions(job: Job, clock: Clock): Promise<Answer> {
    const results: Answer["results"] = [];
    const held = new Held(job);
    const inputs = job.inputs ?? [];
    let parses = true;
    do {
      if (clock.isOver()) fill(results, inputs.length, TIME_OVER);
      else parses = (await this.#callFunctions(job, clock, results, held)) && parses;
      this.#endAll();
    } while (results.length < inputs.length && !this.#isStopped);
    return { parses, results };
  }

  /** One interpreter that answers calls until it fails. Whether the program parses. */
  async #callFunctions(job: Job, clock: Clock, results: Answer["results"], held: Held): Promise<boolean> {
    const interpreter = await this.#interpreter(clock);
    const all = job.inputs?.length ?? 0;
    const walls = job.walls.slice(results.length);
    const inputs = job.inputs?.slice(results.length) ?? [];
    const work = { role: "functions", code: job.code, entry: job.entry ?? "", inputs, output: job.output, memory: job.memory } as const;
    clock.startItem(Math.max(...walls, walls.length === 0 ? job.total : 0));
    interpreter.perform(work);
    for (const wanted of ["ready", "parsed", "loaded"]) {
      const line = await interpreter.next(clock);
      const answer = line === undefined ? interpreter.ending() : parseAnswer(line, [...PROGRESS, ...FAILURES]);
      if (answer[0] === wanted) continue;
      const isSyntax = answer[0] === "syntax";
      fill(results, all, isSyntax ? NOT_PARSED : line === undefined ? answer : failure(answer), clock.milliseconds());
      return !isSyntax;
    }
    for (const wall of walls) {
      clock.startItem(wall);
      const line = await interpreter.next(clock);
      const ending = line === undefined ? interpreter.ending() : held.takes(costOf(line)) ? parseAnswer(line, [...FAILURES, "ok"]) : TOO_MUCH;
      results.push([...ending, clock.milliseconds()]);
      if (line === undefined) break;
    }
    return true;
  }

  async #programs(job: Job, clock: Clock): Promise<Answer> {
    const results: Answer["results"] = [];
    const held = new Held(job);
    let parses = true;
    for (const [i, stdin] of (job.stdins ?? []).entries()) {
      if (!parses) results.push([...NOT_PARSED, 0]);
      else if (clock.isOver() || this.#isStopped) results.push([...TIME_OVER, 0]);
      else {
        const ending = await this.#program(job, stdin, clock, job.walls[i]!);
        parses = ending[0] !== "syntax";
        const fits = held.takes(2 * String(ending[1]).length);
        results.push([...(parses ? (fits ? ending : TOO_MUCH) : NOT_PARSED), clock.milliseconds()]);
      }
      this.#endAll();
    }
    return { parses, results };
  }

  async #program(job: Job, stdin: string, clock: Clock, wall: number): Promise<Ending> {
    const interpreter = await this.#interpreter(clock);
    clock.startItem(wall);
    interpreter.perform({ role: "program", code: job.code, memory: job.memory }, { stdin, output: job.output });
    let last: Ending | undefined;
    for (let line = await interpreter.next(clock); line !== undefined; line = await interpreter.next(clock)) {
      last = parseAnswer(line, [...PROGRESS, ...FAILURES, "ok"]);
      if (!["ready", "parsed", "ok"].includes(last[0])) return failure(last);
    }
    const ending = interpreter.ending();
    // Its claim to have finished counts as little as in supervisor.py: what it printed is compared outside.
    return last?.[0] === "ok" && ending[1] === "exit" ? ["ok", interpreter.printed()] : ending;
  }

  async #tests(job: Job, clock: Clock): Promise<Answer> {
    const results: Answer["results"] = [];
    let parses = true;
    for (const [i, test] of (job.tests ?? []).entries()) {
      if (!parses) results.push([...NOT_PARSED, 0]);
      else if (clock.isOver() || this.#isStopped) results.push([...TIME_OVER, 0]);
      else {
        const ending = await (job.entry === null || job.entry === undefined
          ? this.#testInside(job, test, clock, job.walls[i]!)
          : this.#testApart(job, test, clock, job.walls[i]!, job.entry));
        parses = ending[0] !== "syntax";
        results.push([...(parses ? ending : NOT_PARSED), clock.milliseconds()]);
      }
      this.#endAll();
    }
    return { parses, results };
  }

  /** The program in one interpreter, the test code in another. */
  async #testApart(job: Job, test: string, clock: Clock, wall: number, entry: string): Promise<Ending> {
    const program = await this.#interpreter(clock);
    const checks = await this.#interpreter(clock);
    clock.startItem(wall);
    checks.callInto(program);
    program.perform({ role: "remote", code: job.code, entry, memory: job.memory });
    checks.perform({ role: "checks", test, entry, unittest: job.unittest === true, memory: job.memory });
    const relay = async (): Promise<void> => {
      let line;
      do checks.send((line = await program.next(clock)));
      while (line !== undefined);
    };
    void relay();
    const line = await checks.next(clock);
    if (line === undefined) return checks.ending();
    const answer = parseAnswer(line, [...FAILURES, "pass", "ended", "timeout", "infrastructure"]);
    return answer[0] === "ended" ? program.ending() : answer;
  }

  /** Program and test code in one interpreter. The nonce is made after the program was loaded, and handed out after the last check. */
  async #testInside(job: Job, test: string, clock: Clock, wall: number): Promise<Ending> {
    const interpreter = await this.#interpreter(clock);
    clock.startItem(wall);
    const work: Work = { role: "inside", code: job.code, unittest: job.unittest === true, memory: job.memory };
    interpreter.perform(work);
    let nonce: string | undefined;
    for (const wanted of ["ready", "parsed", "loaded", "done", "pass"]) {
      const line = await interpreter.next(clock);
      if (line === undefined) return interpreter.ending();
      const answer = parseAnswer(line, [...PROGRESS, ...FAILURES, "pass"]);
      if (answer[0] !== wanted) return failure(answer);
      if (wanted === "loaded") interpreter.send(JSON.stringify(test));
      if (wanted === "done") interpreter.send(JSON.stringify((nonce = randomUUID())));
      if (wanted === "pass" && answer[1] === nonce) return ["pass", ""];
    }
    return FORGED;
  }
}

/** A failure is kept; any other answer came out of turn. */
const failure = (answer: Ending): Ending => (FAILURES.includes(answer[0]) ? answer : FORGED);

function fill(results: Answer["results"], count: number, ending: Ending, milliseconds = 0): void {
  while (results.length < count) results.push([...ending, milliseconds]);
}
