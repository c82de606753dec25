// The two halves of a coupled-GRPO iteration on the model that `npm start` trains: denoising a batch of completions, and
// an estimate and an update on them.
import { createRandom } from "@diffucoder/core";
import { CoupledGrpoConfigSchema, createPolicy, rollout } from "@diffucoder/coupled-grpo";
import { tinyCodeTasks } from "@diffucoder/data";
import { diffusionGenerate, SamplerOptionsSchema } from "@diffucoder/samplers";
import { initAdamW, type NdArray } from "@diffucoder/tensor";
import { bundledModelDir, loadDiffuCoder } from "diffucoder";
import { extent, inTurns, measured, median, type Result, timed } from "../measurement.ts";
import type { SuiteOptions } from "./suite.ts";

const ROWS = 48;
const STEPS = 24;

export async function quickstartSuite({ quick, onProgress }: SuiteOptions): Promise<Result[]> {
  onProgress({ phase: "quickstart", step: 0, total: 1 });
  const coder = await loadDiffuCoder(bundledModelDir());
  const { config, tokenizer, denoiser, logits, generationConfig } = coder;
  const { promptLength, maxNewTokens } = generationConfig;
  const encode = (prompt: string): number[] => tokenizer.encodeChat([{ role: "user", content: prompt }]);
  const tasks = tinyCodeTasks({
    tiers: { 2: 2, 3: 3 },
    split: "train",
    count: 6,
    seed: 0,
    accepts: ({ prompt }) => encode(prompt).length <= promptLength,
  });
  const prompts = tasks.map(({ prompt }) => encode(prompt));
  const common = {
    denoiser,
    padTokenId: config.padTokenId,
    promptLength,
    eosTokenIds: [tokenizer.special.imEnd, tokenizer.special.endOfText],
    sampler: SamplerOptionsSchema.parse({ maxNewTokens, steps: STEPS, alg: "entropy", temperature: 1, schedule: "even" }),
  };
  const training = CoupledGrpoConfigSchema.parse({
    maxSteps: 1,
    promptsPerStep: 6,
    numGenerations: 8,
    numIterations: 1,
    diffusionSteps: STEPS,
    learningRate: 1e-4,
  });
  const policy = createPolicy({ logits, maskTokenId: config.maskTokenId, config: training });
  const rollouts = await rollout({ ...training, ...common, prompts, reward: async (ids) => ids.map((_, i) => i % 3), random: createRandom(0) });
  const parameters: Record<string, NdArray> = Object.fromEntries(Object.entries(coder.parameters).map(([name, array]) => [name, array.clone()]));
  let state = { parameters, adam: initAdamW(parameters) };
  const estimates = await policy.estimate(state.parameters, rollouts, 0);
  rollouts.forEach((one, row) => (one.refPerTokenLogProbs = [estimates[row] as Float32Array]));

  let count = 0;
  const times = await inTurns(
    {
      denoise: () =>
        timed(() =>
          diffusionGenerate({
            ...common,
            options: common.sampler,
            promptIds: rollouts.map((_, i) => prompts[i % prompts.length] as number[]),
            random: createRandom(count),
          }),
        ),
      estimate: () => timed(() => policy.estimate(state.parameters, rollouts, 0)),
      update: () =>
        timed(async () => {
          ({ state } = await policy.update(state, rollouts, { iteration: 0, lr: 1e-4, count: ++count }));
        }),
    },
    quick ? 1 : 7,
  );
  policy.dispose();
  coder.dispose();
  const milliseconds = (name: string, what: string): Result =>
    measured({ suite: "quickstart", name: what, ours: median(times[name] as number[]), spread: extent(times[name] as number[]), unit: "ms" });
  return [
    measured({
      suite: "quickstart",
      name: `denoising ${ROWS} rows in ${STEPS} steps`,
      ours: ROWS / (median(times.denoise as number[]) / 1000),
      unit: "completions/s",
    }),
    milliseconds("estimate", `estimate of ${ROWS} rollouts`),
    milliseconds("update", `update on ${ROWS} rollouts`),
  ];
}
