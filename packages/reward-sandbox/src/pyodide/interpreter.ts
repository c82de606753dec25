// A process with Python in WebAssembly: javascript/pyodide.cjs. It does one piece of work and ends, so no program finds traces of another.
import { type ChildProcess, spawn } from "node:child_process";
import { existsSync } from "node:fs";
import type { Readable, Writable } from "node:stream";
import { UnavailableError } from "@diffucoder/core";
import { watchMemory } from "../local/memory-watch.ts";
import { Clock } from "./clock.ts";
import { packageSource } from "../python-source.ts";
import { shippedFile } from "../shipped-file.ts";

/** What the process takes in addition to a program, bytes. */
const RESERVE = 512 * 2 ** 20;
/** Limit of all answers to one piece of work, bytes. */
const ALL_OUTPUT_LIMIT = 64 * 2 ** 20;
/** Loading takes half a second, and many times as long on a busy machine. */
const START_SECONDS = 60;
/** How V8 aborts, and how a process that holds too much is ended. */
const OUT_OF_MEMORY: ReadonlySet<string> = new Set(["SIGKILL", "SIGABRT", "SIGTRAP", "SIGILL", "SIGSEGV"]);

/** Our files that an interpreter loads. */
const MODULES = [
  "answers",
  "values",
  "exceptions",
  "further_values",
  "candidate",
  "crossing",
  "event_loop",
  "test_runner",
  "checks",
  "warm_up",
  "in_pyodide",
];

/** The work of an interpreter; see in_pyodide.py. */
export type Work = { /** Bytes. */ memory: number } & (
  | { role: "functions"; code: string; entry: string; inputs: readonly unknown[]; output: number }
  | { role: "remote"; code: string; entry: string }
  | { role: "program"; code: string }
  | { role: "checks"; test: string; entry: string; unittest: boolean }
  | { role: "inside"; code: string; unittest: boolean }
);

export interface PyodideFiles {
  /** URL of Pyodide's folder, with a slash at its end, and its path. */
  folder: URL;
  path: string;
}

/** The process, with whatever limits the system has, and the channels that pyodide.cjs names. */
function spawnProcess({ path }: PyodideFiles): ChildProcess {
  const permission = process.allowedNodeEnvironmentFlags.has("--permission") ? "--permission" : "--experimental-permission";
  const node = [process.execPath, "--no-warnings", permission, `--allow-fs-read=${path}*`, "-e", shippedFile("javascript/pyodide.cjs")];
  const limits = 'ulimit -c 0; ulimit -f 0; ulimit -n 128; exec "$@"';
  const [command, ...args] = existsSync("/bin/sh") ? ["/bin/sh", "-c", limits, "sh", ...node] : node;
  return spawn(command as string, args, { stdio: Array.from({ length: 7 }, () => "pipe" as const), env: {}, cwd: "/" });
}

/** A memory image of a Python that has imported what jobs need: an interpreter starts from it in a tenth of the time. */
export async function memoryImage(files: PyodideFiles): Promise<Buffer> {
  const child = spawnProcess(files);
  const setup = `${packageSource(MODULES)}\npackage.warm_up.warm_up()`;
  (child.stdio[3] as Writable).write(`${JSON.stringify({ folder: files.folder.href, setup, size: 0 })}\n`);
  let complaint = "";
  child.stderr?.on("data", (data: Buffer) => (complaint += data.toString()));
  for (const stream of child.stdio) stream?.on("error", () => {});
  const timer = setTimeout(() => child.kill("SIGKILL"), 2000 * START_SECONDS);
  const chunks: Buffer[] = [];
  (child.stdio[4] as Readable).on("data", (chunk: Buffer) => chunks.push(chunk));
  await new Promise<void>((resolve) => child.once("close", () => resolve()).once("error", (error) => (complaint += error.message)));
  clearTimeout(timer);
  const given = Buffer.concat(chunks);
  const start = given.indexOf(10) + 1;
  const image = given.subarray(start);
  if (start === 0 || image.length !== Number(given.toString("latin1", 0, start)))
    throw unavailable(complaint.trim().split("\n")[0] || "it did not start");
  return image;
}

const unavailable = (problem: string): UnavailableError => new UnavailableError({ what: "Pyodide", problem });

/** A process that has loaded Python, does one piece of work and is ended. */
export class Interpreter {
  /** Whether `next` returned nothing because time ran out. */
  isLate = false;
  /** Whether the program wrote more than it may. */
  isOver = false;
  readonly #child: ChildProcess;
  readonly #channels: readonly unknown[];
  readonly #started: Promise<string | undefined>;
  readonly #lines: string[] = [];
  readonly #output: Buffer[] = [];
  #rest: Buffer[] = [];
  /** Bytes left for answers, and for standard output. */
  #left = ALL_OUTPUT_LIMIT;
  #outputLeft: number | undefined;
  #signal: NodeJS.Signals | null = null;
  #isClosed = false;
  #complaint = "";
  #wake = (): void => {};
  #endWatch = (): void => {};

