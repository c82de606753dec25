// Pretraining of a masked diffusion model by the paper's route: the autoregressive objective first, in which every token gives a
// loss in every pass, then adaptation to diffusion.
import { InvalidArgumentError, type OnProgress, type Random } from "@diffucoder/core";
import type { LogitsFunction } from "@diffucoder/diffusion";
import { type Executor, LearningRateScheduleSchema } from "@diffucoder/tensor";
import { z } from "zod";
import type { TrainingBatch } from "./batches.ts";
import { type HeldOutFigures, heldOutLoss, type HeldOutLoss } from "./held-out-loss.ts";
import type { StepMetrics } from "./metrics-log.ts";
import type { Objective } from "./objective.ts";
import { objectiveStage } from "./objective-stage.ts";
import { autoregressive } from "./objectives/autoregressive.ts";
import { blockDiffusion } from "./objectives/block-diffusion.ts";
import { diffusion } from "./objectives/diffusion.ts";
import { train, type TrainConfig } from "./train.ts";
import type { TrainingState } from "./training-state.ts";

/** A stage of pretraining, as `PretrainConfigSchema` gives it. */
export type PretrainStage =
  | {
      /** Predict each token from those before it. */
      objective: "autoregressive";
      /** Steps of the stage. */
      maxSteps: number;
    }
  | {
      /** Predict masked tokens from all others. */
      objective: "diffusion";
      /** Steps of the stage. */
      maxSteps: number;
      /** Smallest timestep, in (0, 1]. @default 1e-3 */
      eps: number;
    }
  | {
      /** Predict masked tokens from their own block and the clean ones before it. */
      objective: "block_diffusion";
      /** Steps of the stage. */
      maxSteps: number;
      /** Smallest timestep, in (0, 1]. @default 1e-3 */
      eps: number;
      /** Tokens of a block. @default the model's, if it has blocks */
      blockLength?: number | undefined;
    };

/** Settings of pretraining, as `PretrainConfigSchema` gives them. */
export interface PretrainConfig extends TrainConfig {
  /** Seed of the run's random streams. @default 0 */
  seed: number;
  /** One after the other. */
  stages: readonly PretrainStage[];
  /** Rows in memory at a time. */
  perDeviceTrainBatchSize: number;
  /** Batches of a step, one after the other. @default 1 */
  gradientAccumulationSteps: number;
  /** Compute each layer again in the backward pass: less memory, more work. @default false */
  gradientCheckpointing: boolean;
  /** Decay of AdamW's first moment. @default 0.9 */
  adamBeta1: number;
  /** Decay of AdamW's second moment. @default 0.99 */
  adamBeta2: number;
  /** Decoupled weight decay of matrices; norm gains and biases do not decay. @default 0.1 */
  weightDecay: number;
  /** Gradients are scaled down to this global norm. @default 1 */
  maxGradNorm: number;
  /** Steps between checkpoints. @default 500 */
  saveSteps: number;
  /** Figure that chooses the best checkpoint: the smallest `evalLoss` or the largest `evalAccuracy`. @default "evalLoss" */
  metricForBestModel: keyof HeldOutFigures;
  /** Whether the final model is that of the best checkpoint. @default false: the last one */
  loadBestModelAtEnd: boolean;
  /** Checkpoints to keep; above 1, `train` saves each as a folder `checkpoint-STEP` with its model. @default 1 */
  saveTotalLimit: number;
}

const maxSteps = z.int().positive().describe("steps of the stage");

const eps = z.number().positive().max(1).default(1e-3).describe("smallest timestep");

const PretrainStageSchema = z.discriminatedUnion("objective", [
  z.strictObject({ objective: z.literal("autoregressive"), maxSteps }),
  z.strictObject({ objective: z.literal("diffusion"), maxSteps, eps }),
  z.strictObject({
    objective: z.literal("block_diffusion"),
    maxSteps,
    eps,
    blockLength: z.int().positive().optional().describe("tokens of a block; default: the model's, if it has blocks"),
  }),
]) satisfies z.ZodType<PretrainStage>;

/** Settings of pretraining; Hugging Face's names in camelCase. */
export const PretrainConfigSchema = LearningRateScheduleSchema.extend({
  seed: z.int().nonnegative().default(0),
  stages: z
    .array(PretrainStageSchema)
    .min(1)
    .describe(
      "one after the other: { objective: autoregressive, maxSteps }, { objective: diffusion, maxSteps, eps } or { objective: block_diffusion, maxSteps, eps, blockLength }",
    ),
  perDeviceTrainBatchSize: z.int().positive().max(65_536).describe("rows in memory at a time"),
  gradientAccumulationSteps: z.int().positive().max(65_536).default(1).describe("batches of a step, one after the other"),
  gradientCheckpointing: z.boolean().default(false).describe("compute each layer again in the backward pass: less memory, more work"),
  adamBeta1: z.number().min(0).lt(1).default(0.9),
  adamBeta2: z.number().min(0).lt(1).default(0.99),
  weightDecay: z.number().min(0).max(1000).default(0.1),
  maxGradNorm: z.number().positive().default(1),
  saveSteps: z.int().positive().default(500).describe("steps between checkpoints"),
  evalSteps: z.int().positive().optional().describe("steps between evaluations; before the first step and at the end too (default: none)"),
  metricForBestModel: z
    .enum(["evalLoss", "evalAccuracy"])
    .default("evalLoss")
    .describe("evaluation figure that chooses checkpoint-best: the smallest evalLoss or the largest evalAccuracy"),
  loadBestModelAtEnd: z.boolean().default(false).describe("whether the final model is that of checkpoint-best"),
  saveTotalLimit: z.int().positive().default(1).describe("checkpoints to keep; above 1, each is a folder checkpoint-STEP with its model"),
}) satisfies z.ZodType<PretrainConfig>;

/** What pretraining trains, and on what. */
export interface PretrainOptions {
  /** Settings of the run. */
  config: PretrainConfig;
  /** The model's network. */
  logits: LogitsFunction;
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

function objectiveOf(stage: PretrainStage, { maskTokenId, shift, blockLength: own }: PretrainOptions): Objective {
  if (stage.objective === "autoregressive") return autoregressive();
  if (stage.objective === "diffusion") return diffusion({ maskTokenId, eps: stage.eps });
  const { eps, blockLength = own! } = stage;
  return blockDiffusion({ maskTokenId, eps, blockLength, shift });
}
