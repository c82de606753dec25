import { createRandom, InvalidArgumentError } from "@diffucoder/core";
import { z } from "zod";
import { drawRendering, renderPrompt, renderSolution } from "./render.ts";
import { type PlacedPipeline, placedPipelines, type Split } from "./splits.ts";
import { makeTests } from "./test-cases.ts";

const TestCaseSchema = z.tuple([z.array(z.unknown()), z.unknown()]);

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
});

export type CodeTaskRecord = z.output<typeof CodeTaskRecordSchema>;

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
  });

export type CodeTask = z.output<typeof CodeTaskSchema>;

export interface TinyCodeTasksOptions {
  /** Tiers to draw from, each with its share of the tasks. */
  tiers: Readonly<Record<number, number>>;
  split: Split;
  /** Number of tasks. */
  count: number;
  seed: number;
  /** Tasks that it refuses are passed over, e.g. those whose prompt a model cannot hold. @default all are taken */
  accepts?: (task: CodeTaskRecord) => boolean;
  /** @default 8 */
  visibleTests?: number;
  /** @default 16 */
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
  prompt: string;
  solution: string;
}

/**
 * Endless training examples: the example of an index is a function of the seed and the index alone. Draws a tier by its
 * share, a pipeline of the training split, a wording and a rendering.
 */
export function exampleStream({ tiers, seed }: { tiers: Readonly<Record<number, number>>; seed: number }): (index: number) => Example {
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
