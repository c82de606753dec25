import { createRandom, InvalidArgumentError } from "@diffucoder/core";
import type { Task, TrainableTask } from "../task.ts";
import type { CallTests } from "../tests.ts";
import { type VisibleTests, visibleTests } from "../visible-tests.ts";
import { drawRendering, renderPrompt, renderSolution } from "./render.ts";
import { type PlacedPipeline, placedPipelines, type Split } from "./splits.ts";
import { makeTests } from "./test-cases.ts";

/** A task of TinyCode. */
export interface TinyCodeTask extends TrainableTask {
  /** A request, one sentence. */
  readonly prompt: Extract<Task["prompt"], { kind: "text" }>;
  /** Name of the function. */
  readonly entryPoint: "f";
  /** Tests that rewards may see; no input is also in a hidden one. */
  readonly visible: VisibleTests<CallTests>;
  /** Tests for evaluation alone. */
  readonly hidden: CallTests;
  /** A right program, one of several. */
  readonly solution: string;
  /** Where it comes from. */
  readonly metadata: {
    /** Number of operations, 1 to 4. */
    readonly tier: number;
    /** Names of the operations without their constants: what splits are made by. */
    readonly skeleton: string;
    /** Names of the operations with their constants. */
    readonly key: string;
    /** What the task may be used for. */
    readonly split: Split;
  };
}

/** Which tasks of TinyCode to draw. */
export interface TinyCodeTasksOptions {
  /** Tiers to draw from, each with its share of the tasks. */
  tiers: Readonly<Record<number, number>>;
  /** The part to draw from. */
  split: Split;
  /** Number of tasks. */
  count: number;
  /** Which tasks, and their wording and tests. */
  seed: number;
  /**
   * Tasks that it refuses are skipped, e.g. those whose prompt is too long for a model. It sees them before they have tests. @default all are taken
   */
  accepts?: ((task: Pick<TinyCodeTask, "id" | "prompt">) => boolean) | undefined;
  /** Tests that rewards may use, of each task. @default 8 */
  visibleTests?: number;
  /** Tests for evaluation only, of each task. @default 16 */
  hiddenTests?: number;
}

/**
 * Tasks with tests, drawn without repetition from one split. The same options give the same tasks.
 *
 * @throws {InvalidArgumentError} if a tier has fewer tasks than asked for
 */
export function tinyCodeTasks({
  tiers,
  split,
  count,
  seed,
  accepts = () => true,
  visibleTests: visibleCount = DEFAULT_TESTS.visible,
  hiddenTests = DEFAULT_TESTS.hidden,
}: TinyCodeTasksOptions): TinyCodeTask[] {
  const random = createRandom(seed).split("tiny-code", split);
  const shares = Object.entries(tiers).map(([tier, share]) => ({ tier: Number(tier), share }));
  const totalShare = shares.reduce((sum, { share }) => sum + share, 0);
  const pool = placedPipelines(Math.max(...shares.map(({ tier }) => tier))).filter((one) => one.split === split);
  let given = 0;
  const chosen = shares.flatMap(({ tier, share }, i) => {
    const left = count - given; // shares that are all rounded up could ask for more
    const wanted = i === shares.length - 1 ? left : Math.min(left, Math.round((count * share) / totalShare));
    given += wanted;
    const tasks: TinyCodeTask[] = [];
    for (const placed of random.split("tier", tier).shuffle(pool.filter(({ depth }) => depth === tier))) {
      if (tasks.length === wanted) break;
      const task = headOf(placed, seed);
      if (accepts(task)) tasks.push({ ...task, ...bodyOf(placed, { seed, visible: visibleCount, hidden: hiddenTests }) });
    }
    if (tasks.length < wanted)
      throw new InvalidArgumentError({
        argument: "count",
        value: count,
        expected: "smaller",
        message: `The ${split} split has ${tasks.length} tasks of tier ${tier}, and ${wanted} are wanted of it. Ask for fewer tasks, or give the tier a smaller share.`,
      });
    return tasks;
  });
  return random.shuffle(chosen);
}

/**
 * The tasks of these ids, in their order, as `tinyCodeTasks` gives them for the same seed.
 *
 * @throws {InvalidArgumentError} for an id that no task has
 */