  constructor(files: PyodideFiles, image: Buffer) {
    this.#child = spawnProcess(files);
    this.#channels = this.#child.stdio;
    const [, output, errors, work, answers] = this.#child.stdio as [Writable, Readable, Readable, Writable, Readable];
    for (const stream of this.#child.stdio) stream?.on("error", () => {});
    errors.on("data", (data: Buffer) => (this.#complaint = (this.#complaint + data.toString()).slice(0, 500)));
    output.on("data", (data: Buffer) => this.#receiveOutput(data));
    answers.on("data", (data: Buffer) => this.#receive(data));
    this.#child.once("error", (error) => (this.#complaint = error.message));
    this.#child.once("close", (_, signal) => {
      this.#signal = signal;
      this.#isClosed = true;
      this.#wake();
    });
    work.write(`${JSON.stringify({ folder: files.folder.href, setup: "", size: image.length })}\n`);
    work.write(image);
    this.#started = this.next(new Clock(START_SECONDS));
  }

  /** Waits until Python is loaded. @throws {UnavailableError} if it was not */
  async started(): Promise<void> {
    if ((await this.#started) === '["started",null]') return;
    this.end();
    throw unavailable(this.#complaint.trim().split("\n")[0] || "it did not start");
  }

  /** Gives it its work once it has started. @param output what the program may print, bytes; without it what it prints is dropped */
  perform(work: Work, { stdin = "", output }: { stdin?: string; output?: number } = {}): void {
    this.#outputLeft = output;
    this.#child.stdin?.end(stdin);
    (this.#child.stdio[3] as Writable).write(`${JSON.stringify(work)}\n`);
    this.#endWatch = watchMemory(() => [this.#child.pid!], RESERVE + work.memory);
  }

  /** Sends it a line, or the end of its lines. */
  send(line: string | undefined): void {
    const lines = this.#channels[5] as Writable;
    if (line === undefined) lines.end();
    else lines.write(`${line}\n`);
  }

  /** Lets it call a function in another interpreter. */
  callInto(other: Interpreter): void {
    (this.#channels[6] as Readable).pipe(other.#channels[5] as Writable);
  }

  /** The next line that it writes; undefined if there are no more, or if time ran out (then `isLate`). */
  async next(clock: Clock): Promise<string | undefined> {
    while (this.#lines.length === 0) {
      if (this.#isClosed || this.isOver) return undefined;
      this.isLate = await new Promise<boolean>((resolve) => {
        const timer = setTimeout(() => resolve(true), Math.max(clock.left(), 0));
        this.#wake = () => {
          clearTimeout(timer);
          resolve(false);
        };
      });
      if (this.isLate) return undefined;
    }
    return this.#lines.shift();
  }

  /** What the program has printed. */
  printed(): string {
    return Buffer.concat(this.#output).toString("utf8");
  }

  /** How it ended, if it did not answer. */
  ending(): [status: string, detail: string] {
    if (this.isLate) return ["timeout", "no answer in time"];
    if (this.isOver) return ["output-limit", "too much output"];
    if (this.#signal === null) return ["exception", "exit"];
    if (this.#signal === "SIGXFSZ") return ["output-limit", this.#signal];
    return OUT_OF_MEMORY.has(this.#signal) ? ["memory", this.#signal] : ["exception", this.#signal];
  }

  end(): void {
    this.#endWatch();
    this.#child.kill("SIGKILL");
    for (const stream of this.#child.stdio) stream?.destroy();
  }

  #receive(data: Buffer): void {
    this.#left -= data.length;
    if (this.#left < 0) return this.#stop();
    let start = 0;
    for (let end = data.indexOf(10); end !== -1; end = data.indexOf(10, start)) {
      this.#lines.push(Buffer.concat([...this.#rest, data.subarray(start, end)]).toString("utf8"));
      this.#rest = [];
      start = end + 1;
    }
    this.#rest.push(data.subarray(start));
    this.#wake();
  }

  #receiveOutput(data: Buffer): void {
    if (this.#outputLeft === undefined) return;
    this.#outputLeft -= data.length;
    if (this.#outputLeft < 0) this.#stop();
    else this.#output.push(data);
  }

  #stop(): void {
    this.isOver = true;
    this.end();
    this.#wake();
  }
}
