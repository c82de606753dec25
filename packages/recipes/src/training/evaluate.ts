// `train evaluate`: pass@k of a model on held-out TinyCode, by tests that no reward has seen.
import { createRandom, JsonLinesLog, type OnProgress } from "@diffucoder/core";
import { evaluateTasks, type Evaluation, type TaskResult } from "@diffucoder/eval";
import { type RevealOrder, revealOrder } from "@diffucoder/report";
import type { Sandbox, Verdict } from "@diffucoder/reward-sandbox";
import type { DenoiseTrace } from "@diffucoder/samplers";
import type { DiffuCoder } from "@diffucoder/engine";
import { z } from "zod";
import { completionGenerator, heldOutTasks, hiddenTestScorer, TiersSchema } from "./tiny-code-run.ts";

export const EvaluationSchema = z.strictObject({
  file: z
    .string()
    .optional()
    .describe("JSON lines of tasks to use instead of TinyCode's; the first `tasks` of them (the form: packages/tasks/README.md)"),
  split: z.enum(["dev", "test"]).default("test"),
  tiers: TiersSchema,
  tasks: z.int().positive(),
  taskSeed: z.int().nonnegative().default(0).describe("which tasks of the split"),
  samplesPerTask: z.int().positive(),
  temperature: z.number().nonnegative().default(1).describe("0 is greedy"),
  steps: z.int().positive().describe("denoising steps of a completion"),
  batchSize: z.int().positive().default(64).describe("completions at once"),
});

/** Of the command: what to evaluate on, and the seed of the samples. */
export const EvaluateRecipeSchema = EvaluationSchema.extend({ seed: z.int().nonnegative().default(0) });

export type EvaluationConfig = z.output<typeof EvaluationSchema>;

/** A task's samples as they are kept: without the trace, and with the reveal order where it is shown. */
export type StoredResult = TaskResult<Verdict, RevealOrder>;

/** How many tasks, from the first, keep the reveal order of their first sample. */
const TASKS_WITH_REVEAL_ORDER = 3;

export interface EvaluateOptions {
  coder: DiffuCoder;
  sandbox: Sandbox;
  config: EvaluationConfig;
  /** Of the samples. */
  seed: number;
  /** Results go here, a JSON line for each task; tasks that are there already are not drawn again. */
  output: string;
  phase: string;
  /** Hears which tasks are left out, and why. */
  onNote: (note: string) => void;
  signal: AbortSignal;
  onProgress: OnProgress;
}

/** Runs or resumes an evaluation. */
export async function runEvaluation({
  coder,
  sandbox,
  config,
  seed,
  output,
  phase,
  signal,
  onProgress,
  onNote,
}: EvaluateOptions): Promise<Evaluation<Verdict, RevealOrder>> {
  const { samplesPerTask, batchSize } = config;
  const { tasks, note } = heldOutTasks(coder, config);
  if (note !== undefined) onNote(note);
  const shown = new Set(tasks.slice(0, TASKS_WITH_REVEAL_ORDER).map(({ id }) => id));
  const generate = completionGenerator(coder, config, signal);
  const log = new JsonLinesLog<StoredResult>(output);
  return evaluateTasks<(typeof tasks)[number], Verdict, RevealOrder>({
    tasks,
    samplesPerTask,
    batchSize,
    generate: async (requests) => {
      const samples = await generate(requests);
      return samples.map(({ text, trace }, i) => {
        const { task, sampleIndex } = requests[i] as (typeof requests)[number];
        return sampleIndex === 0 && shown.has(task.id) && trace ? { text, trace: shownOrder(coder, trace) } : { text };
      });
    },
    score: hiddenTestScorer(sandbox),
    random: createRandom(seed).split("evaluation"),
    finished: log.kept,
    onTask: (result) => log.append(result),
    onProgress,
    phase,
    signal,
  });
}

/** The reveal order of a completion's text. */
function shownOrder(coder: DiffuCoder, { initialIds, steps }: DenoiseTrace): RevealOrder {
  const { promptLength } = coder.generationConfig;
  const ids = initialIds.slice(promptLength);
  for (const { positions, tokens } of steps) positions.forEach((position, i) => (ids[position - promptLength] = tokens[i] as number));
  const ends = new Set([...coder.endIds, coder.denoiser.maskTokenId]);
  const end = ids.findIndex((id) => ends.has(id));
  const text = end === -1 ? ids : ids.slice(0, end);
  return revealOrder({ trace: steps, tokens: text.map((id) => coder.tokenizer.decode([id])), firstPosition: promptLength });
}
