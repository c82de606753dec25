// Tasks to train on, as prompts and as rewards of their completions. Rewards see only a task's visible tests.
import { createRandom, FileError } from "@diffucoder/core";
import type { CompletionScore, StepRewardRequest } from "@diffucoder/coupled-grpo";
import type { DiffuCoder } from "@diffucoder/engine";
import { REWARD_FUNCTIONS, type Sandbox, type Score, scoreCompletions, type ScoreOptions } from "@diffucoder/reward-sandbox";
import {
  type DataFolders,
  DatasetSchema,
  defaultFolders,
  loadTrainingTasks,
  promptMessages,
  rewardTests,
  type Task,
  type TaskSelection,
  TaskSelectionSchema,
  type TrainableTask,
} from "@diffucoder/tasks";
import { z } from "zod";
import { type RewardSettings, rewardTerms, type WeightedModule } from "./reward-settings.ts";

/** Which tasks to train on. */
export interface TrainingData extends TaskSelection {
  /** A name of `DATASET_NAMES` that has tests for training, or the path of a file of JSON lines. @default "tinycode" */
  dataset: string;
}

/** `TrainingData` as settings. */
export const TrainingDataSchema = z.strictObject({
  dataset: DatasetSchema.default("tinycode").describe("tinycode, a benchmark with a training split, or a file of JSON lines (docs/task-format.md)"),
  ...TaskSelectionSchema.shape,
}) satisfies z.ZodType<TrainingData>;

/** Prompts of an iteration, and what their completions earn. */
export interface TrainingPrompts {
  /** Token ids of an iteration's prompts. */
  prompts: (step: number) => number[][];
  /** Scores of completions by the visible tests of their tasks. */
  reward: (request: StepRewardRequest) => Promise<CompletionScore[]>;
}

/** What `trainingPrompts` works on. */
export interface TrainingPromptsOptions {
  /** The model that is trained. */
  coder: DiffuCoder;
  /** Where programs run. */
  sandbox: Sandbox;
  /** Which tasks. */
  data: TrainingData;
  /** What a completion earns. */
  rewards: RewardSettings;
  /** Custom rewards, added to the built-in ones. */
  modules: readonly WeightedModule[];
  /** Prompts of an iteration. */
  promptsPerStep: number;
  /** Seed of the order of the tasks and, unless the data give one, of the choice of TinyCode's tasks. */
  seed: number;
  /** Where benchmarks lie. @default `defaultFolders()` */
  folders?: DataFolders | undefined;
  /** Scores completions elsewhere; custom rewards are always computed here. @default here */
  score?: ((request: StepScoreRequest) => Promise<GroupScore[]>) | undefined;
  /** Gets a sentence on which tasks are left out, and why. */
  onNote: (note: string) => void;
}

/** Completions of a step to score. */
export interface StepScoreRequest extends Omit<ScoreOptions, "sandbox" | "rewardFunctions" | "signal"> {
  /** Steps done before. */
  step: number;
}

/** What training reads of a score. */
export type GroupScore = Pick<Score, "reward" | "terms" | "code">;

/** @throws {FileError} if no task has visible tests and fits the model */
export async function trainingPrompts(options: TrainingPromptsOptions): Promise<TrainingPrompts> {
  const { coder, sandbox, rewards, modules, promptsPerStep, seed, score } = options;
  const pool = await trainingTasks(options);
  const random = createRandom(seed).split("prompts");
  /** Shuffled anew in each epoch: a function of the seed and the iteration alone. */
  const tasksOf = (step: number): TrainableTask[] =>
    Array.from({ length: promptsPerStep }, (_, i) => {
      const index = step * promptsPerStep + i;
      const order = random.split("epoch", Math.floor(index / pool.length)).shuffle(pool);
      return order[index % pool.length]!;
    });
  return {
    prompts: (step) => tasksOf(step).map((task) => promptIdsOf(coder, task)),
    reward: async ({ step, completionIds, promptIndex }) => {
      const tests = tasksOf(step).map(rewardTests);
      const request = {
        completions: completionIds.map((ids) => completionTextOf(coder, ids)),
        completionLengths: completionIds.map((ids) => lengthOf(coder, ids)),
        tasks: promptIndex.map((i) => tests[i]!),
        terms: [...rewardTerms(rewards, coder.generationConfig), ...modules.map(({ name, weight }) => ({ name, weight }))],
        mode: rewards.rewardMode,
      };
      const own = Object.fromEntries(modules.map(({ name, reward }) => [name, () => reward]));
      const scores =
        score !== undefined && modules.length === 0
          ? await score({ ...request, step })
          : await scoreCompletions({ ...request, sandbox, rewardFunctions: { ...REWARD_FUNCTIONS, ...own } });
      return scores.map(({ reward, terms, code }) => ({ reward, terms: [...terms, { name: "solved", value: code && Number(code === 1) }] }));
    },
  };
}

