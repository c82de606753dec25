// One optimizer step: gradient, clipping and AdamW. For a single batch all of it is one graph. Several batches accumulate:
//   g = (1/n) sum_i grad loss(batch_i)
// one after the other into the same arrays, so that activations of one batch are in memory at a time.
import type { ModelParameters } from "@diffucoder/diffusion";
import {
  add,
  type AdamWState,
  type ArgumentOf,
  compile,
  type CompiledFunction,
  decaysWeight,
  type Executor,
  guardedAdamW,
  mul,
  type NdArray,
  type Tensor,
  valueAndGradient,
  zerosArray,
} from "@diffucoder/tensor";
import type { TrainingState } from "./training-state.ts";

type Traced = Record<string, Tensor>;
type TracedState = { parameters: Traced; adam: AdamWState<Traced> };
type Sums<Leaf> = { gradient: Record<string, Leaf>; loss: Leaf };

/** A loss and figures to watch with it, traced, each `[]`. */
export type LossFigures = Readonly<Record<string, Tensor>> & {
  /** The value to differentiate. */
  loss: Tensor;
};

/** The loss of an optimizer step and AdamW's settings. */
export interface OptimizerStepOptions<Batch> {
  /** Mean loss of a batch, and any figures to return with it. */
  loss: (parameters: Traced, batch: Batch) => LossFigures;
  /** Gradients are scaled down to this global norm. */
  maxGradNorm: number;
  /** Decay of the first moment. */
  adamBeta1: number;
  /** Decay of the second moment. */
  adamBeta2: number;
  /** Decoupled weight decay of the parameters that `decays` names. */
  weightDecay: number;
  /** Which parameters decay. @default `decaysWeight`: matrices, not norm gains and biases */
  decays?: (name: string, parameter: Tensor) => boolean;
  /** What the compiled plans are called in profiles and errors. */
  name: string;
  /** Where the plans run. @default ONNX Runtime on the processor */
  executor?: Executor | undefined;
}

/** The result of a step. */
export interface StepResult {
  /** Parameters and moments after the step. */
  state: TrainingState;
  /** Mean loss of the batches, before the step. */
  loss: number;
  /** Mean over the batches of each of the other figures that the loss gave. */
  figures: Readonly<Record<string, number>>;
  /** Before clipping. */
  gradNorm: number;
  /** Of each parameter. */
  gradNorms: NdArray;
}

/** A compiled optimizer step. */
export interface OptimizerStep<Batch> {
  /** One step on the mean loss of the batches. The state's arrays are taken over; if something is not finite they come back unchanged. */
  run(state: TrainingState, batches: readonly ArgumentOf<Batch>[], at: StepPosition): Promise<StepResult>;
  /** Frees the compiled plans. */
  dispose(): void;
}

/** Where an optimizer step stands in its run. */
export interface StepPosition {
  /** Learning rate of the step. */
  lr: number;
  /** Number of the step, from 1: which AdamW's bias correction uses. */
  count: number;
}

/** Compiles an optimizer step on any loss: gradient, clipping and AdamW. */
export function createOptimizerStep<Batch>({ loss, name, executor, ...settings }: OptimizerStepOptions<Batch>): OptimizerStep<Batch> {
  const options = executor && { executor };
  const update = (state: TracedState, { gradient, loss: value }: Sums<Tensor>, lr: Tensor, count: Tensor) => {
    const { maxGradNorm, adamBeta1: beta1, adamBeta2: beta2, weightDecay, decays = decaysWeight } = settings;
    const adam = { lr, step: count, beta1, beta2, weightDecay, decays };
    const next = guardedAdamW(state.parameters, gradient, state.adam, { ...adam, maxGradNorm, loss: value });
    return { state: { parameters: next.parameters, adam: next.state }, loss: value, gradNorm: next.gradNorm, gradNorms: next.gradNorms };
  };
  const gradientOf = (parameters: Traced, batch: Batch) => {
    const { value, gradient } = valueAndGradient((p: Traced) => loss(p, batch), parameters);
    const { loss: total, ...figures } = value;
    return { sums: { gradient, loss: total }, figures };
  };
  const whole = compile(
    (state: TracedState, batch: Batch, lr: Tensor, count: Tensor) => {
      const { sums, figures } = gradientOf(state.parameters, batch);
      return { ...update(state, sums, lr, count), figures };
    },
    { donate: [0], name, ...options },
  );
  const accumulate = compile(
    (sums: Sums<Tensor>, parameters: Traced, batch: Batch, share: Tensor) => {
      const { sums: own, figures } = gradientOf(parameters, batch);
      const plus = (sum: Tensor, one: Tensor): Tensor => add(sum, mul(one, share));
      const gradient = Object.fromEntries(Object.entries(sums.gradient).map(([key, sum]) => [key, plus(sum, own.gradient[key]!)]));
      return { sums: { gradient, loss: plus(sums.loss, own.loss) }, figures };
    },
    { donate: [0], name: `${name}-accumulate`, ...options },
  ) as unknown as CompiledFunction<[Sums<Tensor>, Traced, Batch, Tensor], { sums: Sums<Tensor>; figures: Traced }>;
  const apply = compile(update, { donate: [0], name: `${name}-update`, ...options });
  let sums: Sums<NdArray> | undefined;

  const runAll = async ({ parameters, adam }: TrainingState, batches: readonly ArgumentOf<Batch>[], lr: number, count: number) => {
    const state = { parameters, adam }; // without anything else in the caller's object, such as a checkpoint's step
    if (batches.length === 1) {
      const { figures, ...result } = await whole(state, batches[0]!, lr, count);
      return { ...result, figures: [figures] };
    }
    sums = sums === undefined ? emptySums(state.parameters) : cleared(sums);
    const figures: ModelParameters[] = [];
    for (const batch of batches) {
      const result = await accumulate(sums, state.parameters, batch, 1 / batches.length);
      sums = result.sums;
      figures.push(result.figures);
    }
    return { ...(await apply(state, sums, lr, count)), figures };
  };
  return {
    run: async (state, batches, { lr, count }) => {
      const { state: next, loss: mean, gradNorm, gradNorms, figures } = await runAll(state, batches, lr, count);
      return { state: next, loss: mean.item(), figures: meanFigures(figures), gradNorm: gradNorm.item(), gradNorms };
    },
    dispose: () => {
      for (const compiled of [whole, accumulate, apply]) compiled.dispose();
      sums = undefined;
    },
  };
}

function meanFigures(batches: readonly ModelParameters[]): Record<string, number> {
  const names = Object.keys(batches[0] ?? {});
  return Object.fromEntries(names.map((name) => [name, batches.reduce((sum, figures) => sum + figures[name]!.item(), 0) / batches.length]));
}

function emptySums(parameters: ModelParameters): Sums<NdArray> {
  return { gradient: Object.fromEntries(Object.entries(parameters).map(([key, { shape }]) => [key, zerosArray(shape)])), loss: zerosArray([]) };
}

function cleared(sums: Sums<NdArray>): Sums<NdArray> {
  for (const { data } of [sums.loss, ...Object.values(sums.gradient)]) data.fill(0);
  return sums;
}
