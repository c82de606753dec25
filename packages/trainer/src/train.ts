// The one loop of training. A run is its stages, one after the other. A step of a stage is prepared, which changes nothing, and then
// takes one or more optimizer steps; what fails before the first of them, or finds a number that is not finite, loses nothing.
import { AbortedError, type OnProgress } from "@diffucoder/core";
import { learningRate, type LearningRateSchedule } from "@diffucoder/tensor";
import { divergedError } from "./diverged-error.ts";
import type { StepMetrics } from "./metrics-log.ts";
import type { PreparedStep, Stage, UpdateResult } from "./stage.ts";
import type { TrainingState } from "./training-state.ts";

/** Settings of the loop. */
export interface TrainConfig extends LearningRateSchedule {
  /** Steps between checkpoints. */
  saveSteps: number;
  /** Steps between evaluations. @default none during training */
  evalSteps?: number | undefined;
}

/** Stages, the state that they change, and callbacks. */
export interface TrainOptions<State extends TrainingState> {
  /** One after the other; the learning rate schedule spans the steps of all of them. */
  stages: readonly Stage<State>[];
  /** Settings of the loop. */
  config: TrainConfig;
  /** The state to resume from. Its arrays are taken over. */
  state: State;
  /** Steps done before. @default 0 */
  startStep?: number;
  /** Figures of the state on held-out data: before the first step, every `evalSteps` steps, and at the end. @default there are none */
  evaluate?: ((state: State, step: number) => Promise<Readonly<Record<string, number>>>) | undefined;
  /** The last step after which the state was already evaluated. @default none */
  lastEvaluation?: number | undefined;
  /** Gets an event for every step. */
  onProgress?: OnProgress | undefined;
  /** After every step. */
  onStep?: ((metrics: StepMetrics) => void) | undefined;
  /** After every evaluation. The arrays are only valid during the call. */
  onEvaluation?: ((metrics: StepMetrics, state: State) => void) | undefined;
  /** Every `saveSteps` steps, at the end, and when stopped. The arrays are only valid during the call. */
  onCheckpoint?: ((state: State, step: number) => void) | undefined;
  /** Stops the run after a checkpoint. */
  signal?: AbortSignal | undefined;
}

/**
 * Runs or resumes training.
 *
 * @returns the trained state
 * @throws {AbortedError} when stopped by `signal`, after a last checkpoint
 * @throws {DiffuCoderError} with code `"DIVERGED"` if the loss or a gradient is not finite; the step changed nothing
 * @throws what a stage throws while it prepares a step, or `evaluate`, after a last checkpoint likewise
 */
export async function train<State extends TrainingState>(options: TrainOptions<State>): Promise<State> {
  const { stages, config, startStep = 0, onProgress, onStep, onCheckpoint } = options;
  const total = stepsOf(stages);
  let state = options.state;
  let saved = -1;
  const save = (step: number): void => {
    if (step !== saved) onCheckpoint?.(state, step);
    saved = step;
  };
  const orSave = async <T>(step: number, work: () => Promise<T>): Promise<T> => {
    try {
      return await work();
    } catch (error) {
      save(step);
      throw error;
    }
  };
  try {
    for (let step = startStep; ; step++) {
      await orSave(step, () => evaluateIfDue(options, { state, step, total }));
      if (step >= total) return state;
      const started = performance.now();
      const { stage, stageStep } = stageAt(stages, step);
      const prepared = await orSave(step, () => stage.prepare(state, { step, stageStep }));
      const lr = learningRate(config, step, total);
      const results = await takeUpdates(prepared, state, { lr, count: step * prepared.updates.length }, (result, isFirst) => {
        state = result.state;
        if (Number.isFinite(result.loss) && Number.isFinite(result.gradNorm)) return;
        if (isFirst) save(step);
        throw divergedError({ what: `Training diverged at step ${step + 1} (${stage.name})`, ...result });
      });
      state = prepared.finish?.(state) ?? state;
      const seconds = (performance.now() - started) / 1000;
      const metrics = { step: step + 1, ...prepared.figures?.(), ...meanOfEach(results), learningRate: lr, seconds };
      onStep?.(metrics);
      onProgress?.({ phase: stage.name, step: step + 1, total, metrics });
      if ((step + 1) % config.saveSteps === 0 || step + 1 === total) save(step + 1);
    }
  } finally {
    for (const stage of stages) stage.dispose();
  }
}

/** Takes a step's updates; `onResult` gets each result, and throws to end the run. */
async function takeUpdates<State extends TrainingState>(
  { updates }: PreparedStep<State>,
  start: State,
  { lr, count }: { lr: number; count: number },
  onResult: (result: UpdateResult<State>, isFirst: boolean) => void,
): Promise<UpdateResult<State>[]> {
  const results: UpdateResult<State>[] = [];
  let state = start;
  for (const [i, update] of updates.entries()) {
    const result = await update(state, { lr, count: count + i + 1 });
    state = result.state;
    onResult(result, i === 0);
    results.push(result);
  }
  return results;
}

/** What happens before step `step + 1`: a stop if one was asked for, and an evaluation if one is due. */
async function evaluateIfDue<State extends TrainingState>(
  { config, evaluate, lastEvaluation = -1, onEvaluation, onProgress, signal }: TrainOptions<State>,
  { state, step, total }: { state: State; step: number; total: number },
): Promise<void> {
  if (signal?.aborted && step < total) throw new AbortedError("Training");
  const isDue = config.evalSteps !== undefined && (step % config.evalSteps === 0 || step >= total);
  if (evaluate === undefined || !isDue || step <= lastEvaluation) return;
  const metrics = { step, ...(await evaluate(state, step)) };
  onEvaluation?.(metrics, state);
  onProgress?.({ phase: "evaluation", step, total, metrics });
}

function stageAt<State extends TrainingState>(stages: readonly Stage<State>[], step: number): { stage: Stage<State>; stageStep: number } {
  const i = stages.findIndex((_, last) => step < stepsOf(stages.slice(0, last + 1)));
  return { stage: stages[i]!, stageStep: step - stepsOf(stages.slice(0, i)) };
}

function stepsOf(stages: readonly { steps: number }[]): number {
  return stages.reduce((sum, { steps }) => sum + steps, 0);
}

function meanOfEach(results: readonly { loss: number; gradNorm: number; figures: Readonly<Record<string, number>> }[]): Record<string, number> {
  const rows = results.map(({ loss, gradNorm, figures }): Record<string, number> => ({ loss, gradNorm, ...figures }));
  return Object.fromEntries(Object.keys(rows[0] ?? {}).map((name) => [name, rows.reduce((sum, row) => sum + row[name]!, 0) / rows.length]));
}