/** The tasks that fit the model; the others are reported. */
async function trainingTasks({ coder, data, seed, folders = defaultFolders(), onNote }: TrainingPromptsOptions): Promise<readonly TrainableTask[]> {
  const { promptLength } = coder.generationConfig;
  const lengthOfPrompt = (task: Pick<Task, "id" | "prompt" | "language">): number => promptIdsOf(coder, task).length;
  const accepts = (task: Pick<Task, "id" | "prompt" | "language">): boolean => lengthOfPrompt(task) <= promptLength;
  const { dataset, ...selection } = data;
  const isMade = dataset === "tinycode" || dataset === "tinycode-full";
  const chosen = isMade ? { ...selection, tasks: selection.tasks ?? DEFAULT_TASKS, seed: selection.seed ?? seed } : selection;
  const { tasks, leftOut } = await loadTrainingTasks({ dataset, data: chosen, folders, accepts });
  for (const { where, reason } of leftOut.slice(0, NAMED)) onNote(`${dataset}: ${where}: ${reason}.`);
  if (leftOut.length > NAMED) onNote(`${dataset}: ${leftOut.length - NAMED} more are left out.`);
  const asked = tasks.filter(({ prompt }) => prompt.kind !== "hole");
  if (asked.length < tasks.length)
    onNote(`${dataset}: ${tasks.length - asked.length} of ${tasks.length} tasks are left out because they have a hole to fill.`);
  const fitting = asked.filter(accepts);
  const tooLong = asked.filter((task) => !accepts(task));
  const names = tooLong.slice(0, NAMED).map((task) => `${task.id} (${lengthOfPrompt(task)})`);
  const named = `${names.join(", ")}${tooLong.length > NAMED ? ` and ${tooLong.length - NAMED} more` : ""}`;
  if (fitting.length === 0) {
    throw new FileError({ path: dataset, problem: `no prompt fits this model's ${promptLength} tokens: ${named}`, wayOut: "Give shorter prompts." });
  }
  if (tooLong.length > 0)
    onNote(
      `${dataset}: ${tooLong.length} of ${asked.length} tasks are left out because their prompts have more than ${promptLength} tokens: ${named}.`,
    );
  return fitting;
}

/** Tasks of TinyCode to train on, unless the data say how many. */
const DEFAULT_TASKS = 400;
/** Tasks that a message names. */
const NAMED = 5;

/** Token ids of a task's bare request. */
export function promptIdsOf({ tokenizer }: DiffuCoder, task: Pick<Task, "id" | "prompt" | "language">): number[] {
  return tokenizer.encodeChat([...promptMessages(task, "chat")]);
}

/** The text of a completion, up to its first end token. */
export function completionTextOf(coder: DiffuCoder, ids: readonly number[]): string {
  const end = ids.findIndex((id) => coder.endIds.has(id));
  return coder.tokenizer.decode(end === -1 ? ids : ids.slice(0, end));
}

/** Tokens of a completion, with the one that ends it. */
function lengthOf(coder: DiffuCoder, ids: readonly number[]): number {
  const end = ids.findIndex((id) => coder.endIds.has(id));
  return end === -1 ? ids.length : end + 1;
}
