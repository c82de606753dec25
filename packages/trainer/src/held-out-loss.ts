// Held-out loss: an objective's loss on batches that are never trained on. Masks and timesteps are drawn from streams split by batch alone, so
// they are the same in every evaluation and figures of different steps can be compared.
import { InvalidArgumentError, type Random } from "@diffucoder/core";
import { type LogitsFunction, type ModelParameters, scoredLoss } from "@diffucoder/diffusion";
import { argMax, cast, compile, equal, type Executor, mul, sum, type Tensor, where } from "@diffucoder/tensor";
import type { TrainingBatch } from "./batches.ts";
import { checkBatch } from "./check-batch.ts";
import { type AttentionKind, type LossInputs, lossInputs } from "./loss-inputs.ts";
import type { Objective } from "./objective.ts";

/** What is evaluated, and on what. */
export interface HeldOutLossOptions {
  /** What the loss is of. */
  objective: Objective;
  /** Its step in its stage, on which annealing depends. */
  stageStep: number;
  /** The held-out batches. */
  batches: readonly TrainingBatch[];
  /** The model's network. */
  logits: LogitsFunction;
  /** Parameters of the network that are not part of those that are evaluated. @default none */
  frozen?: ModelParameters | undefined;
  /** Whether row i of the logits predicts token i + 1, as in Dream, or token i, as in LLaDA. @default true */
  shift?: boolean | undefined;
  /** Tokens of the vocabulary: a batch with other ids is refused. @default unknown: only values that cannot be ids are refused */
  vocabSize?: number | undefined;
  /** The objective draws from streams split from it by batch. */
  random: Random;
  /** Where the network runs. @default ONNX Runtime on the processor */
  executor?: Executor | undefined;
}

/** Figures of a model on held-out batches. */
export type HeldOutFigures = {
  /** The objective's loss, nats per token. */
  evalLoss: number;
  /** Share of the predicted tokens that are the model's most probable ones; a token of a diffusion objective is predicted if it was masked. */
  evalAccuracy: number;
};

/** An evaluation that can be repeated as the model changes. */
export interface HeldOutLoss {
  /** Figures of these parameters, which stay the caller's. Batches count by their rows. */
  evaluate(parameters: ModelParameters): Promise<HeldOutFigures>;
  /** Frees the compiled plans. */
  dispose(): void;
}

/**
 * Measures an objective's loss on batches that are not trained on, with the same masks each time.
 *
 * @throws {InvalidArgumentError} if there is no batch, or the ids, masks or sizes of one are wrong
 */
export function heldOutLoss({ objective, stageStep, batches, shift, frozen, vocabSize, random, ...network }: HeldOutLossOptions): HeldOutLoss {
  if (batches.length === 0) throw new InvalidArgumentError({ argument: "evalBatches", value: "none", expected: "at least one batch" });
  const inputs = batches.map((batch, i) => {
    checkBatch(batch, `evalBatches[${i}]`, vocabSize);
    return lossInputs(batch, objective(batch, { stageStep, random: random.split(i) }), { shift, frozen });
  });
  const compiled = { full: figures(network, "full"), causal: figures(network, "causal"), given: figures(network, "given") };
  return {
    evaluate: async (parameters) => {
      const rows = batches.reduce((total, { batchSize }) => total + batchSize, 0);
      const sums = { loss: 0, predicted: 0, right: 0 };
      for (const [i, { kind, inputs: batch }] of inputs.entries()) {
        const { loss, predicted, right } = await compiled[kind](parameters, batch);
        sums.loss += (loss.item() * batches[i]!.batchSize) / rows;
        sums.predicted += predicted.item();
        sums.right += right.item();
      }
      return { evalLoss: sums.loss, evalAccuracy: sums.right / Math.max(1, sums.predicted) };
    },
    dispose: () => {
      for (const one of Object.values(compiled)) one.dispose();
    },
  };
}

function figures({ logits, executor }: Pick<HeldOutLossOptions, "logits" | "executor">, kind: AttentionKind) {
  return compile(
    (parameters: Record<string, Tensor>, { targets, weights, attention, frozen, ...inputs }: LossInputs<Tensor>) => {
      const scores = logits({ ...frozen, ...parameters }, { ...inputs, attention: kind === "given" ? attention : kind }); // [M, V]
      const predicted = where(equal(weights, 0), 0, 1); // [M]
      const right = mul(predicted, cast(equal(argMax(scores), targets), "float32"));
      return { loss: scoredLoss(scores, { targets, weights }), predicted: sum(predicted), right: sum(right) };
    },
    { name: `evaluate-${kind}`, ...(executor && { executor }) },
  );
}
