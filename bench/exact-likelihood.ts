// What a masked diffusion model says of a short completion exactly, over all orders in which it could be revealed. L tokens, S the masked ones,
// p(j | S) the probability of token j in a pass that masks S; j in S:
//   p(S) = 1/|S| sum_(j in S) p(j | S) p(S - j),  p({}) = 1         the likelihood is p(all),
//   bound = sum_j sum_(S with j) (|S| - 1)! (L - |S|)! / L! ln p(j | S)     the mean over orders of the log-likelihood: below it
import type { ModelParameters, LogitsFunction } from "@diffucoder/diffusion";
import { compile, int32, selectLogProbs, reshape, type Tensor } from "@diffucoder/tensor";

/** Exact figures of a completion, nats. */
export interface ExactLikelihood {
  /** Log-likelihood, the order drawn uniformly. */
  likelihood: number;
  /** The evidence lower bound. */
  bound: number;
}

/** By 2^L passes as one batch: for L up to about 10. The logits at position j - 1 predict token j. */
export async function exactLikelihood({
  logits,
  parameters,
  maskTokenId,
  promptIds,
  completionIds,
}: {
  logits: LogitsFunction;
  parameters: ModelParameters;
  maskTokenId: number;
  promptIds: readonly number[];
  completionIds: readonly number[];
}): Promise<ExactLikelihood> {
  const length = completionIds.length;
  const [sets, width] = [2 ** length, promptIds.length + length];
  const isIn = (set: number, token: number): boolean => ((set >> token) & 1) === 1;
  const rows = Array.from({ length: sets }, (_, set) => [...promptIds, ...completionIds.map((id, j) => (isIn(set, j) ? maskTokenId : id))]);
  const positions = rows.flatMap((_, set) => completionIds.map((_id, j) => set * width + promptIds.length + j - 1));
  const run = compile((weights: Record<string, Tensor>, inputIds: Tensor, logitPositions: Tensor, targets: Tensor) => ({
    logProbs: reshape(selectLogProbs(logits(weights, { inputIds, logitPositions }), targets), [sets, length]),
  }));
  const { logProbs } = await run(parameters, int32(rows.flat(), [sets, width]), int32(positions), int32(rows.flatMap(() => [...completionIds])));
  run.dispose();
  return fromContexts([...logProbs.data], length);
}

/** @param logProbs `[2^L, L]`, ln p(j | S) at `[S, j]`, S as bits */
export function fromContexts(logProbs: readonly number[], length: number): ExactLikelihood {
  const of = (set: number, token: number): number => logProbs[set * length + token]!;
  const probability = new Float64Array(2 ** length);
  probability[0] = 1;
  let bound = 0;
  for (let set = 1; set < 2 ** length; set++) {
    const tokens = Array.from({ length }, (_, j) => j).filter((j) => ((set >> j) & 1) === 1);
    const share = ordersThrough(tokens.length, length);
    for (const j of tokens) {
      bound += share * of(set, j);
      probability[set]! += (Math.exp(of(set, j)) * probability[set - 2 ** j]!) / tokens.length;
    }
  }
  return { likelihood: Math.log(probability[2 ** length - 1]!), bound };
}

/** Share of the orders in which one token is revealed while it and `masked - 1` given others are masked. */
function ordersThrough(masked: number, length: number): number {
  let share = 1 / length;
  for (let i = 1; i < masked; i++) share *= i / (length - i);
  return share;
}
