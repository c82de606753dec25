// Pretraining of a masked diffusion model, by the paper's route: first the autoregressive objective, in which every
// token gives a loss in every pass, then adaptation to diffusion. Both read the logits with the same shift, position
// j - 1 predicting token j, so the second stage goes on where the first one stopped.
//
//   autoregressive:  loss = mean over completion tokens of -log p(x_j | x_<j)
//   diffusion:       loss = mean over completion tokens of 1[x_j masked] / t * -log p(x_j | x_t),   t ~ U(0, 1]
//
// Differs from DiffuLLaMA: 1. prompts are never masked, as in the conditional masking of DiffuCoder's tuning stage;
// 2. a batch's timesteps are stratified, which keeps their distribution and lowers the variance of the loss.
import { AbortedError, type OnProgress, type Random } from "@diffucoder/core";
import type { TrainingBatch } from "@diffucoder/tasks";
import {
  diffusionWeights,
  type LogitsFunction,
  maskTokens,
  nextTokenWeights,
  scoredLoss,
  scoredTokens,
  stratifiedTimesteps,
} from "@diffucoder/diffusion";
import {
  type Executor,
  initAdamW,
  int32,
  learningRate,
  type LearningRateSchedule,
  LearningRateScheduleSchema,
  type NdArray,
  type Tensor,
} from "@diffucoder/tensor";
import { z } from "zod";
import { checkBatch } from "./check-batch.ts";
import type { TrainingState } from "./checkpoint.ts";
import { divergedError } from "./diverged-error.ts";
import type { StepMetrics } from "./metrics-log.ts";
import { createOptimizerStep } from "./optimizer-step.ts";

/** Settings of pretraining, as `PretrainConfigSchema` gives them. */
export interface PretrainConfig extends LearningRateSchedule {
  /** Seed of the run's random streams. @default 0 */
  seed: number;
  /** Steps with the autoregressive objective, first. */
  arSteps: number;
  /** Steps with the diffusion objective, after them. */
  diffusionSteps: number;
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
  /** Smallest timestep, in (0, 1]. @default 1e-3 */
  eps: number;
  /** Steps between checkpoints. @default 500 */
  saveSteps: number;
  /** Checkpoints kept, for who writes them: `train` makes of each a folder `checkpoint-STEP` with its model if there are more than 1. @default 1 */
  saveTotalLimit: number;
}

/** Settings of pretraining; Hugging Face's names in camelCase. */
export const PretrainConfigSchema = LearningRateScheduleSchema.extend({
  seed: z.int().nonnegative().default(0),
  arSteps: z.int().nonnegative().describe("steps with the autoregressive objective, first"),
  diffusionSteps: z.int().nonnegative().describe("steps with the diffusion objective, after them"),
  perDeviceTrainBatchSize: z.int().positive().max(65_536).describe("rows in memory at a time"),
  gradientAccumulationSteps: z.int().positive().max(65_536).default(1).describe("batches of a step, one after the other"),
  gradientCheckpointing: z.boolean().default(false).describe("compute each layer again in the backward pass: less memory, more work"),
  adamBeta1: z.number().min(0).max(1).default(0.9),
  adamBeta2: z.number().min(0).max(1).default(0.99),
  weightDecay: z.number().nonnegative().default(0.1),
  maxGradNorm: z.number().positive().default(1),
  eps: z.number().positive().max(1).default(1e-3).describe("smallest timestep"),
  saveSteps: z.int().positive().default(500).describe("steps between checkpoints"),
  saveTotalLimit: z.int().positive().default(1).describe("checkpoints kept; above 1 each is a folder checkpoint-STEP with its model"),
}) satisfies z.ZodType<PretrainConfig>;

/** What pretraining trains, and on what. */
export interface PretrainOptions {
  /** Settings of the run. */
  config: PretrainConfig;
  /** The model's network. */
  logits: LogitsFunction;
  /** The state to go on from; parameters alone start with fresh moments. */
  state: TrainingState;
  /** Steps done before. */
  startStep?: number;
  /** A batch by its number, `gradientAccumulationSteps` for each step: a function of it alone, so that a run can be resumed. */
  batch: (step: number) => TrainingBatch;
  /** Token of a place that is not decided yet. */
  maskTokenId: number;
  /** Tokens of the vocabulary: a batch with other ids is refused. @default not known, and only what is no id is refused */
  vocabSize?: number | undefined;
  /** Masks and timesteps are drawn from streams of it that are split by batch. */
  random: Random;
  /** Where the network runs. @default ONNX Runtime on the processor */
  executor?: Executor;
  /** Hears of every step. */
  onProgress?: OnProgress;
  /** After every step. */
  onStep?: (metrics: StepMetrics) => void;
  /** Every `saveSteps` steps, at the end, and when stopped. The arrays are only valid during the call. */
  onCheckpoint?: (state: TrainingState, step: number) => void;
  /** Stops the run after a checkpoint. */
  signal?: AbortSignal;
}

/**
 * Runs or resumes pretraining.
 *
 * @returns the trained state
 * @throws {AbortedError} when stopped by `signal`, after a last checkpoint
 * @throws {InvalidArgumentError} if a batch's ids, masks or sizes are wrong, after a last checkpoint likewise
 * @throws {DiffuCoderError} with code `"DIVERGED"` if the loss or a gradient is not finite, after a last checkpoint of the
 *   state before that step, which changed nothing
 */
