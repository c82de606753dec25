// A stage of pretraining: batches, what an objective makes of them, and the optimizer step on the weighted cross-entropy.
import type { Random } from "@diffucoder/core";
import { type LogitsFunction, type ModelParameters, scoredLoss } from "@diffucoder/diffusion";
import type { Executor, Tensor } from "@diffucoder/tensor";
import type { TrainingBatch } from "./batches.ts";
import { checkBatch } from "./check-batch.ts";
import { type AttentionKind, type LossInputs, lossInputs } from "./loss-inputs.ts";
import type { Objective } from "./objective.ts";
import { createOptimizerStep, type OptimizerStepOptions } from "./optimizer-step.ts";
import type { Stage } from "./stage.ts";

/** What a stage trains, and on what. */
export interface ObjectiveStageOptions {
  /** Its name in progress and errors. */
  name: string;
  /** Its goal. */
  objective: Objective;
  /** How many steps it has. */
  steps: number;
  /** The model's network. */
  logits: LogitsFunction;
  /** Parameters of the network that are not trained, such as the base model's of a LoRA adapter. @default all are trained */
  frozen?: ModelParameters | undefined;
  /** A batch by its number, `gradientAccumulationSteps` for each step of the run: a function of it alone, so that a run can be resumed. */
  batch: (number: number) => TrainingBatch;
  /** Batches of a step, one after the other. @default 1 */
  gradientAccumulationSteps?: number | undefined;
  /** Whether row i of the logits predicts token i + 1, as in Dream, or token i, as in LLaDA. @default true */
  shift?: boolean | undefined;
  /** Tokens of the vocabulary: a batch with other ids is refused. @default unknown: only values that cannot be ids are refused */
  vocabSize?: number | undefined;
  /** Objectives draw from streams split from it by batch. */
  random: Random;
  /** Clipping and AdamW. */
  optimizer: Pick<OptimizerStepOptions<never>, "maxGradNorm" | "adamBeta1" | "adamBeta2" | "weightDecay">;
  /** Where the network runs. @default ONNX Runtime on the processor */
  executor?: Executor | undefined;
}

/** A stage that trains on batches by an objective. */
export function objectiveStage(options: ObjectiveStageOptions): Stage {
  const { name, objective, steps, gradientAccumulationSteps = 1, random } = options;
  const compiled = { full: optimizerStep(options, "full"), causal: optimizerStep(options, "causal"), given: optimizerStep(options, "given") };
  return {
    name,
    steps,
    prepare: async (_, { step, stageStep }) => {
      const numbers = Array.from({ length: gradientAccumulationSteps }, (_batch, i) => step * gradientAccumulationSteps + i);
      const batches = numbers.map((number) => {
        const rows = options.batch(number);
        checkBatch(rows, `batch(${number})`, options.vocabSize);
        return lossInputs(rows, objective(rows, { stageStep, random: random.split("mask", number) }), options);
      });
      const optimizer = compiled[batches[0]!.kind];
      const inputs = batches.map((one) => one.inputs);
      return { updates: [(state, at) => optimizer.run(state, inputs, at)] };
    },
    dispose: () => {
      for (const one of Object.values(compiled)) one.dispose();
    },
  };
}

function optimizerStep({ logits, executor, optimizer }: ObjectiveStageOptions, kind: AttentionKind) {
  return createOptimizerStep<LossInputs<Tensor>>({
    ...optimizer,
    loss: (parameters, { targets, weights, attention, frozen, ...inputs }) => ({
      loss: scoredLoss(logits({ ...frozen, ...parameters }, { ...inputs, attention: kind === "given" ? attention : kind }), { targets, weights }),
    }),
    name: `train-${kind}`,
    executor,
  });
}
