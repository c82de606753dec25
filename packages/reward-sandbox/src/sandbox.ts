import { InvalidArgumentError, UnavailableError } from "@diffucoder/core";
import { bubblewrapLaunch, descriptions, findBubblewrap, findPython, type Isolation, type Launch, processLaunch } from "./isolation.ts";
import { isValue, toPython } from "./values.ts";
import { Worker, type ZygoteAnswer } from "./worker.ts";

export interface SandboxOptions {
  /** Processes that run jobs at the same time. @default 2 */
  workers?: number;
  /** Limit of one call, milliseconds; all calls of a job together get three times as much. @default 2000 */
  wallTimeMs?: number;
  /** Address space of a job, megabytes. @default 512 */
  memoryMb?: number;
  /** `"auto"` takes the strongest that starts here. @default "auto" */
  isolation?: Isolation["level"] | "auto";
}

/** A Python program and the calls to make of one of its functions. */
export interface Job {
  code: string;
  entryPoint: string;
  /** Arguments of each call. */
  inputs: readonly (readonly unknown[])[];
}

/** How a call ended. */
export type OutcomeStatus = "ok" | "error" | "timeout" | "memory" | "exit" | "refused" | "overflow" | "syntax";

export interface Outcome {
  status: OutcomeStatus;
  /** The returned value if `status` is `"ok"` (see `values.ts`), else a detail such as the exception's name. */
  value: unknown;
}

export interface JobResult {
  /** Whether the code parses. */
  syntax: boolean;
  /** One for each input. */
  outcomes: Outcome[];
}

export interface Sandbox {
  readonly isolation: Isolation;
  /** Runs one job; any number may be asked for at the same time. @throws {UnavailableError} if the sandbox broke and cannot be restarted */
  run(job: Job): Promise<JobResult>;
  close(): void;
}

const statuses: ReadonlySet<string> = new Set<OutcomeStatus>(["ok", "error", "timeout", "memory", "exit", "refused", "overflow", "syntax"]);

/**
 * Starts a pool of Python processes for untrusted code.
 *
 * Inputs go in and outputs come out; expected values never enter, so that a program can only pass by computing them.
 *
 * @throws {UnavailableError} if Python is missing or the asked-for isolation does not start, with the command to install it
 */
export async function createSandbox({ workers = 2, wallTimeMs = 2000, memoryMb = 512, isolation = "auto" }: SandboxOptions = {}): Promise<Sandbox> {
  for (const [argument, value] of Object.entries({ workers, wallTimeMs, memoryMb })) {
    if (!(Number.isInteger(value) && value > 0)) throw new InvalidArgumentError({ argument, value, expected: "a positive integer" });
  }
  const { level, launch } = await chooseLaunch(isolation);
  const idle = Array.from({ length: workers }, () => new Worker(launch));
  const all = [...idle];
  const waiting: ((worker: Worker) => void)[] = [];
  let closed = false;

  const acquire = (): Promise<Worker> => {
    const worker = idle.pop();
    return worker ? Promise.resolve(worker) : new Promise((resolve) => waiting.push(resolve));
  };
  const release = (worker: Worker): void => {
    const next = waiting.shift();
    if (next) next(worker);
    else idle.push(worker);
  };

  return {
    isolation: { level, description: descriptions[level] },
    run: async ({ code, entryPoint, inputs }) => {
      if (closed) throw new UnavailableError({ what: "The sandbox", problem: "it was closed" });
      const worker = await acquire();
      try {
        return toResult(
          await worker.run({
            code,
            entry: entryPoint,
            inputs: inputs.map((args) => args.map(toPython)),
            wall: wallTimeMs / 1000,
            memory: memoryMb * 2 ** 20,
          }),
        );
      } finally {
        release(worker);
      }
    },
    close: () => {
      closed = true;
      for (const worker of all) worker.close();
    },
  };
}

function toResult({ syntax, results }: ZygoteAnswer): JobResult {
  // A status that the protocol does not know, or a value in another form, was forged by the candidate.
  return {
    syntax,
    outcomes: results.map(([status, value]) =>
      statuses.has(status) && isValue(value) ? { status: status as OutcomeStatus, value } : { status: "error", value: "forged" },
    ),
  };
}

async function chooseLaunch(isolation: Isolation["level"] | "auto"): Promise<{ level: Isolation["level"]; launch: Launch }> {
  const python = findPython();
  if (python === undefined)
    throw new UnavailableError({ what: "Python", problem: "no python3 was found", wayOut: "Install it, on Debian with: apt-get install python3." });
  const candidates: { level: Isolation["level"]; launch: Launch }[] = [];
  const bubblewrap = findBubblewrap();
  if (isolation !== "process" && bubblewrap) candidates.push({ level: "bubblewrap", launch: bubblewrapLaunch(bubblewrap, python) });
  if (isolation !== "bubblewrap") candidates.push({ level: "process", launch: processLaunch(python) });
  let problem = "bwrap was not found";
  for (const candidate of candidates) {
    const worker = new Worker(candidate.launch);
    try {
      await worker.run({ code: "", entry: "f", inputs: [], wall: 1, memory: 2 ** 29 });
      return candidate;
    } catch (error) {
      if (!(error instanceof UnavailableError)) throw error;
      problem = error.problem;
    } finally {
      worker.close();
    }
  }
  throw new UnavailableError({
    what: isolation === "auto" ? "The Python sandbox" : `The Python sandbox with isolation by ${isolation}`,
    problem,
    wayOut: "Install what is missing, on Debian with: apt-get install bubblewrap python3.",
  });
}
