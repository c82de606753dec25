// How far estimates of a completion's log-likelihood lie from the exact one, how much they vary with their masks, and how much of a policy
// gradient is noise of the masks, for every estimator of coupled-GRPO, by the passes that it takes.
import { existsSync } from "node:fs";
import { createEstimator, type CoupledGrpoConfig, CoupledGrpoConfigSchema, createPolicy, type Rollout } from "@diffucoder/coupled-grpo";
import { createRandom, writeFileAtomic } from "@diffucoder/core";
import type { LogitsFunction, ModelParameters } from "@diffucoder/diffusion";
import { initParameters, loadModel, logitsFunction, ModelConfigSchema } from "@diffucoder/model";
import { type EstimatorFigures, type EstimatorsOnNetwork, estimatorsReport, type EstimatorsReportData } from "@diffucoder/report";
import { compile, div, float32, int32, mul, reshape, sum, type Tensor, valueAndGradient } from "@diffucoder/tensor";
import { encodeExample, exampleStream } from "@diffucoder/tasks";
import { bundledModelDir, Tokenizer } from "diffucoder";
import { figuresOf, type Setting, settings } from "../estimator-settings.ts";
import { exactLikelihood } from "../exact-likelihood.ts";
import { measured, type Result } from "../measurement.ts";
import type { SuiteOptions } from "./suite.ts";

const suite = "estimators";
const REPORT = "runs/estimators";

interface Network {
  logits: LogitsFunction;
  parameters: ModelParameters;
  maskTokenId: number;
}

export async function estimatorsSuite({ quick, say }: SuiteOptions): Promise<Result[]> {
  say("estimators: a toy whose likelihood is enumerated ...");
  const { results, network: onToy } = await toyResults(quick ? 20 : 2000);
  // What is measured is on the disk at once: the rest takes long.
  const report = (...networks: EstimatorsOnNetwork[]): void =>
    quick ? undefined : writeReport({ title: "Estimators of log-likelihoods", networks });
  report(onToy);
  if (!existsSync(bundledModelDir())) {
    say("estimators: the rest is skipped; the bundled model tinycode-base is not there.");
    return results;
  }
  say("estimators: solutions of tasks, under the bundled model ...");
  const { config, parameters } = await loadModel(bundledModelDir());
  const tokenizer = Tokenizer.fromFile(`${bundledModelDir()}/tokenizer.json`);
  const network = { logits: logitsFunction(config), parameters, maskTokenId: tokenizer.special.mask };
  const rollouts = solutionRollouts(quick ? 2 : 8, tokenizer);
  const deviationOf = await deviations(network, rollouts, quick ? 2 : 32);
  const noiseOf = await gradientNoises(network, rollouts, { draws: quick ? 2 : 24, say });
  const estimators = settings.map((setting) =>
    figuresOf(setting, COLUMNS, { deviation: deviationOf.get(setting)!, gradientNoise: noiseOf.get(setting) }),
  );
  report(onToy, { description: `Solutions of ${rollouts.length} tasks, under the bundled model`, estimators });
  if (!quick) say(`estimators: the plots are in ${REPORT}.html, their record in ${REPORT}.json.`);
  return [
    ...results,
    ...comparedWithDecoupled(deviationOf, "deviation of a completion's estimate", "nats"),
    ...comparedWithDecoupled(noiseOf, "noise of the masks in a gradient", "x signal"),
  ];
}

/** Columns of a completion of a task. */
const COLUMNS = 48;

function writeReport(data: EstimatorsReportData): void {
  writeFileAtomic(`${REPORT}.json`, `${JSON.stringify(data, null, 2)}\n`);
  writeFileAtomic(`${REPORT}.html`, estimatorsReport(data));
}

const toy = ModelConfigSchema.parse({
  vocabSize: 12,
  hiddenSize: 32,
  intermediateSize: 64,
  numHiddenLayers: 2,
  numAttentionHeads: 4,
  numKeyValueHeads: 4,
  maxPositionEmbeddings: 8,
  ropeTheta: 10_000,
  maskTokenId: 11,
  padTokenId: 0,
  eosTokenId: 0,
  bosTokenId: 0,
});

