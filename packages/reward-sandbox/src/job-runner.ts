// Runs one job, from its source to a worker's answers.
import { AbortedError, UnavailableError } from "@diffucoder/core";
import { failed, unparsed, unstripped } from "./answers.ts";
import type { RunOptions } from "./jobs.ts";
import { Pool } from "./pool.ts";
import type { Answer, Job, Provider, Worker } from "./provider.ts";
import type { Source, Transpiled, Transpiler } from "./transpiler.ts";
import { type Work, withoutMark } from "./worker-jobs.ts";

/** Attempts at a job that ends its supervisor; after them the job is to blame. */
const ATTEMPTS = 2;

/** Runs jobs on a provider's workers, as many at a time as there are workers. */
export class JobRunner {
  readonly #provider: Provider;
  readonly #workers: Pool<Worker>;
  readonly #transpiler: Transpiler;
  #closed = false;

  constructor({ provider, workers, transpiler }: { provider: Provider; workers: readonly Worker[]; transpiler: Transpiler }) {
    this.#provider = provider;
    this.#workers = new Pool(workers);
    this.#transpiler = transpiler;
  }

  /**
   * How each of a job's items ended; `infrastructure` for each if the job could not be run.
   *
   * @throws {AbortedError} if the signal fires
   */
  async run(source: Source, work: Work, options: RunOptions): Promise<Answer> {
    const count = work.walls.length;
    let program: Transpiled;
    try {
      program = await this.#transpiler.transpile(source, options);
    } catch (error) {
      if (!(error instanceof UnavailableError)) throw error;
      return failed(count, error.message);
    }
    if (!("failure" in program)) return this.#perform({ ...work, ...program, code: withoutMark(program.code) }, options);
    if (this.#closed) return failed(count, "the sandbox was closed");
    return program.failure === "syntax" ? unparsed(count) : unstripped(count, program.failure);
  }

  /** Ends all jobs; later ones get `infrastructure`. */
  close(): void {
    this.#closed = true;
    for (const worker of this.#workers.items) worker.close();
    this.#transpiler.close();
  }

  async #perform(job: Job, options: RunOptions): Promise<Answer> {
    const { isolation, languages, writableTmp } = this.#provider;
    const count = job.walls.length;
    if (!languages.includes(job.language)) return failed(count, `isolation by ${isolation.level} does not run ${job.language}`);
    if (job.files && !writableTmp) return failed(count, `isolation by ${isolation.level} has no writable /tmp that can be wiped`);
    if (this.#closed) return failed(count, "the sandbox was closed");
    return this.#workers.use((worker) => this.#attempt(worker, job, options), options);
  }

  async #attempt(worker: Worker, job: Job, { signal }: RunOptions): Promise<Answer> {
    const count = job.walls.length;
    for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
      let answer;
      try {
        answer = await worker.run(job, { signal });
      } catch (error) {
        if (!(error instanceof UnavailableError)) throw error;
        return failed(count, error.message);
      }
      if (answer) return answer;
      if (signal?.aborted) throw new AbortedError("A sandbox job");
      if (this.#closed) return failed(count, "the sandbox was closed");
    }
    return failed(count, "ended the sandbox's own process", "exception");
  }
}
