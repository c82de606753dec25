// Piston (github.com/engineer-man/piston), API version 2: each job is one `POST /api/v2/execute`, in its own box, which is gone
// afterwards.
import { UnavailableError } from "@diffucoder/core";
import { checkObject } from "../check-arguments.ts";
import { checkedUrl } from "./checked-url.ts";
import type { Answer, Job, Provider, Worker } from "../provider.ts";
import { isFiltered, jobLine, readAnswer, refuseTestCode, REMOTE, supervisorProgram } from "./remote-run.ts";
import { request, type ServiceRequest } from "./request.ts";

/** Which Piston runs programs. */
export interface PistonOptions {
  /** Where it listens, such as `"http://localhost:2000"`. */
  url: string;
  /** Sent as the header `authorization`; is never shown. @default `$PISTON_TOKEN`, or none */
  token?: string | undefined;
  /** Extra time that it may take beyond a job's own, milliseconds. @default 10000 */
  patienceMs?: number;
}

/** Seconds of a run beyond the job's own: the supervisor keeps the time. */
const PATIENCE = 3;

/** How newer versions of Piston mark runs that they ended. */
const ENDED_BY_PISTON: Readonly<Record<string, string>> = {
  TO: "it ended the run at its own time limit (PISTON_RUN_TIMEOUT)",
  OL: "it cut the output off (PISTON_OUTPUT_MAX_SIZE)",
  EL: "it cut the output off (PISTON_OUTPUT_MAX_SIZE)",
  XX: "it failed internally",
};

/**
 * Runs programs on your own Piston. It must allow as much time and output as jobs do: `PISTON_RUN_TIMEOUT` and
 * `PISTON_OUTPUT_MAX_SIZE` default to 3 seconds and 1024 bytes.
 *
 * @throws {InvalidArgumentError} if `url` is not a URL
 */
export function pistonProvider(options: PistonOptions): Provider {
  checkObject("options", options, "an object such as { url }");
  const { url, token = process.env.PISTON_TOKEN, patienceMs = 10_000 } = options;
  const base = checkedUrl("url", url);
  const what = `Piston at ${base.host}`;
  const common = { what, secret: token, headers: { ...(token !== undefined && { authorization: token }) } };
  return {
    ...REMOTE,
    isolation: {
      level: "remote",
      description: `${what}: each job in its own box there; the service sees programs and inputs, never expected values`,
    },
    worker: () => new PistonWorker(`${base.origin}${base.pathname.replace(/\/$/, "")}/api/v2`, { common, patienceMs }),
  };
}

interface Executed {
  run?: { stdout?: unknown; status?: unknown; message?: unknown };
}

class PistonWorker implements Worker {
  readonly #api: string;
  readonly #common: Pick<ServiceRequest, "what" | "secret" | "headers">;
  readonly #program = supervisorProgram();
  readonly #patienceMs: number;
  #version: string | undefined;
  #closing = new AbortController();

  constructor(api: string, { common, patienceMs }: { common: Pick<ServiceRequest, "what" | "secret" | "headers">; patienceMs: number }) {
    this.#api = api;
    this.#common = common;
    this.#patienceMs = patienceMs;
  }

  async start(): Promise<void> {
    if (this.#version !== undefined) return;
    const runtimes = this.#json(await request({ ...this.#common, url: `${this.#api}/runtimes`, method: "GET", timeoutMs: this.#patienceMs }));
    const versions = (Array.isArray(runtimes) ? runtimes : []).flatMap((runtime: { language?: unknown; version?: unknown }) =>
      runtime.language === "python" && typeof runtime.version === "string" && runtime.version.startsWith("3.") ? [runtime.version] : [],
    );
    this.#version = versions.toSorted((a, b) => Number(b.split(".")[1]) - Number(a.split(".")[1]))[0];
    if (this.#version === undefined) throw this.#failure("it has no Python 3; install the package python there");
  }

  async run(job: Job, { signal }: { signal?: AbortSignal | undefined }): Promise<Answer | undefined> {
    refuseTestCode(job, this.#common.what);
    await this.start();
    const { id, line } = jobLine(job);
    const stopped = AbortSignal.any([this.#closing.signal, ...(signal ? [signal] : [])]);
    try {
      const text = await request({
        ...this.#common,
        url: `${this.#api}/execute`,
        body: {
          language: "python",
          version: this.#version,
          files: [{ name: "supervisor.py", content: this.#program }],
          stdin: line,
          run_timeout: Math.ceil(1000 * (job.total + PATIENCE)),
        },
        timeoutMs: 1000 * job.total + this.#patienceMs,
        signal: stopped,
      });
      const { run } = this.#json(text) as Executed;
      if (typeof run?.stdout !== "string") throw this.#failure("its answer has no run output");
      const ended = ENDED_BY_PISTON[String(run.status)];
      if (ended !== undefined) throw this.#failure(ended);
      const answer = readAnswer(run.stdout, { id, job, what: this.#common.what });
      if (!isFiltered(run.stdout, this.#common.what)) throw this.#failure("its boxes do not filter system calls: a program could break its own job");
      return answer;
    } catch (error) {
      if (stopped.aborted) return undefined;
      throw error;
    }
  }

  close(): void {
    this.#closing.abort();
    this.#closing = new AbortController();
  }

  #failure(problem: string): UnavailableError {
    return new UnavailableError({ what: this.#common.what, problem });
  }

  #json(text: string): unknown {
    try {
      return JSON.parse(text) ?? {};
    } catch {
      throw this.#failure("its answer is not JSON, or is cut off");
    }
  }
}
