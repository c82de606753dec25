// A run of coupled-GRPO whose rollouts and rewards are made by workers. The trainer owns all state: a rollout is named by (run, step, group), the
// checkpoint's step says which were used, and what a worker sends is used only after it was checked.
import { join } from "node:path";
import { isDeepStrictEqual } from "node:util";
import { InvalidArgumentError } from "@diffucoder/core";
import type { SampledCompletions, StepPolicy, StepSampleRequest } from "@diffucoder/coupled-grpo";
import type { DiffuCoder } from "@diffucoder/engine";
import { modelTraits } from "@diffucoder/model";
import { type Sandbox, scoreCompletions } from "@diffucoder/reward-sandbox";
import type { CoupledGrpoRecipe } from "../training/coupled-grpo.ts";
import type { GroupScore, StepScoreRequest } from "../training/task-rewards.ts";
import { type AnnouncedRun, announceRun, type QueueOptions } from "./announced-run.ts";
import { checkRollouts, checkScores } from "./check-results.ts";
import { offerAll, type Piece } from "./collect.ts";
import type { RunCard } from "./messages.ts";
import { type PolicyFiles, policyFiles } from "./policy-files.ts";
import { rowSampler } from "./row-sampler.ts";

/** Folder of a run for the weights that workers fetch. */
export const WEIGHTS_FOLDER = "queue-weights";

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
  coder: DiffuCoder;
  modelDir: string;
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
  const { queue, recipe, modelDir, signal, onNote } = options;
  checkRecipe(recipe);
  const { executor, device, precision } = recipe;
  const run = await announceRun({
    queue,
    kinds: queue.rewards ? ["rollouts", "rewards"] : ["rollouts"],
    work: {
      task: "training",
      seed: recipe.training.seed,
      sampling: recipe.sampling as Extract<RunCard["work"], { task: "training" }>["sampling"],
      executor: { executor, device, precision },
    },
    modelDir,
    signal,
    onNote,
  });
  const trainer = new TrainerQueue(run, options);
  return {
    sample: (request) => trainer.sample(request),
    score: queue.rewards ? (request) => trainer.score(request) : undefined,
    close: async () => {
      trainer.close();
      await run.close();
    },
  };
}

function checkRecipe({ training: { estimator } }: CoupledGrpoRecipe): void {
  const expected = "absent with the estimator traceReplay, which needs traces, which workers do not send";
  if (estimator === "traceReplay") throw new InvalidArgumentError({ argument: "--queue", value: estimator, expected });
}

class TrainerQueue {
  readonly #run: AnnouncedRun;
  readonly #options: OpenRunQueueOptions;
  readonly #here: ReturnType<typeof rowSampler>;
  readonly #policies: PolicyFiles;
  /** Rollouts of each step that is not sampled yet. */
  readonly #offered = new Map<number, Piece<SampledCompletions>[]>();

  constructor(run: AnnouncedRun, options: OpenRunQueueOptions) {
    const { coder, recipe, output, queue } = options;
    this.#run = run;
    this.#options = options;
    this.#here = rowSampler(coder, { seed: recipe.training.seed, sampling: recipe.sampling });
    this.#policies = policyFiles(join(output, WEIGHTS_FOLDER), { files: queue.files, base: coder.parameters });
  }

  /** A step's rollouts. Those of later steps are offered too, so that workers have something to do while the trainer trains. */
  async sample({ later, signal, ...asked }: StepSampleRequest): Promise<SampledCompletions> {
    const { step } = asked;
    this.#run.step = step;
    this.#run.version = asked.version;
    for (const one of [asked, ...later]) if (!this.#offered.has(one.step)) this.#offered.set(one.step, await this.#piecesOf(one));
    this.#policies.removeBefore(asked.version);
    const { link } = this.#options.queue;
    const pieces = this.#offered.get(step)!;
    this.#offered.delete(step);
    const items = [pieces, ...this.#offered.values()].flat().map(({ item }) => item);
    await offerAll(items, link); // what there is no room for is offered again when it is collected
    const groups = await this.#collect(pieces, signal);
    return {
      completionIds: groups.flatMap(({ completionIds }) => completionIds),
      forwardTokens: groups.reduce((sum, { forwardTokens = 0 }) => sum + forwardTokens, 0),
    };
  }

  async #piecesOf({ step, version, parameters, promptIds }: StepPolicy): Promise<Piece<SampledCompletions>[]> {
    const { recipe, coder } = this.#options;
    const size = recipe.training.numGenerations;
    const weights = await this.#policies.publish(version, parameters);
    const { vocabSize } = coder.config;
    const { maskTokenId } = modelTraits(coder.config);
    const expected = { rows: size, length: coder.generationConfig.maxNewTokens, vocabSize, maskTokenId, weights, machine: this.#run.card.machine };
    return groupStarts(promptIds.length, size).map((firstRow): Piece<SampledCompletions> => {
      const job = { step, weights, firstRow, promptIds: promptIds.slice(firstRow, firstRow + size) as number[][] };
      return {
        rows: size,
        item: this.#run.item("s", { step, index: firstRow / size, version, kind: "rollouts", body: JSON.stringify(job) }),
        check: async (text) => {
          const read = checkRollouts(text, expected);
          if ("problem" in read || !this.#run.isReplayed()) return read;
          const own = await this.#here.sample(parameters, job);
          return isDeepStrictEqual(own.completionIds, read.value.completionIds) ? read : { problem: "its completions are not those of the weights" };
        },
      };
    });
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
      rows: size,
      item: this.#run.item("r", { step, index: i, version: step, kind: "rewards", body: bodies[i]! }),
      check: async (text) => {
        const read = checkScores(text, { rows: size, names });
        if ("problem" in read || !this.#run.isReplayed()) return read;
        if (isDeepStrictEqual(read.value, plain(await here(start)))) return read;
        // A program near its time limit may end either way: only what two runs here agree on proves a lie.
        const [first, second] = [plain(await here(start)), plain(await here(start))];
        if (!isDeepStrictEqual(first, second) || isDeepStrictEqual(read.value, first)) return read;
        return { problem: "its rewards are not those of the tests" };
      },
    }));
    return (await this.#collect(pieces, signal)).flat();
  }

  close(): void {
    this.#here.dispose();
    this.#policies.close();
  }

  /** What comes of later steps meanwhile is left where it is. */
  #collect<T>(pieces: readonly Piece<T>[], signal: AbortSignal | undefined): Promise<T[]> {
    const others = new Set([...this.#offered.values()].flatMap((later) => later.map(({ item: { id } }) => id)));
    return this.#run.collect(pieces, { signal, isOther: (id) => others.has(id) });
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
