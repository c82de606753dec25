// `train worker`: does rollouts and rewards for trainers on a queue. This process holds the leases; the work is done by a second one, which may be busy
// for as long as it takes, and which is started anew if it ends.
import { type ChildProcess, fork } from "node:child_process";
import { hostname, tmpdir, userInfo } from "node:os";
import { join } from "node:path";
import type { Terminal } from "@diffucoder/command-line";
import { DiffuCoderError } from "@diffucoder/core";
import type { QueueKind } from "@diffucoder/queue";
import { type DoWork, runWorker } from "@diffucoder/recipes";
import type { Command } from "commander";
import { LEASE_MS, METRICS_PORT, openQueue, portOf, QUEUE, queueKinds } from "./queue-link.ts";
import { countedWork, serveMetrics } from "./queue-metrics.ts";
import { PYTHON } from "./sandbox.ts";
import type { WorkerAnswer, WorkerSetup } from "./worker-process.ts";

interface WorkerFlags {
  queue: string;
  kinds: string;
  name: string;
  cache: string;
  python?: string;
  once?: boolean;
  metricsPort?: string;
}

/** Adds `worker` to the program. */
export function addWorkerCommand(program: Command, context: { terminal: Terminal; signal: AbortSignal }): void {
  program
    .command("worker")
    .description("does rollouts and rewards for a trainer on other machines (docs/many-machines.md)")
    .requiredOption("--queue <address>", QUEUE)
    .option("--kinds <kinds>", "what it does: all, rollouts or rewards", "all")
    .option("--name <name>", "its name, different from that of every other worker", `${hostname()}-${process.pid}`.replaceAll(/[^A-Za-z0-9.-]/g, "-"))
    .option("--cache <dir>", "folder for the trainer's weights", join(tmpdir(), `diffucoder-worker-${userInfo().uid}`))
    .option("--python <path>", PYTHON)
    .option("--metrics-port <port>", METRICS_PORT)
    .option("--once", "end when the run that it works for ends")
    .allowExcessArguments(false)
    .action((flags: WorkerFlags) => work(flags, context));
}

async function work(flags: WorkerFlags, { terminal, signal }: { terminal: Terminal; signal: AbortSignal }): Promise<void> {
  const { name, once } = flags;
  const kinds = queueKinds(flags.kinds, "--kinds");
  const port = flags.metricsPort === undefined ? undefined : portOf(flags.metricsPort);
  const link = await openQueue(flags.queue);
  const child = new WorkProcess(setupOf(flags, kinds));
  signal.addEventListener("abort", () => child.end());
  const { work: counted, registry } = countedWork(child.work);
  let metrics: { close: () => void } | undefined;
  try {
    metrics = port === undefined ? undefined : await serveMetrics(registry, port);
    await child.ready(); // a missing sandbox is told now
    await runWorker({ link, name, kinds, work: counted, leaseMs: LEASE_MS, once, signal, onNote: (note) => terminal.error(note) });
  } finally {
    metrics?.close();
    child.end();
    await link.close();
  }
}

function setupOf({ cache, python, name }: WorkerFlags, kinds: readonly QueueKind[]): WorkerSetup {
  return { cache: join(cache, name), python, hasSandbox: kinds.includes("rewards") };
}

/** The process that works, and what it is asked. */
class WorkProcess {
  readonly #setup: WorkerSetup;
  #child: ChildProcess | undefined;
  #settle: (answer: WorkerAnswer) => void = () => {};

  constructor(setup: WorkerSetup) {
    this.#setup = setup;
  }

  async ready(): Promise<void> {
    await this.#ask({ setup: this.#setup });
  }

  readonly work: DoWork = async (item, card) => {
    if (this.#child === undefined) await this.ready();
    return this.#ask({ item, card });
  };

  end(): void {
    this.#child?.kill("SIGKILL");
  }

  async #ask(message: object): Promise<string> {
    const child = (this.#child ??= this.#start());
    const answer = await new Promise<WorkerAnswer>((resolve) => {
      this.#settle = resolve;
      child.send(message, (error) => error && resolve({ error: { code: "WORKER", message: "The process that works could not be asked." } }));
    });
    if ("result" in answer) return answer.result;
    throw new DiffuCoderError(answer.error.code, answer.error.message);
  }

  #start(): ChildProcess {
    const child = fork(new URL("./worker-process.js", import.meta.url), {
      stdio: ["ignore", "inherit", "inherit", "ipc"],
      serialization: "advanced",
    });
    child.on("message", (answer: WorkerAnswer) => this.#settle(answer));
    child.on("exit", () => {
      this.#child = undefined;
      this.#settle({ error: { code: "WORKER", message: "The process that works ended." } });
    });
    return child;
  }
}
