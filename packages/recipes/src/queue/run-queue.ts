// A run of coupled-GRPO whose rollouts and rewards are made by workers. The trainer owns all state: a rollout is named by (run, step, group), the
// checkpoint's step says which were used, and what a worker sends is used only after it was checked.
import { randomInt, randomUUID } from "node:crypto";
import { mkdirSync, readdirSync, rmSync } from "node:fs";
import { hostname } from "node:os";
import { join } from "node:path";
import { isDeepStrictEqual } from "node:util";
import { setTimeout as wait } from "node:timers/promises";
import { InvalidArgumentError, UnavailableError } from "@diffucoder/core";
import type { SampledCompletions, StepSampleRequest } from "@diffucoder/coupled-grpo";
import type { QueueLink } from "@diffucoder/queue";
import { type Sandbox, scoreCompletions } from "@diffucoder/reward-sandbox";
import { writeSafetensors } from "@diffucoder/tensor";
import type { CoupledGrpoRecipe } from "../training/coupled-grpo.ts";
import type { DiffusionModel } from "../training/load-diffusion-model.ts";
import type { GroupScore, StepScoreRequest } from "../training/task-rewards.ts";
import { checkRollouts, checkScores } from "./check-results.ts";
import { collect, type CollectOptions, type Piece } from "./collect.ts";
import type { ContentFiles } from "./content-files.ts";
import { machineCard } from "@diffucoder/engine";
import { CARD_FORMAT, readMessage, type RunCard, RunCardSchema } from "./messages.ts";
import { rowSampler } from "./row-sampler.ts";

/** How often the card's count moves, milliseconds. */
const BEAT = 2000;
/** How long another trainer's count must stand still before its queue is taken over, milliseconds. */
const TAKEOVER = 3 * BEAT;
/** Folder of a run for the weights that workers fetch. */
export const WEIGHTS_FOLDER = "queue-weights";

/** Where a run's work is done, and how far the workers are trusted. */
export interface QueueOptions {
  /** The queue. */
  link: QueueLink;
  /** How workers get weights. */
  files: ContentFiles;
  /** Share of the rollouts that are sampled once more here, and of the rewards that are computed once more, 0 to 1. */
  replay: number;
  /** Whether workers also run the tests. */
  rewards: boolean;
  /** After so long without any result what is missing is offered to a second worker, milliseconds. */
  overtakeMs: number;
}

/** What a run needs of its queue. */
export interface RunQueue {
  /** Samples a step's completions on the workers. */
  sample: (request: StepSampleRequest) => Promise<SampledCompletions>;
  /** Scores them there; `undefined`: here. */
  score: ((request: StepScoreRequest) => Promise<GroupScore[]>) | undefined;
  /** Takes the run off the queue. */
  close: () => Promise<void>;
}

/** What `openRunQueue` works on. */
export interface OpenRunQueueOptions {
  queue: QueueOptions;
  recipe: CoupledGrpoRecipe;
  coder: DiffusionModel;
  modelDir: string;
  /** Folder of the adapter that is trained. */
  adapter?: string | undefined;
  sandbox: Sandbox;
  output: string;
  signal: AbortSignal;
  onNote: (note: string) => void;
}

/**
 * Announces a run to the workers.
 *
 * @throws {UnavailableError} if another trainer uses the queue
 * @throws {InvalidArgumentError} if the recipe needs what workers cannot do
 */
export async function openRunQueue(options: OpenRunQueueOptions): Promise<RunQueue> {
  checkRecipe(options);
  const { link, rewards } = options.queue;
  await requireFree(link);
  const queue = new TrainerQueue(options);
  await link.clear();
  await queue.announce();
  return {
    sample: (request) => queue.sample(request),
    score: rewards ? (request) => queue.score(request) : undefined,
    close: () => queue.close(),
  };
}

