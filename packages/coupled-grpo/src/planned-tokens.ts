// What a step will put through the network, known before anything runs: an estimator's cost depends on shapes alone.
import { broadcastTo, constant, traceGraph } from "@diffucoder/tensor";
import type { LogitsFunction } from "@diffucoder/diffusion";
import type { DenoiseTrace } from "@diffucoder/samplers";
import type { CoupledGrpoConfig } from "./config.ts";
import type { Estimator } from "./estimators/estimator.ts";
import { createEstimator } from "./estimators/index.ts";
import { countTokens } from "./network-tokens.ts";
import { rolloutBatch } from "./policy.ts";
import type { Rollout } from "./rollout.ts";

/** Tokens that a step puts forward through the network: rows times columns, padding included. */
export interface PlannedTokens {
  /** Sampling; fewer where rows end early, decode several blocks at once or use a cache. */
  rollouts: number;
  /** Estimates of the policy that sampled and of the reference. */
  estimates: number;
  /** The updates' own estimates. */
  updates: number;
}

/** Sizes of a step. */
export interface PlannedTokensOptions {
  /** Settings of the run. */
  config: Pick<CoupledGrpoConfig, "promptsPerStep" | "numGenerations" | "numIterations" | "beta" | "estimator"> &
    Partial<Pick<CoupledGrpoConfig, "estimatorOptions" | "maxStaleness">>;
  /** How log-probabilities are estimated. @default the one that `config.estimator` names */
  estimator?: Estimator | undefined;
  /** Columns of the prompt. */
  promptLength: number;
  /** Columns of the completion. */
  maxNewTokens: number;
  /** Forward passes in which a completion is decoded. */
  forwardPasses: number;
}

/** The figure `networkTokens` of a step that is still to come, by its parts. */
export async function plannedTokens(options: PlannedTokensOptions): Promise<PlannedTokens> {
  const { config, promptLength, maxNewTokens, forwardPasses } = options;
  const { numIterations, beta, promptsPerStep, numGenerations, maxStaleness = 0 } = config;
  const rows = promptsPerStep * numGenerations;
  const perEstimate = await estimateTokens(options, rows);
  const compared = (beta > 0 ? 1 : 0) + (numIterations > 1 || maxStaleness > 0 ? 1 : 0);
  return {
    rollouts: rows * (promptLength + maxNewTokens) * forwardPasses,
    estimates: compared * numIterations * perEstimate,
    updates: numIterations * perEstimate,
  };
}

/** Tokens of one estimate, from a trace of it on a network without weights. */
async function estimateTokens(options: PlannedTokensOptions, rows: number): Promise<number> {
  const estimator = options.estimator ?? createEstimator(options.config);
  const counted = countTokens(estimator);
  const rollouts = Array.from({ length: rows }, (_, row) => blankRollout(options, row));
  const batch = { rollouts: rolloutBatch(rollouts), drawn: estimator.draw(rollouts, 0) };
  const network = { logits: noLogits, maskTokenId: VOCAB - 1 };
  await traceGraph(({ rollouts: traced, drawn }) => ({ logProbs: counted.logProbs(network, {}, traced, drawn) }), [batch]);
  return counted.tokensOf(batch);
}

const VOCAB = 2;

const noLogits: LogitsFunction = (_, { inputIds, logitPositions }) => broadcastTo(constant(0), [...(logitPositions ?? inputIds).shape, VOCAB]);

/** A completion without an end, each of whose passes reveals about as many tokens as the others. */
function blankRollout({ promptLength, maxNewTokens, forwardPasses }: PlannedTokensOptions, row: number): Rollout {
  const passOf = (column: number): number => Math.floor((column * forwardPasses) / maxNewTokens);
  const columns = Array.from({ length: maxNewTokens }, (_, i) => i);
  const steps: DenoiseTrace["steps"] = Array.from({ length: forwardPasses }, (_, step) => {
    const positions = columns.filter((column) => passOf(column) === step).map((column) => promptLength + column);
    const [tokens, confidence, entropy] = [positions.map(() => 0), positions.map(() => 1), positions.map(() => 0)];
    return { step, positions, tokens, confidence, entropy, forwardPasses: step + 1 };
  });
  const zeros = (length: number, value = 0): number[] => Array.from({ length }, () => value);
  return {
    promptIds: zeros(promptLength),
    promptMask: zeros(promptLength, 1),
    completionIds: zeros(maxNewTokens),
    completionMask: zeros(maxNewTokens, 1),
    reward: 0,
    advantage: 0,
    maskSeeds: [row],
    trace: { initialIds: [...zeros(promptLength), ...zeros(maxNewTokens, VOCAB - 1)], maskTokenId: VOCAB - 1, steps },
  };
}