/** Bias and deviation on a random network of sharp predictions, six tokens. */
async function toyResults(draws: number): Promise<{ results: Result[]; network: EstimatorsOnNetwork }> {
  const parameters = initParameters({ config: toy, random: createRandom(0) });
  // Drawn weights say little of the context; six times the size they are as sure as a trained model.
  for (const { data } of Object.values(parameters)) for (let i = 0; i < data.length; i++) data[i]! *= data.length > 64 ? 6 : 1;
  const network = { logits: logitsFunction(toy), parameters, maskTokenId: toy.maskTokenId };
  const [promptIds, completionIds] = [
    [1, 2],
    [3, 4, 5, 6, 7, 8],
  ];
  const exact = await exactLikelihood({ ...network, promptIds, completionIds });
  const rollouts = Array.from({ length: draws }, (_, seed) => rolloutOf(promptIds, completionIds, { advantage: 1, maskSeed: seed }));
  const estimators: EstimatorFigures[] = [];
  const rows = [measured({ suite, name: "toy: the bound, from the log-likelihood", ours: exact.bound - exact.likelihood, unit: "nats" })];
  for (const setting of settings) {
    const values = await estimatesOf(network, setting, rollouts);
    const name = `toy, ${setting.name}, ${setting.passes(completionIds.length)} passes`;
    const figures = { bias: mean(values) - exact.bound, deviation: deviation(values) };
    rows.push(measured({ suite, name: `${name}: bias to the bound`, ours: figures.bias, unit: "nats" }));
    rows.push(measured({ suite, name: `${name}: deviation`, ours: figures.deviation, unit: "nats" }));
    estimators.push(figuresOf(setting, completionIds.length, figures));
  }
  const below = (exact.likelihood - exact.bound).toFixed(3);
  const description = `A random network, ${completionIds.length} tokens, ${draws} draws; the bound lies ${below} nats below the log-likelihood`;
  return { results: rows, network: { description, estimators } };
}

/** How much the estimate of a completion varies with its masks: root mean square over completions. */
async function deviations(network: Network, rollouts: readonly Rollout[], draws: number): Promise<Map<Setting, number>> {
  const figures = new Map<Setting, number>();
  for (const setting of settings) {
    const perDraw: number[][] = [];
    for (let draw = 0; draw < draws; draw++) perDraw.push(await estimatesOf(network, setting, reseeded(rollouts, draw)));
    const variances = rollouts.map((_, row) => deviation(perDraw.map((values) => values[row]!)) ** 2);
    figures.set(setting, Math.sqrt(mean(variances)));
  }
  return figures;
}

/** Noise of the masks in a policy gradient: its mean square by the square of the gradient that is left when it is averaged away. */
async function gradientNoises(
  network: Network,
  rollouts: readonly Rollout[],
  { draws, say }: { draws: number; say: (line: string) => void },
): Promise<Map<Setting, number>> {
  const figures = new Map<Setting, number>();
  for (const setting of settings.filter(({ estimator }) => estimator !== "leftToRight" && estimator !== "fullMask")) {
    say(`estimators: gradients, ${setting.name} ...`);
    figures.set(setting, await gradientNoise(network, setting, rollouts, draws));
  }
  return figures;
}

async function gradientNoise(
  { logits, parameters, maskTokenId }: Network,
  setting: Setting,
  rollouts: readonly Rollout[],
  draws: number,
): Promise<number> {
  const estimator = createEstimator(setting);
  const batch = batchOf(rollouts);
  const gradientOf = compile((weights: Record<string, Tensor>, { drawn, advantages, ...read }: Batch<Tensor>) => {
    const objective = (current: Record<string, Tensor>): Tensor => {
      const estimate = estimator.logProbs({ logits, maskTokenId }, current, read, drawn);
      const isPerToken = estimate.shape.length > 1;
      const counted = isPerToken ? div(mul(estimate, read.completionMask), sum(read.completionMask)) : div(estimate, advantages.shape[0]!);
      return sum(mul(counted, isPerToken ? reshape(advantages, [...advantages.shape, 1]) : advantages));
    };
    return { gradient: valueAndGradient(objective, weights).gradient };
  });
  let [total, squares] = [undefined as Float64Array | undefined, 0];
  for (let draw = 0; draw < draws; draw++) {
    const { gradient } = await gradientOf(parameters, { ...batch, drawn: estimator.draw(reseeded(rollouts, draw), 0) });
    const flat = Object.values(gradient).map(({ data }) => data as Float32Array);
    total ??= new Float64Array(flat.reduce((size, { length }) => size + length, 0));
    let at = 0;
    for (const part of flat)
      for (const value of part) {
        total[at++]! += value;
        squares += value * value;
      }
  }
  gradientOf.dispose();
  const meanSquare = total!.reduce((square, value) => square + (value / draws) ** 2, 0);
  const noise = (squares / draws - meanSquare) * (draws / (draws - 1));
  return noise / (meanSquare - noise / draws);
}

type Batch<Leaf> = Record<"promptIds" | "promptMask" | "completionIds" | "completionMask" | "advantages", Leaf> & { drawn: Record<string, Leaf> };

