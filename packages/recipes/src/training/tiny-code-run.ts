// What ties a model, TinyCode and the sandbox together: prompts and rewards for training, completions and verdicts for
// evaluation. Rewards see a task's visible tests only, evaluation its hidden ones only.
import { createRandom, FileError, parseConfig } from "@diffucoder/core";
import type { CompletionScore, StepRewardRequest } from "@diffucoder/coupled-grpo";
import { type CodeTask, readTasks, tinyCodeTasks } from "@diffucoder/tasks";
import type { GeneratedSample, SampleRequest, SampleScore } from "@diffucoder/eval";
import { parsePythonRecord, REWARD_FUNCTIONS, type Sandbox, scoreCompletions, type Verdict } from "@diffucoder/reward-sandbox";
import { type DenoiseTrace, diffusionGenerate, SamplerOptionsSchema } from "@diffucoder/samplers";
import type { DiffuCoder } from "@diffucoder/engine";
import { z } from "zod";
import { type RewardSettings, rewardTerms, type WeightedModule } from "./reward-settings.ts";

export const TiersSchema = z.record(z.string().regex(/^[1-4]$/), z.number().nonnegative()).describe('share of each tier, e.g. { "2": 1, "3": 2 }');

export const TrainingTasksSchema = z.strictObject({
  tiers: TiersSchema,
  tasks: z.int().positive().describe("tasks of the training split, or of the file"),
  file: z
    .string()
    .optional()
    .describe("JSON lines of tasks to use instead of TinyCode's; their `tests` give the rewards (the form: packages/tasks/README.md)"),
});

export type TrainingTasks = z.output<typeof TrainingTasksSchema>;

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

function promptIdsOf({ tokenizer }: DiffuCoder, { prompt }: CodeTask): number[] {
  return tokenizer.encodeChat([{ role: "user", content: prompt }]);
}

/** Whether a model's canvas holds a task's prompt. */
function promptFits(coder: DiffuCoder): (task: CodeTask) => boolean {
  return (task) => promptIdsOf(coder, task).length <= coder.generationConfig.promptLength;
}

/** The first tasks of a file that the model can hold, and a sentence about those that it cannot. */
function tasksOfFile(coder: DiffuCoder, { file, count, needs }: { file: string; count: number; needs?: "tests" }): ChosenTasks {
  const { promptLength } = coder.generationConfig;
  const all = readTasks(file, { parse: parsePythonRecord });
  const without = needs && all.find((task) => task[needs].length === 0);
  if (without) throw new FileError({ path: file, problem: `task ${JSON.stringify(without.id)} has no ${needs}, of which rewards are made` });
  const tooLong = all.filter((task) => !promptFits(coder)(task));
  const tasks = all.filter(promptFits(coder));
  const names = tooLong.slice(0, NAMED).map((task) => `${task.id} (${promptIdsOf(coder, task).length})`);
  const named = `${names.join(", ")}${tooLong.length > NAMED ? ` and ${tooLong.length - NAMED} more` : ""}`;
  if (tasks.length === 0) {
    throw new FileError({ path: file, problem: `no prompt fits this model's ${promptLength} tokens: ${named}`, wayOut: "Give shorter prompts." });
  }
  const notes = [
    ...(tooLong.length === 0
      ? []
      : [`${tooLong.length} of ${all.length} tasks are left out, their prompts have more than ${promptLength} tokens: ${named}`]),
    ...(tasks.length <= count ? [] : [`the first ${count} of ${tasks.length} tasks are used, as the setting tasks=${count} says`]),
  ];
  return { tasks: tasks.slice(0, count), note: notes.length === 0 ? undefined : `${file}: ${notes.join("; ")}.` };
}

/** Tasks that a sentence names. */
const NAMED = 5;

interface ChosenTasks {
  tasks: CodeTask[];
  /** What a person should know of the choice. */
  note: string | undefined;
}

interface TrainingPromptsOptions extends TrainingTasks {
  coder: DiffuCoder;
  /** What a completion earns. */
  rewards: RewardSettings;
  /** Rewards of one's own, beside the built-in ones. */
  modules: readonly WeightedModule[];
  promptsPerStep: number;
  seed: number;
  onNote: (note: string) => void;
}

