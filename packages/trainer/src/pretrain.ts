// Training by objectives, along the paper's route: the autoregressive one first, in which every token gives a loss in every pass, then
// adaptation to diffusion, mid-training and instruction tuning; one stage after the other.
import { InvalidArgumentError, type OnProgress, type Random } from "@diffucoder/core";
import type { LogitsFunction, ModelParameters } from "@diffucoder/diffusion";
import type { Executor } from "@diffucoder/tensor";
import type { TrainingBatch } from "./batches.ts";
import { heldOutLoss, type HeldOutLoss } from "./held-out-loss.ts";
import type { StepMetrics } from "./metrics-log.ts";
import { objectiveStage } from "./objective-stage.ts";
import type { PretrainConfig } from "./pretrain-config.ts";
import { objectiveOf } from "./pretrain-stage.ts";
import { train } from "./train.ts";
import type { TrainingState } from "./training-state.ts";

/** What pretraining trains, and on what. */
export interface PretrainOptions {
  /** Settings of the run. */
  config: PretrainConfig;
  /** The model's network. */
  logits: LogitsFunction;
  /** Parameters of the network that are not trained, such as the base model's of a LoRA adapter. @default all are trained */
  frozen?: ModelParameters | undefined;
  /** The state to resume from; `freshState` makes one from just parameters. */
  state: TrainingState;
  /** Steps done before. @default 0 */
  startStep?: number;
  /** A batch by its number, `gradientAccumulationSteps` for each step: a function of it alone, so that a run can be resumed. */
  batch: (number: number) => TrainingBatch;
  /** Held-out batches, for `config.evalSteps`: the last stage's loss on them, with the same masks each time. @default none */
  evalBatches?: readonly TrainingBatch[] | undefined;
  /** The last step after which the state was already evaluated. @default none */
  lastEvaluation?: number;
  /** The mask token. */
  maskTokenId: number;
  /** Tokens of the model's blocks; its stages are then block diffusion. @default its tokens see all */
  blockLength?: number | undefined;
  /**
   * Whether row i of the logits predicts token i + 1, as in Dream, or token i, as in LLaDA; a stage with next-token prediction needs the
   * former. @default true
   */
  shift?: boolean | undefined;
  /** Tokens of the vocabulary: a batch with other ids is refused. @default unknown: only values that cannot be ids are refused */
  vocabSize?: number | undefined;
  /** Masks and timesteps are drawn from streams split from it by batch. */
  random: Random;
  /** Where the network runs. @default ONNX Runtime on the processor */
  executor?: Executor;
  /** Gets an event for every step. */
  onProgress?: OnProgress;
  /** After every step. */
  onStep?: (metrics: StepMetrics) => void;
  /** After every evaluation, with `HeldOutFigures`. The arrays are only valid during the call. */
  onEvaluation?: (metrics: StepMetrics, state: TrainingState) => void;
  /** Every `saveSteps` steps, at the end, and when stopped. The arrays are only valid during the call. */
  onCheckpoint?: (state: TrainingState, step: number) => void;
  /** Stops the run after a checkpoint. */
  signal?: AbortSignal;
}

/**
 * Runs or resumes pretraining.
 *
 * @returns the trained state
 * @throws {InvalidArgumentError} if a stage does not fit the model; if `evalSteps` is given and no `evalBatches`; if a batch's ids, masks or sizes are wrong, after a last checkpoint
 * @throws as `train`
 */
export async function pretrain(options: PretrainOptions): Promise<TrainingState> {
  const { config } = options;
  checkStages(options);
  const stages = config.stages.map((stage) =>
    objectiveStage({
      ...options,
      ...config,
      name: stage.objective,
      objective: objectiveOf(stage, options),
      steps: stage.maxSteps,
      optimizer: config,
    }),
  );
  const heldOut = config.evalSteps === undefined ? undefined : lastObjectiveOn(options);
  try {
    return await train({ ...options, stages, evaluate: heldOut && (({ parameters }) => heldOut.evaluate(parameters)) });
  } finally {
    heldOut?.dispose();
  }
}

/** What the run is for is its last stage: its loss can be compared over all steps, those of earlier stages too. */
function lastObjectiveOn(options: PretrainOptions): HeldOutLoss {
  const stage = options.config.stages.at(-1)!;
  return heldOutLoss({
    ...options,
    objective: objectiveOf(stage, options),
    stageStep: stage.maxSteps,
    batches: options.evalBatches ?? [],
    random: options.random.split("evaluation"),
  });
}

/** Under a causal mask, row i sees token i: an unshifted network would only copy it. A model in blocks never sees all of a text. */
function checkStages({ config, shift = true, blockLength }: PretrainOptions): void {
  config.stages.forEach((stage, i) => {
    const refuse = (expected: string): never => {
      throw new InvalidArgumentError({ argument: `stages[${i}].objective`, value: stage.objective, expected });
    };
    if (blockLength !== undefined && stage.objective !== "block_diffusion")
      refuse('"block_diffusion" for a model whose tokens see their own block and earlier ones only');
    if (!shift && stage.objective === "autoregressive") refuse('"diffusion" for a model whose logits predict the token at their own position');
    if (stage.objective === "block_diffusion" && (stage.blockLength ?? blockLength) === undefined)
      throw new InvalidArgumentError({
        argument: `stages[${i}].blockLength`,
        value: undefined,
        expected: "the tokens of a block, for a model that has no blocks of its own",
      });
  });
}
