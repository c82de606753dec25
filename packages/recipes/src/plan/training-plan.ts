// What a training takes before it starts: tokens, memory and work from a recipe and a model's config alone.
//
//     memory = 4 (weights + gradients) + 8 moments [+ 4 reference] [+ 2 copies in bf16] + saved activations     bytes a parameter; activations a token
//     work   = 2 P T forward, 6 P T forward and backward, + 4 n L H (12 n L H) for attention                    P without the embedding's rows
//
// Kaplan et al. 2020 (arXiv 2001.08361), section 2.1, has the work; attention is counted over whole rows, as bidirectional attention is computed.
// Work that gradient checkpointing does again is counted, a third more.
import type { CoupledGrpoConfig } from "@diffucoder/coupled-grpo";
import { plannedTokens } from "@diffucoder/coupled-grpo";
import { type AutoregressiveConfig, type ModelConfig, parameterCount } from "@diffucoder/model";
import type { PretrainConfig } from "@diffucoder/trainer";

/** What a training takes. */
export interface TrainingPlan {
  /** Parameters of the model. */
  parameters: number;
  /** Those that are trained: all, or an adapter's. */
  trained: number;
  /** Optimizer steps, or steps of reinforcement learning. */
  steps: number;
  /** Tokens that go through the network, forward; those of a backward pass are not counted again. */
  tokens: number;
  /** Its parts, bytes. */
  memory: Record<"weights" | "gradients" | "moments" | "reference" | "activations", number>;
  /** Floating-point operations. */
  operations: number;
}

type Network = ModelConfig | AutoregressiveConfig;

/** What a plan is made from. */
export interface PlanOptions {
  /** The model's. */
  config: Network;
  /** Parameters of the adapter that is trained. @default all of the model's are */
  adapterParameters?: number | undefined;
  /** Whether products are computed in bf16, for which a copy of the weights is kept. @default false */
  isBf16?: boolean | undefined;
}

/** The plan of stages with an objective. */
export function planStages({
  training,
  rowLength,
  ...options
}: PlanOptions & {
  /** Stages and batches. */
  training: Pick<PretrainConfig, "stages" | "perDeviceTrainBatchSize" | "gradientAccumulationSteps" | "gradientCheckpointing">;
  /** Tokens of a row. */
  rowLength: number;
}): TrainingPlan {
  const { stages, perDeviceTrainBatchSize: rows, gradientAccumulationSteps, gradientCheckpointing } = training;
  const steps = stages.reduce((sum, { maxSteps }) => sum + maxSteps, 0);
  // Block diffusion puts the clean row behind the masked one.
  const tokensOf = (isTwice: boolean): number => rows * rowLength * (isTwice ? 2 : 1);
  const tokens = stages.reduce(
    (sum, { objective, maxSteps }) => sum + maxSteps * gradientAccumulationSteps * tokensOf(objective === "block_diffusion"),
    0,
  );
  const atOnce = tokensOf(stages.some(({ objective }) => objective === "block_diffusion"));
  const passes = gradientCheckpointing ? 4 : 3;
  return {
    ...sizesOf(options),
    steps,
    tokens,
    memory: { ...stateBytes(options), reference: 0, activations: atOnce * activationBytes(options.config, gradientCheckpointing) },
    operations: passes * tokens * forwardOperations(options.config, rowLength),
  };
}

/** The plan of coupled-GRPO. */
export async function planCoupledGrpo({
  training,
  promptLength,
  maxNewTokens,
  forwardPasses,
  ...options
}: PlanOptions & {
  /** Settings of the run. */
  training: CoupledGrpoConfig;
  /** Columns of the prompt, tokens. */
  promptLength: number;
  /** Columns of the completion, tokens. */
  maxNewTokens: number;
  /** Forward passes in which a completion is decoded. */
  forwardPasses: number;
}): Promise<TrainingPlan> {
  const rowLength = promptLength + maxNewTokens;
  const step = await plannedTokens({ config: training, promptLength, maxNewTokens, forwardPasses });
  const perToken = forwardOperations(options.config, rowLength);
  const { numIterations, gradientAccumulationSteps, maxSteps, maxStaleness = 0 } = training;
  const sizes = sizesOf(options);
  const atOnce = step.updates / numIterations / gradientAccumulationSteps;
  return {
    ...sizes,
    steps: maxSteps,
    tokens: maxSteps * (step.rollouts + step.estimates + step.updates),
    memory: {
      ...stateBytes(options),
      reference: 4 * sizes.trained * (1 + maxStaleness), // and the policies that rollouts are of
      activations: atOnce * activationBytes(options.config, false),
    },
    operations: maxSteps * (step.rollouts + step.estimates + 3 * step.updates) * perToken,
  };
}

function sizesOf({ config, adapterParameters }: PlanOptions): Pick<TrainingPlan, "parameters" | "trained"> {
  const parameters = parameterCount(config);
  return { parameters, trained: adapterParameters ?? parameters };
}

function stateBytes(options: PlanOptions): Pick<TrainingPlan["memory"], "weights" | "gradients" | "moments"> {
  const { parameters, trained } = sizesOf(options);
  const isAdapter = options.adapterParameters !== undefined;
  const copies = options.isBf16 === true ? 2 * parameters : 0;
  return { weights: 4 * parameters + (isAdapter ? 4 * trained : 0) + copies, gradients: 4 * trained, moments: 8 * trained };
}

/** Floating-point operations of a token's forward pass in a row of `length` tokens: its products, and its attention over the row. */
function forwardOperations(config: Network, length: number): number {
  const { hiddenSize, numHiddenLayers, numAttentionHeads, vocabSize, tieWordEmbeddings } = config;
  const embedding = tieWordEmbeddings ? 0 : vocabSize * hiddenSize; // looked up, not multiplied
  const width = (config.headSize ?? hiddenSize / numAttentionHeads) * numAttentionHeads;
  return 2 * (parameterCount(config) - embedding) + 4 * numHiddenLayers * width * length;
}

/**
 * Bytes that the backward pass needs of a token: of every layer the inputs of its products and norms, or with checkpointing its input, and all of one.
 * Probabilities and logits are never held whole.
 */
function activationBytes(
  { hiddenSize, intermediateSize, numHiddenLayers, numAttentionHeads, numKeyValueHeads, headSize }: Network,
  isCheckpointed: boolean,
): number {
  const head = headSize ?? hiddenSize / numAttentionHeads;
  const layer = 4 * hiddenSize + 2 * head * (numAttentionHeads + numKeyValueHeads) + 3 * intermediateSize;
  return 4 * (isCheckpointed ? numHiddenLayers * hiddenSize + layer : numHiddenLayers * layer);
}
