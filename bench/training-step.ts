// Our side of the training benchmarks: the step of `pretrain`, on arrays that are there already.
import { type LogitsFunction, scoredLoss, scoredTokens } from "@diffucoder/diffusion";
import {
  type AdamWState,
  compile,
  type Executor,
  float32,
  guardedAdamW,
  initAdamW,
  int32,
  type NdArray,
  onnxExecutor,
  type OnnxExecutorOptions,
  type Tensor,
  valueAndGradient,
} from "@diffucoder/tensor";
import { type BenchModel, makeBatch } from "./models.ts";

type Parameters = Record<string, NdArray>;
type Traced = Record<string, Tensor>;

/** What both sides train with. */
export const optimizer = { lr: 1e-4, beta1: 0.9, beta2: 0.99, weightDecay: 0.1, maxGradNorm: 1 } as const;

export interface TrainingStep {
  /** What runs it. */
  executor: Executor;
  /** One step, in place. */
  run(): Promise<{ loss: number; gradNorm: number }>;
  dispose(): void;
}

export async function trainingStep(model: BenchModel, options: OnnxExecutorOptions = {}): Promise<TrainingStep> {
  const executor = await onnxExecutor(options);
  const { batchSize, length, logits } = model;
  const { inputIds, targets, weights } = makeBatch(model);
  const shape = [batchSize, length];
  const batch = { inputIds: int32(inputIds, shape), ...scoredTokens({ targets: int32(targets, shape), weights: float32(weights, shape) }) };
  const step = compile(stepFunction(logits), { donate: [0], name: `train-${model.name}`, executor });
  const parameters: Parameters = Object.fromEntries(Object.entries(model.parameters).map(([name, array]) => [name, array.clone()]));
  let state = { parameters, adam: initAdamW(parameters) };
  let count = 0;
  return {
    executor,
    run: async () => {
      const result = await step(state, batch, optimizer.lr, ++count);
      state = result.state;
      return { loss: result.loss.item(), gradNorm: result.gradNorm.item() };
    },
    dispose: () => step.dispose(),
  };
}

function stepFunction(logits: LogitsFunction) {
  return (
    state: { parameters: Traced; adam: AdamWState<Traced> },
    { inputIds, logitPositions, ...tokens }: { inputIds: Tensor; logitPositions: Tensor; targets: Tensor; weights: Tensor },
    lr: Tensor,
    k: Tensor,
  ) => {
    const { value: loss, gradient } = valueAndGradient(
      (parameters: Traced) => scoredLoss(logits(parameters, { inputIds, logitPositions }), tokens),
      state.parameters,
    );
    const { beta1, beta2, weightDecay, maxGradNorm } = optimizer;
    const next = guardedAdamW(state.parameters, gradient, state.adam, { lr, step: k, beta1, beta2, weightDecay, maxGradNorm, loss });
    return { state: { parameters: next.parameters, adam: next.state }, loss, gradNorm: next.gradNorm };
  };
}