export async function pretrain(options: PretrainOptions): Promise<TrainingState> {
  const { config, batch, maskTokenId, random, startStep = 0, onProgress, onStep, onCheckpoint, signal } = options;
  const total = config.arSteps + config.diffusionSteps;
  const steps = { causal: optimizerStep(options, "causal"), full: optimizerStep(options, "full") };
  let state = options.state;
  try {
    for (let step = startStep; step < total; step++) {
      if (signal?.aborted) {
        onCheckpoint?.(state, step);
        throw new AbortedError("Pretraining");
      }
      const started = performance.now();
      const isAutoregressive = step < config.arSteps;
      const stage = isAutoregressive ? "causal" : "full";
      const count = config.gradientAccumulationSteps;
      const inputsOf = (number: number): LossInputs => {
        const rows = batch(number);
        checkBatch(rows, number, options.vocabSize);
        const noise = { eps: config.eps, maskTokenId, random: random.split("mask", number) };
        return lossInputs(rows, isAutoregressive ? autoregressiveTargets(rows) : diffusionTargets(rows, noise));
      };
      let batches: LossInputs[];
      try {
        batches = Array.from({ length: count }, (_, i) => inputsOf(step * count + i));
      } catch (error) {
        onCheckpoint?.(state, step); // a batch that cannot be had changed nothing
        throw error;
      }
      const lr = learningRate(config, step, total);
      const result = await steps[stage].run(state, batches, { lr, count: step + 1 });
      state = result.state;
      const { loss, gradNorm, gradNorms } = result;
      if (!Number.isFinite(loss) || !Number.isFinite(gradNorm)) {
        onCheckpoint?.(state, step);
        throw divergedError({ what: `Pretraining diverged at step ${step + 1}`, loss, gradNorm, gradNorms, state });
      }
      const metrics = {
        step: step + 1,
        diffusion: isAutoregressive ? 0 : 1,
        loss,
        gradNorm,
        learningRate: lr,
        seconds: (performance.now() - started) / 1000,
      };
      onStep?.(metrics);
      onProgress?.({ phase: isAutoregressive ? "pretrain, autoregressive" : "pretrain, diffusion", step: step + 1, total, metrics });
      if ((step + 1) % config.saveSteps === 0 || step + 1 === total) onCheckpoint?.(state, step + 1);
    }
    return state;
  } finally {
    for (const step of Object.values(steps)) step.dispose();
  }
}

/** A fresh optimizer state for parameters. */
export function freshState(parameters: Record<string, NdArray>): TrainingState {
  return { parameters, adam: initAdamW(parameters) };
}

type TracedBatch = { inputIds: Tensor; attentionMask: Tensor; logitPositions: Tensor; targets: Tensor; weights: Tensor };

function optimizerStep({ config, logits, executor }: PretrainOptions, attention: "causal" | "full") {
  return createOptimizerStep<TracedBatch>({
    ...config,
    loss: (parameters, { targets, weights, ...inputs }) => scoredLoss(logits(parameters, { ...inputs, attention }), { targets, weights }),
    name: `pretrain-${attention}`,
    executor,
  });
}

/** What a step reads of a batch: logits are computed only where a token has a weight in the loss. */
function lossInputs({ inputIds, attentionMask, batchSize, sequenceLength }: TrainingBatch, noisy: NoisyRows) {
  const shape = [batchSize, sequenceLength];
  return {
    inputIds: noisy.inputIds,
    attentionMask: int32(attentionMask, shape),
    ...scoredTokens({ targets: int32(inputIds, shape), weights: noisy.weights }),
  };
}

type LossInputs = ReturnType<typeof lossInputs>;

interface NoisyRows {
  inputIds: NdArray;
  /** Factor of each token's cross-entropy. */
  weights: NdArray;
}

/** Every token through the end token is a target, and the network sees the clean text. */
function autoregressiveTargets({ inputIds, completionMask, batchSize, sequenceLength }: TrainingBatch): NoisyRows {
  const shape = [batchSize, sequenceLength];
  return { inputIds: int32(inputIds, shape), weights: nextTokenWeights(int32(completionMask, shape)) };
}

/** Completion tokens, the padding behind the end token among them, are masked with probability t, a timestep per row. */
function diffusionTargets(
  { inputIds, batchSize, sequenceLength, promptLength }: TrainingBatch,
  { eps, maskTokenId, random }: { eps: number; maskTokenId: number; random: Random },
): NoisyRows {
  const shape = [batchSize, sequenceLength];
  const eligible = int32(
    inputIds.map((_, i) => (i % sequenceLength >= promptLength ? 1 : 0)),
    shape,
  );
  const timesteps = stratifiedTimesteps({ count: batchSize, random: random.split("timestep"), eps });
  const { noisy, mask } = maskTokens({ tokens: int32(inputIds, shape), timesteps, maskTokenId, eligible, random: random.split("tokens") });
  return { inputIds: noisy, weights: diffusionWeights({ mask, timesteps, eligible }) };
}
