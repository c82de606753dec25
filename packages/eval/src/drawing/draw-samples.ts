import { AbortedError, createRandom, InvalidArgumentError, type OnProgress, TooLongError } from "@diffucoder/core";
import type { LeftOut, Task } from "@diffucoder/tasks";
import type { DecodingCost, Sample } from "../samples/samples-file.ts";

/** One answer to draw. */
export interface SampleRequest {
  /** The task to be answered. */
  readonly task: Task;
  /** Which of the task's samples, from 0. */
  readonly sampleIndex: number;
  /** Of this sample alone: it depends on the task's id and `sampleIndex`, not on the batch. */
  readonly seed: number;
}

/** What the model wrote. */
export interface DrawnSample {
  /** What the model wrote. */
  readonly text: string;
  /** How it was drawn, plain JSON. @default not known */
  readonly trace?: unknown;
  /** What it cost, whatever the hardware. @default not known */
  readonly cost?: DecodingCost;
}

/** Answers requests, one entry each, in order; an error for a task that the model has no room for. */
export type Generate = (requests: readonly SampleRequest[]) => Promise<readonly (DrawnSample | TooLongError)[]>;

/** An answer as it is kept over interruptions, plain JSON. */
export interface KeptSample extends DrawnSample {
  /** Id of the task. */
  readonly taskId: string;
  /** Which of the task's samples, from 0. */
  readonly sampleIndex: number;
}

/** What `drawSamples` works on. */
export interface DrawSamplesOptions {
  /** With distinct ids. */
  tasks: readonly Task[];
  /** Answers drawn for each task. */
  samplesPerTask: number;
  /** Answers asked of `generate` at once. Does not change the results, only the speed and the memory. */
  batchSize: number;
  /** Draws them. */
  generate: Generate;
  /** Every sample has a seed of its own, split from it. */
  seed: number;
  /** Answers of an earlier, interrupted call, as `onSample` gave them: they are not drawn again. @default none */
  finished?: readonly KeptSample[];
  /** Called for each new answer, so that the caller can keep it. */
  onSample?: (sample: KeptSample) => void;
  /** Gets the number of samples that are done. */
  onProgress?: OnProgress | undefined;
  /** Named in the progress events. @default "generate" */
  phase?: string;
  /** Stops the drawing between batches. */
  signal?: AbortSignal | undefined;
}

/**
 * Draws `samplesPerTask` answers of every task. A task that the model has no room for is left out.
 *
 * A sample's seed is drawn from `createRandom(seed).split("sample", task.id, sampleIndex)`, so the result depends neither on the batch size nor
 * on which answers were there already.
 *
 * @throws {InvalidArgumentError} if an id occurs twice, a count is not a positive integer, or `generate` returns a list of the wrong length
 * @throws {AbortedError} between batches, once `signal` is aborted; what `onSample` was given stays valid
 */
export async function drawSamples(options: DrawSamplesOptions): Promise<{
  /** In the order of the tasks; numbered as if no task had been left out. */
  samples: Sample[];
  /** Tasks without room, once each. */
  leftOut: LeftOut[];
}> {
  const { tasks, samplesPerTask, batchSize, seed, generate, phase = "generate", signal } = options;
  check(options);
  const texts = new Map<string, DrawnSample>(options.finished?.map((kept) => [keyOf(kept.taskId, kept.sampleIndex), kept]));
  const tooLong = new Map<string, string>();
  const all = tasks.flatMap((task) => Array.from({ length: samplesPerTask }, (_, sampleIndex) => ({ task, sampleIndex })));
  const open = all.filter(({ task, sampleIndex }) => !texts.has(keyOf(task.id, sampleIndex)));
  let done = all.length - open.length;
  for (let start = 0; start < open.length; start += batchSize) {
    if (signal?.aborted === true) throw new AbortedError("Generating");
    const batch = open.slice(start, start + batchSize).filter(({ task }) => !tooLong.has(task.id));
    const drawn = await generate(batch.map((request) => ({ ...request, seed: seedOf(seed, request) })));
    if (drawn.length !== batch.length) throw wrongLength(drawn.length, batch.length);
    for (const [i, { task, sampleIndex }] of batch.entries()) {
      const answer = drawn[i]!;
      if (answer instanceof TooLongError) tooLong.set(task.id, answer.message);
      else {
        texts.set(keyOf(task.id, sampleIndex), answer);
        options.onSample?.({ taskId: task.id, sampleIndex, ...answer });
      }
    }
    done += Math.min(batchSize, open.length - start);
    options.onProgress?.({ phase, step: done, total: all.length });
  }
  const samples = all.flatMap(({ task, sampleIndex }, i): Sample[] => {
    const drawn = texts.get(keyOf(task.id, sampleIndex));
    if (drawn === undefined || tooLong.has(task.id)) return [];
    const { text, trace, cost } = drawn;
    const kind = task.prompt.kind === "hole" ? "completion" : "solution";
    return [{ line: i + 1, taskId: task.id, text, kind, ...(trace !== undefined && { trace }), ...(cost && { cost }) }];
  });
  return { samples, leftOut: [...tooLong].map(([where, reason]) => ({ where, reason })) };
}

const keyOf = (taskId: string, sampleIndex: number): string => `${sampleIndex} ${taskId}`;

function seedOf(seed: number, { task, sampleIndex }: Omit<SampleRequest, "seed">): number {
  return createRandom(seed)
    .split("sample", task.id, sampleIndex)
    .integer(0, 2 ** 31);
}

function check({ tasks, samplesPerTask, batchSize }: DrawSamplesOptions): void {
  for (const [argument, value] of Object.entries({ samplesPerTask, batchSize })) {
    if (!Number.isSafeInteger(value) || value < 1) throw new InvalidArgumentError({ argument, value, expected: "a positive integer" });
  }
  const seen = new Set<string>();
  for (const { id } of tasks) {
    if (seen.has(id)) throw new InvalidArgumentError({ argument: "tasks", value: id, expected: "tasks with distinct ids" });
    seen.add(id);
  }
}

function wrongLength(got: number, wanted: number): InvalidArgumentError {
  return new InvalidArgumentError({ argument: "the result of generate", value: got, expected: `a list of ${wanted}, one per request` });
}
