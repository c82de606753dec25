import { coupledLogProbs, grpoLoss, leaveOneOutAdvantages } from "@diffucoder/coupled-grpo";
import { logitsFunction } from "@diffucoder/model";
import { compile, float32, globalNorm, type NdArray, type Tensor, valueAndGradient } from "@diffucoder/tensor";
import { type Check, int32Rows, judge, largestError, readGolden } from "./check.ts";
import { loadDiffusionModel } from "./load-diffusion-model.ts";

interface Pass {
  /** The batches of the three passes: all masked, ratio r, complement. */
  perturbed: [all: number[][], some: number[][], others: number[][]];
  /** 1, 1/r, 1/(1 - r). */
  weights: [number, number, number];
  per_token_logps: number[][];
}

interface CoupledGrpoGolden {
  prompt_ids: number[][];
  completion_ids: number[][];
  completion_mask: number[][];
  rewards: number[];
  advantages_leave_one_out: number[];
  passes: Pass[];
  loss: {
    iteration: number;
    beta: number;
    epsilon_low: number;
    epsilon_high: number;
    old_per_token_logps: { shape: number[]; data: number[] };
    ref_per_token_logps: { shape: number[]; data: number[] };
    value: number;
  };
  gradient_norms: Record<string, number>;
  gradient_first_values: Record<string, number[]>;
}

type Weights = Record<string, Tensor>;
type Scored = { promptIds: Tensor; completionIds: Tensor; mask: Tensor; ratio: Tensor };
type Trained = Scored & { oldLogProbs: Tensor; refLogProbs: Tensor; advantages: Tensor; completionMask: Tensor };

/** Advantages, per-token estimates through the given masks, the clipped loss and its gradients. */
export const coupledGrpoCheck: Check = {
  file: "coupled_grpo.json",
  async run(directory) {
    const golden = readGolden<CoupledGrpoGolden>(directory, "coupled_grpo.json");
    const { config, parameters } = await loadDiffusionModel(directory);
    const { loss: lossGolden } = golden;
    const network = { logits: logitsFunction(config), maskTokenId: config.maskTokenId };
    const advantages = leaveOneOutAdvantages(golden.rewards, golden.rewards.length);

    const scored = ({ perturbed: [, some], weights }: Pass) => {
      const promptLength = golden.prompt_ids[0]?.length ?? 0;
      return {
        promptIds: int32Rows(golden.prompt_ids),
        completionIds: int32Rows(golden.completion_ids),
        mask: int32Rows(some.map((row) => row.slice(promptLength).map((token) => (token === config.maskTokenId ? 1 : 0)))),
        ratio: float32(golden.prompt_ids.map(() => 1 / weights[1])),
      };
    };
    const estimate = compile((weights: Weights, batch: Scored) => ({ logProbs: coupledLogProbs(network, weights, batch) }));
    const estimateErrors: number[] = [];
    for (const pass of golden.passes) {
      const { logProbs } = await estimate(parameters, scored(pass));
      estimateErrors.push(largestError(logProbs.data, pass.per_token_logps.flat()));
    }

    const train = compile((weights: Weights, batch: Trained) => {
      const { value, gradient } = valueAndGradient((p: Weights) => {
        const logProbs = coupledLogProbs(network, p, batch);
        return grpoLoss({ ...batch, logProbs }, { beta: lossGolden.beta, epsilonLow: lossGolden.epsilon_low, epsilonHigh: lossGolden.epsilon_high });
      }, weights);
      return {
        loss: value.loss,
        kl: value.kl,
        gradient,
        norms: Object.fromEntries(Object.entries(gradient).map(([name, one]) => [name, globalNorm(one)])),
      };
    });
    const result = await train(parameters, {
      ...scored(golden.passes[lossGolden.iteration]!),
      oldLogProbs: array(lossGolden.old_per_token_logps),
      refLogProbs: array(lossGolden.ref_per_token_logps),
      advantages: float32(advantages),
      completionMask: float32(golden.completion_mask.flat(), [golden.completion_mask.length, golden.completion_mask[0]?.length ?? 0]),
    });

    return judge([
      { what: "advantages", error: largestError(advantages, golden.advantages_leave_one_out), tolerance: 1e-6 },
      { what: "estimates", error: Math.max(...estimateErrors), tolerance: 1e-4 },
      { what: "loss", error: largestError([result.loss.item()], [lossGolden.value]), tolerance: 1e-5 },
      { what: "kl", error: largestError([result.kl.item()], [tokenMeanKl(golden)]), tolerance: 1e-5 },
      ...gradientErrors(golden, result),
    ]);
  },
};

/** Norms of the gradients, relative, and their first values. */
function gradientErrors(golden: CoupledGrpoGolden, { norms, gradient }: { norms: Record<string, NdArray>; gradient: Record<string, NdArray> }) {
  const names = Object.keys(golden.gradient_norms);
  const firstValues = Object.entries(golden.gradient_first_values);
  const ourNorms = names.map((name) => norms[name]?.item() ?? Number.NaN);
  const ours = firstValues.flatMap(([name, values]) => Array.from(gradient[name]?.data.slice(0, values.length) ?? []));
  return [
    {
      what: "gradient norms",
      error: largestError(
        ourNorms,
        names.map((name) => golden.gradient_norms[name]!),
        1e-3,
      ),
      tolerance: 1e-3,
    },
    {
      what: "gradients",
      error: largestError(
        ours,
        firstValues.flatMap(([, values]) => values),
      ),
      tolerance: 1e-4,
    },
  ];
}

/**
 * Mean over the unmasked tokens of `exp(d) - d - 1`, `d` the reference's log-probability minus the policy's. The golden file's
 * `metrics.kl` is not that mean: the reference logs `[B, 1, L] * [B, L]`, which pairs every row with every row's mask.
 */
function tokenMeanKl({ passes, loss, completion_mask: mask }: CoupledGrpoGolden): number {
  const logProbs = passes[loss.iteration]?.per_token_logps.flat() ?? [];
  const kept = mask.flat();
  const total = logProbs.reduce((sum, logProb, i) => {
    const difference = loss.ref_per_token_logps.data[i]! - logProb;
    return sum + kept[i]! * (Math.exp(difference) - difference - 1);
  }, 0);
  return total / kept.reduce((sum, one) => sum + one, 0);
}

function array({ shape, data }: { shape: number[]; data: number[] }): NdArray {
  return float32(data, shape);
}
