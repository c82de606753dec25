// A bound on the log-likelihood of a completion y of C tokens after a prompt x, by Monte Carlo (LLaDA, arXiv 2502.09992,
// Eq. 6 and `get_log_likelihood.py`): k uniform in 1 .. C, k tokens of y masked at random,
//   log p(y | x) >= E_k,mask [ (C / k) sum_{i masked} log p(y_i | x, y masked) ].
// Differs: 1. k is stratified over all samples, one draw in each of n equal parts of 1 .. C, instead of evenly spaced from a
// random start; 2. the estimate comes with its error: the interval assumes independent samples, so stratification
// makes it wider than necessary.
import { InvalidArgumentError, type Random } from "@diffucoder/core";
import { compile, constant, equal, type Executor, float32, int32, reshape, selectLogProbs, sum, type Tensor, where } from "@diffucoder/tensor";
import type { LogitsFunction } from "./logits-function.ts";
import type { ModelParameters } from "./model-parameters.ts";
import { checkTokenId, checkTokenIds } from "./token-ids.ts";

/** The network, the text, and how many draws its likelihood is estimated from. */
export interface LikelihoodOptions {
  /** The network: parameters and token ids in, raw logits out. */
  logits: LogitsFunction;
  /** Its weights. */
  parameters: Readonly<ModelParameters>;
  /** The mask token. */
  maskTokenId: number;
  /** Tokens before the completion, never masked. */
  promptIds: readonly number[];
  /** What is scored, end token included if it belongs to it. */
  completionIds: readonly number[];
  /** Draws timesteps and masks. */
  random: Random;
  /** Number of masks to draw, one row of a forward pass each; at least 2. @default 128 */
  samples?: number | undefined;
  /** Rows of a forward pass. @default 8 */
  batchSize?: number | undefined;
  /** Whether row i of the logits predicts token i + 1, as in Dream, or token i, as in LLaDA. @default true */
  shift?: boolean | undefined;
  /** Where the network runs. @default ONNX Runtime on the processor */
  executor?: Executor | undefined;
}

/** A Monte-Carlo estimate of how likely a completion is. */
export interface Likelihood {
  /** Estimate of the bound on `log p(completion | prompt)`, nats. */
  elbo: number;
  /** 95 % interval of `elbo`, normal approximation. */
  interval95: readonly [number, number];
  /** `exp(-elbo / C)`, an upper bound on the model's perplexity. */
  perplexity: number;
  /** Perplexity at the ends of the 95 % interval, the lower first. */
  perplexityInterval95: readonly [number, number];
  /** Number of draws in the mean. */
  samples: number;
}

/**
 * Evidence lower bound and perplexity of a completion.
 *
 * @throws {InvalidArgumentError} if the prompt or the completion is empty, or there are fewer than two samples
 */
export async function estimateLikelihood(options: LikelihoodOptions): Promise<Likelihood> {
  const { promptIds, completionIds, random, samples = 128, batchSize = 8 } = options;
  for (const [argument, ids] of Object.entries({ promptIds, completionIds })) {
    if (ids.length === 0) throw new InvalidArgumentError({ argument, value: ids, expected: "at least one token" });
    checkTokenIds(argument, ids);
  }
  checkTokenId("maskTokenId", options.maskTokenId);
  if (!Number.isInteger(samples) || samples < 2)
    throw new InvalidArgumentError({ argument: "samples", value: samples, expected: "an integer of at least 2: one has no error" });
  if (!Number.isInteger(batchSize) || batchSize < 1)
    throw new InvalidArgumentError({ argument: "batchSize", value: batchSize, expected: "a positive integer" });
  const masks = Array.from({ length: samples }, (_, sample) =>
    drawMask({ length: completionIds.length, sample, samples, random: random.split("mask", sample) }),
  );
  const rows = Math.min(batchSize, samples);
  const score = maskedLogProbs(options, rows);
  const terms: number[] = [];
  try {
    for (let start = 0; start < samples; start += rows) {
      // The last pass is filled up, so that there is one shape to compile.
      const batch = Array.from({ length: rows }, (_, i) => masks[Math.min(start + i, samples - 1)] as Uint8Array);
      const sums = await score.run(batch);
      batch.slice(0, samples - start).forEach((mask, i) => terms.push((mask.length / maskCount(mask)) * sums[i]!));
    }
  } finally {
    score.dispose();
  }
  return summarize(terms, completionIds.length);
}

/** 1 where a token is masked: k of them, k in the sample's part of 1 .. length. */
function drawMask({ length, sample, samples, random }: { length: number; sample: number; samples: number; random: Random }): Uint8Array {
  const count = 1 + Math.floor(((sample + random.uniform()) / samples) * length);
  const mask = new Uint8Array(length);
  for (const column of random.shuffle([...mask.keys()]).slice(0, count)) mask[column] = 1;
  return mask;
}

function maskCount(mask: Uint8Array): number {
  return mask.reduce((a, b) => a + b, 0);
}

/** Compiles the sum of the log-probabilities of the masked tokens of each row. */
function maskedLogProbs({ logits, parameters, maskTokenId, promptIds, completionIds, shift = true, executor }: LikelihoodOptions, rows: number) {
  const [promptLength, count] = [promptIds.length, completionIds.length];
  const length = promptLength + count;
  type Inputs = { inputIds: Tensor; mask: Tensor };
  const columns = Array.from({ length: rows * count }, (_, i) => Math.floor(i / count) * length + promptLength + (i % count) - (shift ? 1 : 0));
  const targets = Array.from({ length: rows * count }, (_, i) => completionIds[i % count]!);
  const run = compile(
    (weights: ModelParameters<Tensor>, { inputIds, mask }: Inputs) => {
      const scored = selectLogProbs(logits(weights, { inputIds, logitPositions: constant(int32(columns)) }), constant(int32(targets))); // [B * C]
      return { sums: sum(where(equal(mask, 1), reshape(scored, [rows, count]), 0), { axes: [1] }) };
    },
    { name: "likelihood", ...(executor && { executor }) },
  );
  return {
    dispose: () => run.dispose(),
    run: async (masks: readonly Uint8Array[]): Promise<ArrayLike<number>> => {
      const ids = masks.flatMap((mask) => [...promptIds, ...completionIds.map((token, i) => (mask[i] === 1 ? maskTokenId : token))]);
      const { sums } = await run(parameters, {
        inputIds: int32(ids, [rows, length]),
        mask: float32(
          masks.flatMap((mask) => [...mask]),
          [rows, count],
        ),
      });
      return sums.data;
    },
  };
}

function summarize(terms: readonly number[], length: number): Likelihood {
  const elbo = terms.reduce((a, b) => a + b, 0) / terms.length;
  const variance = terms.reduce((total, term) => total + (term - elbo) ** 2, 0) / (terms.length - 1);
  // A completion that the model considers impossible has no error: every sample that sees the token agrees.
  const halfWidth = Number.isFinite(elbo) ? 1.96 * Math.sqrt(variance / terms.length) : 0;
  const perplexity = (bound: number): number => Math.exp(-bound / length);
  return {
    elbo,
    interval95: [elbo - halfWidth, elbo + halfWidth],
    perplexity: perplexity(elbo),
    perplexityInterval95: [perplexity(elbo + halfWidth), perplexity(elbo - halfWidth)],
    samples: terms.length,
  };
}
