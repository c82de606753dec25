// Settings of the stages with an objective: pretraining, adaptation, mid-training, instruction tuning.
import { LearningRateScheduleSchema } from "@diffucoder/tensor";
import { z } from "zod";
import type { HeldOutFigures } from "./held-out-loss.ts";
import { type PretrainStage, PretrainStageSchema } from "./pretrain-stage.ts";
import type { TrainConfig } from "./train.ts";

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

/** Settings of pretraining; Hugging Face's names in camelCase. */
export const PretrainConfigSchema = LearningRateScheduleSchema.extend({
  seed: z.int().nonnegative().default(0).describe("of weights, examples and masks"),
  stages: z
    .array(PretrainStageSchema)
    .min(1)
    .describe(
      "one after the other: { objective, maxSteps } of autoregressive, diffusion (eps), block_diffusion (eps, blockLength), adaptation (eps, annealSteps, truncationRate, cleanPrefixRate) or instruction_tuning (eps, phaseInSteps, padding)",
    ),
  perDeviceTrainBatchSize: z.int().positive().max(65_536).describe("rows in memory at a time"),
  gradientAccumulationSteps: z.int().positive().max(65_536).default(1).describe("batches of a step, one after the other"),
  gradientCheckpointing: z.boolean().default(false).describe("compute each layer again in the backward pass: less memory, more work"),
  adamBeta1: z.number().min(0).lt(1).default(0.9).describe("AdamW: decay of the mean of the gradients"),
  adamBeta2: z.number().min(0).lt(1).default(0.99).describe("AdamW: decay of the mean of their squares"),
  weightDecay: z.number().min(0).max(1000).default(0.1).describe("AdamW: decoupled weight decay of matrices; norms and biases have none"),
  maxGradNorm: z.number().positive().default(1).describe("gradients are scaled down to this global norm"),
  saveSteps: z.int().positive().default(500).describe("steps between checkpoints"),
  evalSteps: z.int().positive().optional().describe("steps between evaluations; before the first step and at the end too (default: none)"),
  metricForBestModel: z
    .enum(["evalLoss", "evalAccuracy"])
    .default("evalLoss")
    .describe("evaluation figure that chooses checkpoint-best: the smallest evalLoss or the largest evalAccuracy"),
  loadBestModelAtEnd: z.boolean().default(false).describe("whether the final model is that of checkpoint-best"),
  saveTotalLimit: z.int().positive().default(1).describe("checkpoints to keep; above 1, each is a folder checkpoint-STEP with its model"),
}) satisfies z.ZodType<PretrainConfig>;
