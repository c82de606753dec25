// What ties a model, TinyCode and the sandbox together: prompts and rewards for training, completions and verdicts for
// evaluation. Rewards see a task's visible tests only, evaluation its hidden ones only.
import { createRandom } from "@diffucoder/core";
import { type CodeTaskRecord, readTasks, tinyCodeTasks } from "@diffucoder/data";
import type { GeneratedSample, SampleRequest, SampleScore } from "@diffucoder/eval";
import { type Sandbox, scoreCompletions, type Verdict } from "@diffucoder/reward-sandbox";
import { diffusionGenerate, type DenoiseTrace, SamplerOptionsSchema } from "@diffucoder/samplers";
import type { CompletionReward } from "@diffucoder/trainer";
import type { DiffuCoder } from "diffucoder";
import { z } from "zod";

export const TiersSchema = z.record(z.string().regex(/^[1-4]$/), z.number().nonnegative()).describe('share of each tier, e.g. { "2": 1, "3": 2 }');

export const TrainingTasksSchema = z.strictObject({
  tiers: TiersSchema,
  tasks: z.int().positive().describe("tasks of the training split"),
});

export type TrainingTasks = z.output<typeof TrainingTasksSchema>;

/** The text of a completion, up to its first end token. */
export function completionTextOf(coder: DiffuCoder, ids: readonly number[]): string {
  const end = ids.findIndex((id) => coder.endIds.has(id));
  return coder.tokenizer.decode(end === -1 ? ids : ids.slice(0, end));
}

function promptIdsOf({ tokenizer }: DiffuCoder, { prompt }: CodeTaskRecord): number[] {
  return tokenizer.encodeChat([{ role: "user", content: prompt }]);
}

/** Whether a model's canvas holds a task's prompt. */
function promptFits(coder: DiffuCoder): (task: CodeTaskRecord) => boolean {
  return (task) => promptIdsOf(coder, task).length <= coder.generationConfig.promptLength;
}

interface TrainingPromptsOptions extends TrainingTasks {
  coder: DiffuCoder;
  promptsPerStep: number;
  seed: number;
}

/** The tasks of each iteration, shuffled anew in each epoch: a function of the seed and the iteration alone. */
function iterationTasks({ coder, tiers, tasks, promptsPerStep, seed }: TrainingPromptsOptions): (step: number) => CodeTaskRecord[] {
  const pool = tinyCodeTasks({ tiers, split: "train", count: tasks, seed, accepts: promptFits(coder) });
  const random = createRandom(seed).split("prompts");
  return (step) =>
    Array.from({ length: promptsPerStep }, (_, i) => {
      const index = step * promptsPerStep + i;
      const order = random.split("epoch", Math.floor(index / pool.length)).shuffle(pool);
      return order[index % pool.length] as CodeTaskRecord;
    });
}

/** Prompts of an iteration, and rewards of their completions by the visible tests. */
export function trainingPrompts(options: TrainingPromptsOptions & { sandbox: Sandbox }) {
  const { coder, sandbox } = options;
  const tasksOf = iterationTasks(options);
  return {
    prompts: (step: number): number[][] => tasksOf(step).map((task) => promptIdsOf(coder, task)),
    reward: ({
      step,
      completionIds,
      promptIndex,
    }: {
      step: number;
      completionIds: readonly number[][];
      promptIndex: readonly number[];
    }): Promise<readonly CompletionReward[]> => {
      const tasks = tasksOf(step);
      return scoreCompletions({
        sandbox,
        completions: completionIds.map((ids) => completionTextOf(coder, ids)),
        tasks: promptIndex.map((i) => visibleTests(tasks[i] as CodeTaskRecord)),
      });
    },
  };
}

function visibleTests({ entry_point: entryPoint, tests }: CodeTaskRecord) {
  return { entryPoint, tests };
}

/** The tasks of an evaluation; the same ones at each call. @throws {FileError} if a line of the dataset is no task */
export function heldOutTasks(coder: DiffuCoder, { file, tiers, split, tasks, taskSeed }: HeldOutTasksOptions): CodeTaskRecord[] {
  const accepts = promptFits(coder);
  return file === undefined
    ? tinyCodeTasks({ tiers, split, count: tasks, seed: taskSeed, accepts })
    : readTasks(file).filter(accepts).slice(0, tasks);
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
  const sampler = SamplerOptionsSchema.parse({ maxNewTokens: generationConfig.maxNewTokens, steps, alg: "entropy", temperature, schedule: "even" });
  return async (requests: readonly SampleRequest<CodeTaskRecord>[]): Promise<GeneratedSample<DenoiseTrace>[]> => {
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

/** Scores completions by the hidden tests; all must pass. */
export function hiddenTestScorer(sandbox: Sandbox) {
  return async (completions: readonly string[], tasks: readonly CodeTaskRecord[]): Promise<(SampleScore<Verdict> | null)[]> => {
    const scores = await scoreCompletions({
      sandbox,
      completions,
      tasks: tasks.map(({ entry_point: entryPoint, hidden_tests: tests }) => ({ entryPoint, tests })),
    });
    return scores.map(({ code, verdicts }) =>
      code === null ? null : { passed: verdicts.length > 0 && verdicts.every(({ verdict }) => verdict === "pass"), verdicts },
    );
  };
}