function checkRecipe({ recipe: { lora, training }, adapter }: OpenRunQueueOptions): void {
  const { estimator } = training;
  const refuse = (value: unknown): never => {
    throw new InvalidArgumentError({
      argument: "--queue",
      value,
      expected: "absent with a lora or the estimator traceReplay, which need what workers do not send",
    });
  };
  if (lora !== undefined || adapter !== undefined) refuse("lora");
  if (estimator === "traceReplay") refuse(estimator);
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

class TrainerQueue {
  readonly #options: OpenRunQueueOptions;
  readonly #run = randomUUID();
  readonly #quarantined = new Set<string>();
  readonly #here: ReturnType<typeof rowSampler>;
  readonly #folder: string;
  #card: RunCard | undefined;
  #beat = 0;
  #timer: NodeJS.Timeout | undefined;
  #weights: { step: number; sha256: string } | undefined;

  constructor(options: OpenRunQueueOptions) {
    const { coder, recipe, output } = options;
    this.#options = options;
    this.#here = rowSampler(coder, { seed: recipe.training.seed, sampling: recipe.sampling });
    this.#folder = join(output, WEIGHTS_FOLDER);
    rmSync(this.#folder, { recursive: true, force: true }); // of a process that was killed
    mkdirSync(this.#folder, { recursive: true });
  }

  async announce(): Promise<void> {
    const { queue, recipe, modelDir } = this.#options;
    const { executor, device, precision } = recipe;
    const files: RunCard["files"] = [];
    for (const name of readdirSync(modelDir).filter((one) => /^\w[\w.-]*\.(json|safetensors|txt|jinja)$/.test(one)))
      files.push({ name, sha256: await queue.files.add(join(modelDir, name)) });
    this.#card = {
      format: CARD_FORMAT,
      run: this.#run,
      machine: machineCard(),
      trainer: { host: hostname(), pid: process.pid, beat: 0, step: 0 },
      kinds: queue.rewards ? ["rollouts", "rewards"] : ["rollouts"],
      seed: recipe.training.seed,
      sampling: recipe.sampling as RunCard["sampling"],
      executor: { executor, device, precision },
      files,
      weights: queue.files.where,
      quarantined: [],
    };
    await this.#say();
    this.#timer = setInterval(() => void this.#say().catch(() => {}), BEAT).unref();
  }

  async sample({ step, parameters, promptIds, signal }: StepSampleRequest): Promise<SampledCompletions> {
    const { recipe, coder } = this.#options;
    const size = recipe.training.numGenerations;
    const weights = await this.#publish(step, parameters);
    const { vocabSize, maskTokenId } = coder.config;
    const expected = { rows: size, length: coder.generationConfig.maxNewTokens, vocabSize, maskTokenId, weights, machine: this.#card!.machine };
    const pieces = groupStarts(promptIds.length, size).map((firstRow): Piece<SampledCompletions> => {
      const job = { step, weights, firstRow, promptIds: promptIds.slice(firstRow, firstRow + size) as number[][] };
      return {
        item: { ...this.#itemOf("s", step, firstRow / size), kind: "rollouts", body: JSON.stringify(job) },
        check: async (text) => {
          const read = checkRollouts(text, expected);
          if ("problem" in read || !this.#isReplayed()) return read;
          const own = await this.#here.sample(parameters, job);
          return isDeepStrictEqual(own.completionIds, read.value.completionIds) ? read : { problem: "its completions are not those of the weights" };
        },
      };
    });
    const groups = await this.#collect(pieces, signal);
    return {
      completionIds: groups.flatMap(({ completionIds }) => completionIds),
      forwardTokens: groups.reduce((sum, { forwardTokens = 0 }) => sum + forwardTokens, 0),
    };
  }

  async score({ step, ...request }: StepScoreRequest): Promise<GroupScore[]> {
    const { sandbox, recipe, signal } = this.#options;
    const size = recipe.training.numGenerations;
    const here = async (start: number): Promise<GroupScore[]> => scoreCompletions({ ...partOf(request, start, size), sandbox, signal });
    const starts = groupStarts(request.completions.length, size);
    const bodies = starts.map((start) => rewardBody(partOf(request, start, size)));
    // Tests with values that JSON does not have are run here.
    if (bodies.includes(undefined)) return scoreCompletions({ ...request, sandbox, signal });
    const names = (request.terms ?? []).map(({ name }) => name);
    const pieces = starts.map((start, i): Piece<GroupScore[]> => ({
      item: { ...this.#itemOf("r", step, i), kind: "rewards", body: bodies[i]! },
      check: async (text) => {
        const read = checkScores(text, { rows: size, names });
        if ("problem" in read || !this.#isReplayed()) return read;
        if (isDeepStrictEqual(read.value, plain(await here(start)))) return read;
        // A program near its time limit may end either way: only what two runs here agree on proves a lie.
        const [first, second] = [plain(await here(start)), plain(await here(start))];
        if (!isDeepStrictEqual(first, second) || isDeepStrictEqual(read.value, first)) return read;
        return { problem: "its rewards are not those of the tests" };
      },
    }));
    return (await this.#collect(pieces, signal)).flat();
  }

  async close(): Promise<void> {
    clearInterval(this.#timer);
    const { link } = this.#options.queue;
    this.#here.dispose();
    rmSync(this.#folder, { recursive: true, force: true });
    await link.clear();
    await link.announce("");
  }

  /** Makes the policy of a step fetchable, and the one of the step before no more. */
  async #publish(step: number, parameters: StepSampleRequest["parameters"]): Promise<string> {
    const { files } = this.#options.queue;
    const path = join(this.#folder, `step-${step}.safetensors`);
    writeSafetensors(path, parameters);
    const sha256 = await files.add(path);
    const before = this.#weights;
    this.#weights = { step, sha256 };
    if (before !== undefined && before.sha256 !== sha256) files.remove(before.sha256);
    if (before !== undefined && before.step !== step) rmSync(join(this.#folder, `step-${before.step}.safetensors`), { force: true });
    return sha256;
  }

  #itemOf(name: string, step: number, group: number) {
    const id = `${this.#run}-${name}${step}-${group}`;
    return { id, group: id, version: step };
  }

  #isReplayed(): boolean {
    const { replay } = this.#options.queue;
    return randomInt(2 ** 32) < replay * 2 ** 32; // of no stream: a worker must not be able to tell what is checked
  }

  #collect<T>(pieces: readonly Piece<T>[], signal: AbortSignal | undefined): Promise<T[]> {
    const { queue, onNote } = this.#options;
    const kind = pieces[0]!.item.kind;
    const options: CollectOptions = {
      link: queue.link,
      overtakeMs: queue.overtakeMs,
      quarantined: this.#quarantined,
      signal: signal ?? this.#options.signal,
      onWrong: async (worker, problem) => {
        this.#quarantined.add(worker);
        onNote(`Worker ${worker} is in quarantine: ${problem}. What it did in this step is done again.`);
        await this.#say();
      },
      onWaiting: () => onNote(`No worker has finished any ${kind} for ${queue.overtakeMs / 1000} seconds: is a worker for ${kind} running?`),
    };
    return collect(pieces, options);
  }

  async #say(): Promise<void> {
    const card: RunCard = { ...this.#card!, quarantined: [...this.#quarantined] };
    await this.#options.queue.link.announce(
      JSON.stringify({ ...card, trainer: { ...card.trainer, beat: ++this.#beat, step: this.#weights?.step ?? 0 } }),
    );
  }
}

function groupStarts(rows: number, size: number): number[] {
  return Array.from({ length: rows / size }, (_, group) => group * size);
}

type ScoreRequest = Omit<StepScoreRequest, "step">;

function partOf({ completions, completionLengths, tasks, ...rest }: ScoreRequest, start: number, size: number): ScoreRequest {
  const part = <T>(list: readonly T[]): T[] => list.slice(start, start + size);
  return { ...rest, completions: part(completions), tasks: part(tasks), ...(completionLengths && { completionLengths: part(completionLengths) }) };
}

/** A group's scoring as text; `undefined` if JSON would change its tests. */
function rewardBody({ completions, completionLengths = [], tasks, terms = [], mode = "strict" }: ScoreRequest): string | undefined {
  const tests = [...new Set(tasks)];
  try {
    if (!isDeepStrictEqual(JSON.parse(JSON.stringify(tests)), tests)) return undefined;
  } catch {
    return undefined; // a bigint
  }
  return JSON.stringify({ completions, completionLengths, tests, tasks: tasks.map((task) => tests.indexOf(task)), terms, mode });
}

function plain(scores: readonly GroupScore[]): GroupScore[] {
  return scores.map(({ reward, code, terms }) => ({ reward, code, terms }));
}