export function tinyCodeTasksById(
  ids: readonly string[],
  {
    seed,
  }: {
    /** As in the first call. */
    seed: number;
  },
): TinyCodeTask[] {
  const deepest = Math.max(1, ...ids.map((id) => id.split("/").length - 1));
  const pool = new Map(placedPipelines(Math.min(4, deepest)).map((placed) => [idOf(placed), placed]));
  return ids.map((id) => {
    const placed = pool.get(id);
    if (placed === undefined) throw new InvalidArgumentError({ argument: "ids", value: id, expected: "ids of TinyCode's tasks" });
    return { ...headOf(placed, seed), ...bodyOf(placed, { seed, ...DEFAULT_TESTS }) };
  });
}

/** Tests of a task, by number. */
const DEFAULT_TESTS = { visible: 8, hidden: 16 };

function idOf({ key }: PlacedPipeline): string {
  return `tinycode/${key.replaceAll(" > ", "/").replaceAll(" ", "-")}`;
}

/** What the model sees of a task. */
function headOf(placed: PlacedPipeline, seed: number): Pick<TinyCodeTask, "id" | "prompt"> {
  const text = renderPrompt(placed.pipeline, createRandom(seed).split("task", placed.key).split("prompt"));
  return { id: idOf(placed), prompt: { kind: "text", text } };
}

/** How it is judged. */
function bodyOf(
  { pipeline, skeleton, key, depth, split }: PlacedPipeline,
  { seed, visible, hidden }: { seed: number; visible: number; hidden: number },
): Omit<TinyCodeTask, "id" | "prompt"> {
  const random = createRandom(seed).split("task", key);
  const { tests, hiddenTests } = makeTests(pipeline, { visible, hidden, random: random.split("tests") });
  return {
    language: "python",
    entryPoint: "f",
    visible: visibleTests({ kind: "calls", calls: tests }),
    hidden: { kind: "calls", calls: hiddenTests },
    solution: renderSolution(pipeline, drawRendering(random.split("solution"))),
    metadata: { tier: depth, skeleton, key, split },
  };
}

/** A prompt and one right solution, without tests: material for pretraining and its evaluation. */
export interface Example {
  /** What the model is asked. */
  prompt: string;
  /** A right program; ends with a newline. */
  solution: string;
}

/**
 * Endless examples: the example of an index is a function of the seed and the index alone. Draws a tier by its share, a pipeline of
 * the split, a wording and a rendering. Tiers without a pipeline in the split, such as the first in the held-out ones, are left out.
 *
 * @throws {InvalidArgumentError} if no tier is left
 */
export function exampleStream({ tiers, seed, split = "train" }: ExampleStreamOptions): (index: number) => Example {
  const deepest = Math.max(0, ...Object.keys(tiers).map(Number));
  const pipelines = placedPipelines(deepest).filter((one) => one.split === split);
  const byTier = new Map(Object.keys(tiers).map((tier) => [Number(tier), pipelines.filter(({ depth }) => depth === Number(tier))]));
  const shares = Object.entries(tiers)
    .map(([tier, share]) => ({ tier: Number(tier), share }))
    .filter(({ tier, share }) => share > 0 && byTier.get(tier)!.length > 0);
  if (shares.length === 0) {
    const message = `No tier of ${JSON.stringify(tiers)} has examples in the ${split} split.`;
    throw new InvalidArgumentError({ argument: "tiers", value: tiers, expected: "shares of tiers with examples in the split", message });
  }
  const totalShare = shares.reduce((sum, { share }) => sum + share, 0);
  const root = split === "train" ? createRandom(seed).split("examples") : createRandom(seed).split("examples", split);
  return (index) => {
    const random = root.split(index);
    let point = random.uniform() * totalShare;
    const tier = (shares.find(({ share }) => (point -= share) < 0) ?? shares.at(-1)!).tier;
    const { pipeline } = random.choice(byTier.get(tier)!);
    return { prompt: renderPrompt(pipeline, random), solution: renderSolution(pipeline, drawRendering(random)) };
  };
}

interface ExampleStreamOptions {
  /** Tiers to draw from, each with its share of the examples. */
  tiers: Readonly<Record<number, number>>;
  /** A different seed gives different examples. */
  seed: number;
  /** The part to draw from. @default "train" */
  split?: Split | undefined;
}