/** The tasks of each iteration, shuffled anew in each epoch: a function of the seed and the iteration alone. */
function iterationTasks({ coder, tiers, tasks, file, promptsPerStep, seed, onNote }: TrainingPromptsOptions): (step: number) => CodeTask[] {
  const { tasks: pool, note }: ChosenTasks =
    file === undefined
      ? { tasks: tinyCodeTasks({ tiers, split: "train", count: tasks, seed, accepts: promptFits(coder) }), note: undefined }
      : tasksOfFile(coder, { file, count: tasks, needs: "tests" });
  if (note !== undefined) onNote(note);
  const random = createRandom(seed).split("prompts");
  return (step) =>
    Array.from({ length: promptsPerStep }, (_, i) => {
      const index = step * promptsPerStep + i;
      const order = random.split("epoch", Math.floor(index / pool.length)).shuffle(pool);
      return order[index % pool.length] as CodeTask;
    });
}

/** Prompts of an iteration, and rewards of their completions by the visible tests. */
export function trainingPrompts(options: TrainingPromptsOptions & { sandbox: Sandbox }) {
  const { coder, sandbox } = options;
  const tasksOf = iterationTasks(options);
  return {
    prompts: (step: number): number[][] => tasksOf(step).map((task) => promptIdsOf(coder, task)),
    reward: async ({ step, completionIds, promptIndex }: StepRewardRequest): Promise<CompletionScore[]> => {
      const tasks = tasksOf(step);
      const texts = completionIds.map((ids) => completionTextOf(coder, ids));
      const scores = await scoreCompletions({
        sandbox,
        completions: texts,
        completionLengths: completionIds.map((ids) => lengthOf(coder, ids)),
        tasks: promptIndex.map((i) => visibleTests(tasks[i]!)),
        terms: [...rewardTerms(options.rewards, coder.generationConfig), ...options.modules.map(({ name, weight }) => ({ name, weight }))],
        rewardFunctions: { ...REWARD_FUNCTIONS, ...Object.fromEntries(options.modules.map(({ name, reward }) => [name, () => reward])) },
        mode: options.rewards.rewardMode,
      });
      return scores.map(({ reward, terms, code }) => ({ reward, terms: [...terms, { name: "solved", value: code && Number(code === 1) }] }));
    },
  };
}

function visibleTests({ entry_point: entryPoint, tests }: CodeTask) {
  return { entryPoint, tests };
}

/** The tasks of an evaluation; the same ones at each call. @throws {FileError} if a line of the dataset is no task, or no prompt fits the model */
export function heldOutTasks(coder: DiffuCoder, { file, tiers, split, tasks, taskSeed }: HeldOutTasksOptions): ChosenTasks {
  return file === undefined
    ? { tasks: tinyCodeTasks({ tiers, split, count: tasks, seed: taskSeed, accepts: promptFits(coder) }), note: undefined }
    : tasksOfFile(coder, { file, count: tasks });
}

interface HeldOutTasksOptions {
  /** Dataset to read instead. */
  file?: string | undefined;
  tiers: Readonly<Record<string, number>>;
  split: "dev" | "test";
  tasks: number;
  taskSeed: number;
}

export interface SamplingOptions {
  steps: number;
  temperature: number;
}

/** Draws completions for the requests of `evaluateTasks`. */
export function completionGenerator(coder: DiffuCoder, { steps, temperature }: SamplingOptions, signal: AbortSignal) {
  const { denoiser, generationConfig, padTokenId, endIds } = coder;
  const sampler = parseConfig(SamplerOptionsSchema, {
    maxNewTokens: generationConfig.maxNewTokens,
    steps,
    alg: "entropy",
    temperature,
    schedule: "even",
  });
  return async (requests: readonly SampleRequest<CodeTask>[]): Promise<GeneratedSample<DenoiseTrace>[]> => {
    const { completionIds, traces } = await diffusionGenerate({
      denoiser,
      promptIds: requests.map(({ task }) => promptIdsOf(coder, task)),
      options: sampler,
      random: requests.map(({ random }) => random),
      padTokenId,
      promptLength: generationConfig.promptLength,
      eosTokenIds: [...endIds],
      signal,
    });
    return completionIds.map((ids, i) => ({ text: completionTextOf(coder, ids), trace: traces[i] as DenoiseTrace }));
  };
}

/** Scores completions by the hidden tests, by the visible ones of a task that has no others; all must pass. */
export function hiddenTestScorer(sandbox: Sandbox) {
  return async (completions: readonly string[], tasks: readonly CodeTask[]): Promise<(SampleScore<Verdict> | null)[]> => {
    const scores = await scoreCompletions({
      sandbox,
      completions,
      tasks: tasks.map(({ entry_point: entryPoint, tests, hidden_tests: hidden }) => ({ entryPoint, tests: hidden.length > 0 ? hidden : tests })),
    });
    return scores.map(({ code, verdicts }) =>
      code === null ? null : { passed: verdicts.length > 0 && verdicts.every(({ verdict }) => verdict === "pass"), verdicts },
    );
  };
}
