import { appendFileSync, existsSync, mkdirSync, readFileSync } from "node:fs";
import { dirname } from "node:path";
import { FileError, writeFileAtomic } from "@diffucoder/core";

/** The figures of one step: a line of a metrics file. */
export interface StepMetrics {
  step: number;
  [figure: string]: number;
}

/** A file of JSON lines that a run appends to, one line per step. */
export class MetricsLog {
  readonly #path: string;

  /**
   * Opens or makes the file. Lines of steps after `lastStep` are dropped: they belong to work done after the checkpoint
   * from which the run goes on, and are about to be written again.
   */
  constructor(path: string, { lastStep }: { lastStep: number }) {
    this.#path = path;
    const kept = existsSync(path) ? readMetrics(path).filter(({ step }) => step <= lastStep) : [];
    mkdirSync(dirname(path), { recursive: true });
    writeFileAtomic(path, kept.map((line) => `${JSON.stringify(line)}\n`).join(""));
  }

  append(metrics: StepMetrics): void {
    try {
      appendFileSync(this.#path, `${JSON.stringify(metrics)}\n`);
    } catch (cause) {
      throw new FileError({ path: this.#path, problem: `could not be appended to (${(cause as Error).message})`, wayOut: "What was written before is intact; run again to go on from the last checkpoint.", cause });
    }
  }
}

/** All complete lines of a metrics file; a last line cut off by a crash is dropped. @throws {FileError} */
export function readMetrics(path: string): StepMetrics[] {
  const lines = readFileSync(path, "utf8").split("\n");
  const whole = lines.slice(0, -1);
  return whole.filter((line) => line !== "").map((line, i) => {
    try {
      return JSON.parse(line) as StepMetrics;
    } catch (cause) {
      throw new FileError({ path, problem: `line ${i + 1} is not JSON`, cause });
    }
  });
}
