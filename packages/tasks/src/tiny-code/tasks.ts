import { createRandom, InvalidArgumentError } from "@diffucoder/core";
import { z } from "zod";
import { drawRendering, renderPrompt, renderSolution } from "./render.ts";
import { type PlacedPipeline, placedPipelines, type Split } from "./splits.ts";
import { makeTests } from "./test-cases.ts";

const TestCaseSchema = z.tuple([z.array(z.unknown()), z.unknown()]);

/** One test: the arguments of the call, and the value that a right program returns; plain JSON. */
type Test = [args: unknown[], expected: unknown];

/** A record of a TinyCode dataset. */
export interface CodeTaskRecord {
  /** Tells the task from all others. */
  id: string;
  /** Number of operations, 1 to 4. */
  tier: number;
  /** Kind of task, `"list-pipeline"`. */
  family: string;
  /** Names of the operations without their constants: what splits are made by. */
  skeleton: string;
  /** Names of the operations with their constants. */
  key: string;
  /** What the model is asked. */
  prompt: string;
  /** A right program. */
  solution: string;
  /** Name of the function that the tests call. */
  entry_point: string;
  /** Visible tests: rewards may use them. */
  tests: Test[];
  /** Tests for evaluation only; no input is in both. */
  hidden_tests: Test[];
  /** What the task may be used for. */
  split: Split;
}

/** A record of a TinyCode dataset, as a JSON line. */
export const CodeTaskRecordSchema = z.strictObject({
  id: z.string(),
  tier: z.int().min(1).max(4),
  family: z.string(),
  skeleton: z.string(),
  key: z.string(),
  prompt: z.string(),
  solution: z.string(),
  entry_point: z.string(),
  tests: z.array(TestCaseSchema).describe("visible: rewards may use them"),
  hidden_tests: z.array(TestCaseSchema).describe("for evaluation only"),
  split: z.enum(["train", "dev", "test"]),
}) satisfies z.ZodType<CodeTaskRecord>;

/** A task of one's own, as `CodeTaskSchema` and `readTasks` give it. What only TinyCode has may be missing. */
export interface CodeTask {
  /** Tells the task from the others of the file. */
  id: string;
  /** What the model is asked. */
  prompt: string;
  /** Name of the function that the tests call. */
  entry_point: string;
  /** Rewards may use them. @default [] */
  tests: Test[];
  /** For evaluation; where there are none, `tests` are used. @default [] */
  hidden_tests: Test[];
  /** Number of operations, 1 to 4. */
  tier?: number | undefined;
  /** Kind of task. */
  family?: string | undefined;
  /** Names of the operations without their constants. */
  skeleton?: string | undefined;
  /** Names of the operations with their constants. */
  key?: string | undefined;
  /** A right program. */
  solution?: string | undefined;
  /** What the task may be used for. */
  split?: Split | undefined;
}

/**
 * A task of one's own, as a JSON line: what training and evaluation need of it, and nothing of what only TinyCode has. TinyCode's records are
 * such tasks too.
 */
export const CodeTaskSchema = CodeTaskRecordSchema.partial()
  .extend({
    id: z.string().min(1).describe("tells the task from the others of the file"),
    prompt: z.string().min(1).describe("what the model is asked"),
    entry_point: CodeTaskRecordSchema.shape.entry_point.describe("name of the function that the tests call"),
    tests: CodeTaskRecordSchema.shape.tests.default([]).describe("[arguments, expected value] each; rewards may use them"),
    hidden_tests: CodeTaskRecordSchema.shape.hidden_tests.default([]).describe("in the same form, for evaluation; `tests` where there are none"),
  })
  .refine(({ tests, hidden_tests: hidden }) => tests.length + hidden.length > 0, {
    path: ["tests"],
    error: "at least one test, here or in hidden_tests",
  }) satisfies z.ZodType<CodeTask>;

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
  /** Tasks that it refuses are passed over, e.g. those whose prompt a model cannot hold. @default all are taken */
  accepts?: (task: CodeTaskRecord) => boolean;
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
  visibleTests = 8,
  hiddenTests = 16,
}: TinyCodeTasksOptions): CodeTaskRecord[] {
  const random = createRandom(seed).split("tiny-code", split);
  const shares = Object.entries(tiers).map(([tier, share]) => ({ tier: Number(tier), share }));
  const totalShare = shares.reduce((sum, { share }) => sum + share, 0);
  const pool = placedPipelines(Math.max(...shares.map(({ tier }) => tier))).filter((one) => one.split === split);
  let given = 0;
  const chosen = shares.flatMap(({ tier, share }, i) => {
    const left = count - given; // shares that are all rounded up could ask for more
    const wanted = i === shares.length - 1 ? left : Math.min(left, Math.round((count * share) / totalShare));
    given += wanted;
    const tasks: CodeTaskRecord[] = [];
    for (const placed of random.split("tier", tier).shuffle(pool.filter(({ depth }) => depth === tier))) {
      if (tasks.length === wanted) break;
      const task = toRecord(placed, seed, visibleTests, hiddenTests);
      if (accepts(task)) tasks.push(task);
    }
    if (tasks.length < wanted)
      throw new InvalidArgumentError({
        argument: "count",
        value: count,
        expected: `at most ${tasks.length} tasks of tier ${tier} in the ${split} split, wanted ${wanted}`,
      });
    return tasks;
  });
  return random.shuffle(chosen);
}

function toRecord({ pipeline, skeleton, key, depth, split }: PlacedPipeline, seed: number, visible: number, hidden: number): CodeTaskRecord {
  const random = createRandom(seed).split("task", key);
  const { tests, hiddenTests } = makeTests(pipeline, { visible, hidden, random: random.split("tests") });
  return {
    id: `tinycode/${key.replaceAll(" > ", "/").replaceAll(" ", "-")}`,
    tier: depth,
    family: "list-pipeline",
    skeleton,
    key,
    prompt: renderPrompt(pipeline, random.split("prompt")),
    solution: renderSolution(pipeline, drawRendering(random.split("solution"))),
    entry_point: "f",
    tests,
    hidden_tests: hiddenTests,
    split,
  };
}

/** A prompt and one right solution, without tests: material for pretraining. */
export interface Example {
  /** What the model is asked. */
  prompt: string;
  /** A right program; ends with a newline. */
  solution: string;
}

/**
 * Endless training examples: the example of an index is a function of the seed and the index alone. Draws a tier by its
 * share, a pipeline of the training split, a wording and a rendering.
 */
export function exampleStream({ tiers, seed }: ExampleStreamOptions): (index: number) => Example {
  const shares = Object.entries(tiers).map(([tier, share]) => ({ tier: Number(tier), share }));
  const totalShare = shares.reduce((sum, { share }) => sum + share, 0);
  const training = placedPipelines(Math.max(...shares.map(({ tier }) => tier))).filter((one) => one.split === "train");
  const byTier = new Map(shares.map(({ tier }) => [tier, training.filter(({ depth }) => depth === tier)]));
  const root = createRandom(seed).split("examples");
  return (index) => {
    const random = root.split(index);
    let point = random.uniform() * totalShare;
    const tier = (shares.find(({ share }) => (point -= share) < 0) ?? shares.at(-1))?.tier as number;
    const { pipeline } = random.choice(byTier.get(tier) as PlacedPipeline[]);
    return { prompt: renderPrompt(pipeline, random), solution: renderSolution(pipeline, drawRendering(random)) };
  };
}

interface ExampleStreamOptions {
  /** Tiers to draw from, each with its share of the examples. */
  tiers: Readonly<Record<number, number>>;
  /** Another one gives other examples. */
  seed: number;
}
