// A run as workers see it: its card, which a count keeps alive, the pieces of work that it collects, and whom it does not trust any more.
import { randomUUID } from "node:crypto";
import { readdirSync } from "node:fs";
import { hostname } from "node:os";
import { join } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import { UnavailableError } from "@diffucoder/core";
import { machineCard } from "@diffucoder/engine";
import type { QueueItem, QueueLink } from "@diffucoder/queue";
import { collect, type Piece } from "./collect.ts";
import type { ContentFiles } from "./content-files.ts";
import { isReplayed } from "./is-replayed.ts";
import { RunFigures } from "./run-figures.ts";
import { CARD_FORMAT, readMessage, type RunCard, RunCardSchema } from "./messages.ts";

/** How often the card's count moves, milliseconds. */
const BEAT = 2000;
/** How long another trainer's count must stand still before its queue is taken over, milliseconds. */
const TAKEOVER = 3 * BEAT;

/** Where a run's work is done, and how far the workers are trusted. */
export interface QueueOptions {
  /** The queue. */
  link: QueueLink;
  /** How workers get weights. */
  files: ContentFiles;
  /** Share of the rollouts that are sampled once more here, and of the rewards that are computed once more, 0 to 1. */
  replay: number;
  /** Whether workers also run the tests of rewards. */
  rewards: boolean;
  /** After so long without any result what is missing is offered to a second worker, milliseconds. */
  overtakeMs: number;
}

/** What a run tells its workers, and where it hears them. */
export interface AnnounceOptions {
  queue: QueueOptions;
  /** What they do, and how. */
  kinds: RunCard["kinds"];
  work: RunCard["work"];
  /** Folder of the model. */
  modelDir: string;
  /** Folder of an adapter that is loaded with it. */
  adapter?: string | undefined;
  /** Stops waiting for results. */
  signal: AbortSignal;
  /** Gets a sentence on what a person should know. */
  onNote: (note: string) => void;
}

/** Files of a model's folder that loading it reads. */
const MODEL_FILE = /^\w[\w.-]*\.(json|safetensors|txt|jinja)$/;

/**
 * Announces a run, and drops what an earlier one left on the queue.
 *
 * @throws {UnavailableError} if another trainer uses the queue
 */
export async function announceRun(options: AnnounceOptions): Promise<AnnouncedRun> {
  const { queue, kinds, work, modelDir, adapter } = options;
  await requireFree(queue.link);
  await queue.link.clear();
  const files: RunCard["files"] = [];
  const folders = [{ folder: modelDir, prefix: "" }, ...(adapter === undefined ? [] : [{ folder: adapter, prefix: "adapter/" }])];
  for (const { folder, prefix } of folders)
    for (const name of readdirSync(folder).filter((one) => MODEL_FILE.test(one)))
      files.push({ name: `${prefix}${name}`, sha256: await queue.files.add(join(folder, name)) });
  const card: RunCard = {
    format: CARD_FORMAT,
    run: randomUUID(),
    machine: machineCard(),
    trainer: { host: hostname(), pid: process.pid, beat: 0, step: 0, version: 0 },
    figures: new RunFigures(0).plain(0),
    kinds,
    work,
    files,
    weights: queue.files.where,
    quarantined: [],
  };
  const run = new AnnouncedRun(card, options);
  await run.start();
  return run;
}

/** A trainer that ended without saying so leaves its card; one that works moves its count. */
async function requireFree(link: QueueLink): Promise<void> {
  const read = async (): Promise<RunCard | undefined> => readMessage(RunCardSchema, (await link.announced()) ?? "");
  const before = await read();
  if (before === undefined) return;
  const { host, pid, beat } = before.trainer;
  if (host === hostname() && !isRunning(pid)) return;
  for (const end = performance.now() + TAKEOVER; performance.now() < end; await wait(BEAT / 10)) {
    const now = await read();
    if (now === undefined) return;
    if (now.run === before.run && now.trainer.beat === beat) continue;
    throw new UnavailableError({
      what: "The queue",
      problem: `another trainer (process ${pid} on ${host}) uses it`,
      wayOut: "Wait for it or stop it, or give another queue: folder:DIR, or another database as redis://HOST:PORT/1.",
    });
  }
}

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "EPERM";
  }
}

/** See `announceRun`. */
export class AnnouncedRun {
  /** What workers know of it. */
  readonly card: Readonly<RunCard>;
  readonly #options: AnnounceOptions;
  readonly #quarantined = new Set<string>();
  #beat = 0;
  #timer: NodeJS.Timeout | undefined;
  readonly #figures = new RunFigures(performance.now());
  /** Steps done. */
  step = 0;
  /** Steps after which the weights were those that this step is sampled with. */
  version = 0;

  constructor(card: RunCard, options: AnnounceOptions) {
    this.card = card;
    this.#options = options;
  }

  async start(): Promise<void> {
    await this.#say();
    this.#timer = setInterval(() => void this.#say().catch(() => {}), BEAT).unref();
  }

  /** Names a piece of a step. */
  item(name: string, { step, index, ...rest }: { step: number; index: number } & Pick<QueueItem, "version" | "kind" | "body">): QueueItem {
    const id = `${this.card.run}-${name}${step}-${index}`;
    return { id, group: id, ...rest };
  }

  /** Whether a result is computed once more. */
  isReplayed(): boolean {
    return isReplayed(this.#options.queue.replay);
  }

  /** Waits for the results of pieces of one kind, as `collect`. */
  collect<T>(
    pieces: readonly Piece<T>[],
    { signal, isOther }: { signal?: AbortSignal | undefined; isOther?: (id: string) => boolean } = {},
  ): Promise<T[]> {
    const { queue, onNote } = this.#options;
    const kind = pieces[0]?.item.kind;
    const name = this.card.work.task === "training" ? "Training" : "Generating";
    return collect(pieces, {
      link: queue.link,
      isOther,
      overtakeMs: queue.overtakeMs,
      quarantined: this.#quarantined,
      name,
      onTaken: (taken) => this.#figures.add(taken, performance.now()),
      signal: signal ?? this.#options.signal,
      onWrong: async (worker, problem) => {
        this.#quarantined.add(worker);
        onNote(`Worker ${worker} is in quarantine: ${problem}. What it did in this step is done again.`);
        await this.#say().catch(() => {}); // else with the next beat
      },
      onFull: (problem) => onNote(`${problem} ${name} waits, and goes on when there is room.`),
      onWaiting: () => onNote(`No worker has finished any ${kind} for ${queue.overtakeMs / 1000} seconds: is a worker for ${kind} running?`),
    });
  }

  /** Takes the run off the queue. */
  async close(): Promise<void> {
    clearInterval(this.#timer);
    const { link } = this.#options.queue;
    await link.clear();
    await link.announce("");
  }

  async #say(): Promise<void> {
    const { trainer, ...card } = this.card;
    const now = {
      ...card,
      quarantined: [...this.#quarantined],
      figures: this.#figures.plain(performance.now()),
      trainer: { ...trainer, beat: ++this.#beat, step: this.step, version: this.version },
    };
    await this.#options.queue.link.announce(JSON.stringify(now satisfies RunCard));
  }
}
