// The losses and gradients of published trainers: dllm's mdlm and bd3lm (a2d), and CoDA's.
import { blockDiffusionInputs, maskedWeights, type MaskedWeightsOptions, scoredLoss, scoredTokens } from "@diffucoder/diffusion";
import { forward } from "@diffucoder/model";
import { compile, globalNorm, int32, type NdArray, type Tensor, valueAndGradient } from "@diffucoder/tensor";
import { type Check, type Comparison, int32Rows, judge, largestError, readGolden } from "./check.ts";
import type { DiffusionModel } from "./decoding/denoisers.ts";
import { loadDiffusionModel } from "./load-diffusion-model.ts";

interface Results {
  loss: number;
  total_gradient_norm: number;
  gradient_norms: Record<string, number>;
  gradient_first_values: Record<string, number[]>;
}

interface A2dCase extends Results {
  input_ids: number[][];
  /** What the network sees before it is noised, where that differs: a beginning token in front. */
  ids_seen?: number[][];
  /** -100: never masked, no loss. */
  labels: number[][];
  attention_mask?: number[][];
  right_shift_logits?: boolean;
  t: number[];
  masked: number[][];
  xt: number[][];
  /** By `{scheduler, uniform}/{token, sequence, batch}`. */
  losses: Record<string, number>;
  block_size?: number;
  log_probs_of_masked?: number[][];
}

interface CodaCase extends Results {
  input_ids: number[][];
  sigma: number[];
  xt: number[][];
}

/** One batch as a loss takes it: the first L of W columns are scored. */
interface Batch {
  inputIds: NdArray;
  targets: NdArray;
  weights: NdArray;
  shift: boolean;
  attentionMask?: NdArray;
  positionIds?: NdArray;
  attention?: NdArray;
}

export const trainCheck: Check = {
  file: "train.json",
  async run(directory) {
    const model = await loadDiffusionModel(directory);
    const cases = readGolden<Record<string, unknown>>(directory, "train.json");
    const comparisons: Comparison[] = [];
    for (const [name, golden] of Object.entries(cases)) {
      const own = model.family === "CoDA" ? await codaCase(model, golden as CodaCase) : await a2dCase(model, golden as A2dCase);
      comparisons.push(...own.map((one) => ({ ...one, what: `${name} ${one.what}` })));
    }
    const worst = (what: string): Comparison => {
      const these = comparisons.filter((one) => one.what.endsWith(what));
      return these.reduce((a, b) => (b.error / b.tolerance > a.error / a.tolerance ? b : a));
    };
    const { status, largestError: error, detail } = judge(comparisons.filter(({ error: e, tolerance }) => !(e <= tolerance)));
    if (status !== "ok") return { status, largestError: error, detail };
    return judge(["loss", "gradient norms", "first gradients"].map(worst), `${Object.keys(cases).length} batches`);
  },
};

async function a2dCase(model: DiffusionModel, golden: A2dCase): Promise<Comparison[]> {
  const { input_ids, ids_seen = input_ids, labels, attention_mask, t, masked, xt, block_size, losses } = golden;
  const shift = golden.right_shift_logits ?? false;
  const clean = int32Rows(ids_seen);
  const [noisy, mask] = [int32Rows(xt), int32Rows(masked)];
  // A beginning token in front has no label.
  const columns = ids_seen[0]!.length - labels[0]!.length;
  const eligible = int32Rows(labels.map((row) => [...Array.from({ length: columns }, () => 0), ...row.map((label) => (label === -100 ? 0 : 1))]));
  const weightsOf = (options: Pick<MaskedWeightsOptions, "weighting" | "per">): NdArray =>
    maskedWeights({ mask, timesteps: t, eligible, epsilon: 1e-6, ...options });
  const seen = block_size === undefined ? { inputIds: noisy } : blockDiffusionInputs({ noisy, clean, blockLength: block_size });
  const isMasked = attention_mask !== undefined && block_size === undefined; // with blocks, dllm ignores it
  const batch = { ...seen, targets: clean, weights: weightsOf({}), shift, ...(isMasked && { attentionMask: int32Rows(attention_mask) }) };
  const comparisons = await compareBatch(model, batch, golden);
  for (const [name, want] of Object.entries(losses)) {
    const [weight, per] = name.split("/") as ["scheduler" | "uniform", "token" | "sequence" | "batch"];
    const weights = weightsOf({ weighting: weight === "uniform" ? "uniform" : "timestep", per });
    const { loss } = await lossOf(model, { ...batch, weights });
    comparisons.push({ what: `${name} loss`, error: largestError([loss], [want]), tolerance: 1e-5 });
  }
  return comparisons;
}