function batchOf(rollouts: readonly Rollout[]): Omit<Batch<ReturnType<typeof int32>>, "drawn"> {
  const rows = (of: (rollout: Rollout) => readonly number[]): [number[], number[]] => {
    const values = rollouts.map(of);
    return [values.flat(), [values.length, values[0]!.length]];
  };
  return {
    promptIds: int32(...rows(({ promptIds }) => promptIds)),
    promptMask: int32(...rows(({ promptMask }) => promptMask)),
    completionIds: int32(...rows(({ completionIds }) => completionIds)),
    completionMask: float32(...rows(({ completionMask }) => completionMask)),
    advantages: float32(rollouts.map(({ advantage }) => advantage)),
  };
}

/** The estimate of each completion: its tokens' together. */
async function estimatesOf({ logits, parameters, maskTokenId }: Network, setting: Setting, rollouts: readonly Rollout[]): Promise<number[]> {
  const policy = createPolicy({ logits, maskTokenId, config: configOf(setting) });
  try {
    return (await policy.estimate(parameters, rollouts, 0)).map((values, row) => {
      const { completionMask } = rollouts[row]!;
      const counted = completionMask.reduce((total, one) => total + one, 0);
      return values.length === 1 ? values[0]! * counted : values.reduce((total, value, j) => total + value * completionMask[j]!, 0);
    });
  } finally {
    policy.dispose();
  }
}

function configOf({ estimator, estimatorOptions = {} }: Setting): CoupledGrpoConfig {
  const memory = estimator === "leftToRight" ? { gradientAccumulationSteps: 8 } : {};
  return CoupledGrpoConfigSchema.parse({ maxSteps: 1, promptsPerStep: 1, learningRate: 1, estimator, estimatorOptions, ...memory });
}

/** Solutions of tasks that the model was not trained on, every other one with a negative advantage. */
function solutionRollouts(count: number, tokenizer: Tokenizer): Rollout[] {
  const padTokenId = tokenizer.special.endOfText;
  const [promptLength, length] = [36, COLUMNS];
  const example = exampleStream({ tiers: { 2: 1, 3: 1 }, seed: 1, split: "dev" });
  const rollouts: Rollout[] = [];
  for (let index = 0; rollouts.length < count; index++) {
    const { promptIds, completionIds } = encodeExample(example(index), tokenizer);
    if (promptIds.length > promptLength || completionIds.length > length) continue;
    const padding = Array.from({ length: promptLength - promptIds.length }, () => padTokenId);
    const one = rolloutOf(
      [...padding, ...promptIds],
      [...completionIds, ...Array.from({ length: length - completionIds.length }, () => padTokenId)],
      {
        advantage: index % 2 === 0 ? 1 : -1,
        maskSeed: index,
      },
    );
    rollouts.push({
      ...one,
      promptMask: one.promptIds.map((_, column) => (column < padding.length ? 0 : 1)),
      completionMask: one.completionIds.map((_, column) => (column < completionIds.length ? 1 : 0)),
    });
  }
  return rollouts;
}

function rolloutOf(
  promptIds: readonly number[],
  completionIds: readonly number[],
  { advantage, maskSeed }: { advantage: number; maskSeed: number },
): Rollout {
  return {
    promptIds: [...promptIds],
    promptMask: promptIds.map(() => 1),
    completionIds: [...completionIds],
    completionMask: completionIds.map(() => 1),
    reward: null,
    advantage,
    maskSeeds: [maskSeed],
  };
}

/** The same completions with the masks of another draw. */
function reseeded(rollouts: readonly Rollout[], draw: number): Rollout[] {
  return rollouts.map((rollout, row) => ({
    ...rollout,
    maskSeeds: [
      createRandom(draw)
        .split("lab", row)
        .integer(0, 2 ** 32),
    ],
  }));
}

/** Each setting's figure beside that of decoupled masks, whose passes and mean are the coupled estimate's. */
function comparedWithDecoupled(figures: ReadonlyMap<Setting, number>, what: string, unit: string): Result[] {
  const [decoupled] = [...figures].filter(([{ estimator }]) => estimator === "decoupled").map(([, figure]) => figure);
  return [...figures].map(([setting, ours]): Result => {
    const row = measured({
      suite,
      name: `${setting.name}, ${setting.passes(COLUMNS)} passes: ${what}`,
      ours,
      unit,
      ...(setting.estimator !== "decoupled" && { peer: decoupled, peerName: "decoupled" }),
    });
    return setting.name === "coupled" ? { ...row, target: { of: "ratio", atMost: 1 } } : row;
  });
}

function mean(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0) / values.length;
}

function deviation(values: readonly number[]): number {
  const center = mean(values);
  return Math.sqrt(values.reduce((total, value) => total + (value - center) ** 2, 0) / (values.length - 1));
}
