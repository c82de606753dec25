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
import type { TrainingBatch } from "@diffucoder/data";
import { diffusionLoss, diffusionWeights, type LogitsFunction, maskTokens, nextTokenWeights } from "@diffucoder/diffusion";
import {
  compile,
  type Executor,
  guardedAdamW,
  initAdamW,
  int32,
  learningRate,
  LearningRateScheduleSchema,
  type NdArray,
  type Tensor,
  valueAndGradient,
} from "@diffucoder/tensor";
import { z } from "zod";
import type { TrainingState } from "./checkpoint.ts";
import { divergedError } from "./diverged-error.ts";
import type { StepMetrics } from "./metrics-log.ts";

export const PretrainConfigSchema = LearningRateScheduleSchema.extend({
  seed: z.int().nonnegative().default(0),
  arSteps: z.int().nonnegative().describe("steps with the autoregressive objective, first"),
  diffusionSteps: z.int().nonnegative().describe("steps with the diffusion objective, after them"),
  perDeviceTrainBatchSize: z.int().positive().describe("rows of a step"),
  adamBeta1: z.number().min(0).max(1).default(0.9),
  adamBeta2: z.number().min(0).max(1).default(0.99),
  weightDecay: z.number().nonnegative().default(0.1),
  maxGradNorm: z.number().positive().default(1),
  eps: z.number().positive().max(1).default(1e-3).describe("smallest timestep"),
  saveSteps: z.int().positive().default(500).describe("steps between checkpoints"),
});

export type PretrainConfig = z.output<typeof PretrainConfigSchema>;

export interface PretrainOptions {
  config: PretrainConfig;
  logits: LogitsFunction;
  /** The state to go on from; parameters alone start with fresh moments. */
  state: TrainingState;
  /** Steps done before. */
  startStep?: number;
  /** The batch of a step: a function of the step alone, so that a run can be resumed. */
  batch: (step: number) => TrainingBatch;
  maskTokenId: number;
  random: Random;
  executor?: Executor;
  onProgress?: OnProgress;
  /** After every step. */
  onStep?: (metrics: StepMetrics) => void;
  /** Every `saveSteps` steps, at the end, and when stopped. The arrays are only valid during the call. */
  onCheckpoint?: (state: TrainingState, step: number) => void;
  signal?: AbortSignal;
}

/**
 * Runs or resumes pretraining.
 *
 * @returns the trained state
 * @throws {AbortedError} when stopped by `signal`, after a last checkpoint
 * @throws {DiffuCoderError} with code `"DIVERGED"` if the loss or a gradient is not finite, after a last checkpoint of the
 *   state before that step, which changed nothing
 */
export async function pretrain(options: PretrainOptions): Promise<TrainingState> {
  const { config, batch, maskTokenId, random, startStep = 0, onProgress, onStep, onCheckpoint, signal } = options;
  const total = config.arSteps + config.diffusionSteps;
  const steps = { causal: trainingStep(options, "causal"), full: trainingStep(options, "full") };
  let state = options.state;
  for (let step = startStep; step < total; step++) {
    if (signal?.aborted) {
      onCheckpoint?.(state, step);
      throw new AbortedError("Pretraining");
    }
    const started = performance.now();
    const isAutoregressive = step < config.arSteps;
    const stage = isAutoregressive ? "causal" : "full";
    const rows = batch(step);
    const noisy = isAutoregressive
      ? autoregressiveTargets(rows)
      : diffusionTargets(rows, { eps: config.eps, maskTokenId, random: random.split("mask", step) });
    const lr = learningRate(config, step, total);
    const shape = [rows.batchSize, rows.sequenceLength];
    const result = await steps[stage](
      { ...state },
      { ...noisy, targets: int32(rows.inputIds, shape), attentionMask: int32(rows.attentionMask, shape) },
      lr,
      step + 1,
    );
    const [loss, gradNorm] = [result.loss.item(), result.gradNorm.item()];
    state = result.state;
    if (!Number.isFinite(loss) || !Number.isFinite(gradNorm)) {
      onCheckpoint?.(state, step);
      throw divergedError({ what: `Pretraining diverged at step ${step + 1}`, loss, gradNorm, state, gradNorms: result.gradNorms });
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
}

/** A fresh optimizer state for parameters. */
export function freshState(parameters: Record<string, NdArray>): TrainingState {
  return { parameters, adam: initAdamW(parameters) };
}

type TracedState = { parameters: Record<string, Tensor>; adam: { m: Record<string, Tensor>; v: Record<string, Tensor> } };
type TracedBatch = { inputIds: Tensor; targets: Tensor; weights: Tensor; attentionMask: Tensor };

function trainingStep({ config, logits, executor }: PretrainOptions, attention: "causal" | "full") {
  const step = (state: TracedState, { inputIds, targets, weights, attentionMask }: TracedBatch, lr: Tensor, k: Tensor) => {
    const { value: loss, gradient } = valueAndGradient(
      (parameters: Record<string, Tensor>) => diffusionLoss(logits(parameters, { inputIds, attentionMask, attention }), { targets, weights }),
      state.parameters,
    );
    const next = guardedAdamW(state.parameters, gradient, state.adam, {
      loss,
      maxGradNorm: config.maxGradNorm,
      lr,
      step: k,
      beta1: config.adamBeta1,
      beta2: config.adamBeta2,
      weightDecay: config.weightDecay,
      decays: isMatrix,
    });
    return { state: { parameters: next.parameters, adam: next.state }, loss, gradNorm: next.gradNorm, gradNorms: next.gradNorms };
  };
  return compile(step, { donate: [0], name: `pretrain-${attention}`, ...(executor && { executor }) });
}

/** Norm gains and biases do not decay. */
function isMatrix(name: string): boolean {
  return !name.endsWith("norm.weight") && !name.endsWith("layernorm.weight") && !name.endsWith(".bias");
}

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

/** One timestep in each of `count` equal parts of (0, 1], all shifted by the same draw. */
function stratifiedTimesteps({ count, random, eps }: { count: number; random: Random; eps: number }): number[] {
  const offset = random.uniform();
  return Array.from({ length: count }, (_, i) => (1 - eps) * (((offset + i) / count) % 1) + eps);
}