/** CoDA divides by all positions, and ignores attention masks. A first token that is masked has no loss. */
async function codaCase(model: DiffusionModel, golden: CodaCase): Promise<Comparison[]> {
  const { input_ids, sigma, xt } = golden;
  const [targets, noisy] = [int32Rows(input_ids), int32Rows(xt)];
  const { maskTokenId } = model.config;
  const mask = int32Rows(xt.map((row) => row.map((token) => (token === maskTokenId ? 1 : 0))));
  const weights = maskedWeights({ mask, timesteps: sigma, eligible: mask, per: "position" });
  return compareBatch(model, { inputIds: noisy, targets, weights, shift: true }, golden);
}

type Weights = Record<string, Tensor>;
type Inputs = {
  seen: { inputIds: Tensor; attentionMask?: Tensor; positionIds?: Tensor; attention?: Tensor; logitPositions: Tensor };
  scored: { targets: Tensor; weights: Tensor };
};

async function lossOf(model: DiffusionModel, batch: Batch) {
  const { config, parameters } = model;
  const { targets, weights, shift, ...seen } = batch;
  const { logitPositions, ...scored } = scoredTokens({ targets, weights, shift });
  const [length, width] = [targets.shape[1]!, seen.inputIds.shape[1]!];
  const at = int32(Array.from(logitPositions.data, (token) => Math.floor(token / length) * width + (token % length)));
  const run = compile((p: Weights, { seen: inputs, scored: counted }: Inputs) => {
    const { value, gradient } = valueAndGradient((q: Weights) => scoredLoss(forward(config, q, inputs), counted), p);
    return {
      loss: value,
      gradient,
      norm: globalNorm(gradient),
      norms: Object.fromEntries(Object.entries(gradient).map(([name, one]) => [name, globalNorm(one)])),
    };
  });
  const { loss, gradient, norm, norms } = await run(parameters, { seen: { ...seen, logitPositions: at }, scored });
  return { loss: loss.item(), gradient, norm: norm.item(), norms };
}

async function compareBatch(model: DiffusionModel, batch: Batch, golden: Results): Promise<Comparison[]> {
  const { loss, gradient, norm, norms } = await lossOf(model, batch);
  const names = Object.keys(golden.gradient_norms);
  const first = names.flatMap((name) => [...(gradient[name]?.data.subarray(0, 4) ?? [Number.NaN])]);
  const wantFirst = names.flatMap((name) => golden.gradient_first_values[name]!.slice(0, 4));
  return [
    { what: "loss", error: largestError([loss], [golden.loss]), tolerance: 1e-5 },
    { what: "parameters", error: Math.abs(names.length - Object.keys(gradient).length), tolerance: 0 },
    {
      what: "gradient norms",
      error: largestError(
        [norm, ...names.map((name) => norms[name]?.item() ?? Number.NaN)],
        [golden.total_gradient_norm, ...names.map((name) => golden.gradient_norms[name]!)],
        1e-3,
      ),
      tolerance: 1e-3,
    },
    { what: "first gradients", error: largestError(first, wantFirst), tolerance: 1e-3 },
  ];
}
