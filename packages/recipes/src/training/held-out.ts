// Evaluation of the policy on held-out tasks during training.
import type { ModelParameters } from "@diffucoder/diffusion";
import { join } from "node:path";
import { createRandom, JsonLinesLog } from "@diffucoder/core";
import type { CoupledGrpoState } from "@diffucoder/coupled-grpo";
import { type DiffuCoder, resolveSettings, tokenTexts } from "@diffucoder/engine";
import { evaluate, type Generate, type KeptSample } from "@diffucoder/eval";
import { modelTraits } from "@diffucoder/model";
import type { Sandbox } from "@diffucoder/reward-sandbox";
import { type DisposableDenoiser, generate } from "@diffucoder/samplers";
import { defaultFolders, loadTasks, type TaskSet } from "@diffucoder/tasks";
import { decodingOf } from "../evaluation/decoding-of.ts";
import type { EvaluationSettings } from "../evaluation/evaluation-settings.ts";
import { sweepOf, type SweepRun } from "../evaluation/sweep.ts";
import { heldOutKs } from "./best-checkpoint.ts";
import type { RolloutSampling } from "./rollout-sampling.ts";
import { completionTextOf, promptIdsOf } from "./task-rewards.ts";

interface HeldOutOptions {
  coder: DiffuCoder;
  sandbox: Sandbox;
  /** Weights that the run does not change, and that those of its states come over. */
  frozen: ModelParameters | undefined;
  rollouts: RolloutSampling;
  /** Folder of the run; the samples go to `evaluations/STEP.jsonl` in it. */
  output: string;
  config: EvaluationSettings;
  seed: number;
  signal: AbortSignal;
}

/** Programs that run at the same time. */
const CONCURRENCY = 2;

/** Evaluates states of a run: `evalPassAt1`, and `evalPassAtK` for the largest k. */
export function heldOutEvaluator({ coder, frozen, sandbox, rollouts, output, config, seed, signal }: HeldOutOptions) {
  let parameters: ModelParameters = coder.parameters;
  let denoiser: DisposableDenoiser | undefined;
  let taskSet: TaskSet | undefined;
  const { samplesPerTask, batchSize, dataset, data } = config;
  const folders = defaultFolders();
  return {
    evaluate: async (state: CoupledGrpoState, step: number): Promise<Record<string, number>> => {
      parameters = { ...frozen, ...state.parameters };
      denoiser ??= rollouts.denoiser(() => parameters);
      taskSet ??= await heldOutTasks(coder, { dataset, data });
      const log = new JsonLinesLog<KeptSample>(join(output, "evaluations", `${step}.jsonl`));
      const { suites } = await evaluate({
        taskSet,
        samplesPerTask,
        batchSize,
        generate: policyAnswers(coder, denoiser, { config, signal }),
        postProcessor: config.postProcessor ?? "fence",
        sandbox,
        cacheFolder: folders.cache,
        concurrency: CONCURRENCY,
        seed,
        ks: heldOutKs(config),
        finishedSamples: log.kept,
        onSample: (sample) => log.append(sample),
        signal,
      });
      return Object.fromEntries(suites[0]!.passAtK.map(({ k, estimate }) => [`evalPassAt${k}`, estimate]));
    },
    dispose: () => denoiser?.dispose(),
  };
}

/** Tasks that are asked in words and fit into the model's prompt. */
async function heldOutTasks(coder: DiffuCoder, { dataset, data }: Pick<EvaluationSettings, "dataset" | "data">): Promise<TaskSet> {
  const accepts: Parameters<typeof loadTasks>[0]["accepts"] = (task) =>
    task.prompt.kind !== "hole" && promptIdsOf(coder, task).length <= coder.generationConfig.promptLength;
  const set = await loadTasks({ dataset, data, use: "evaluation", folders: defaultFolders(), accepts });
  return { ...set, tasks: set.tasks.filter(accepts) };
}

/** The policy as a function that answers requests, a batch at once. */
function policyAnswers(
  coder: DiffuCoder,
  denoiser: DisposableDenoiser,
  { config, signal }: { config: EvaluationSettings; signal: AbortSignal },
): Generate {
  const { generationConfig, padTokenId, endIds } = coder;
  const { maxNewTokens } = generationConfig;
  const [{ point }] = sweepOf(config) as [SweepRun, ...SweepRun[]];
  const { cache: _, ...decoding } = decodingOf(config, point);
  const { vocabSize, maxPositionEmbeddings: maxLength } = coder.config;
  const { isDiffusion, family } = modelTraits(coder.config);
  const texts = tokenTexts(coder.tokenizer, { vocabSize, endIds });
  const { decoder } = resolveSettings(
    { ...decoding, maxNewTokens },
    { texts, defaults: generationConfig, maxLength, autoregressive: isDiffusion ? undefined : family },
  );
  return async (requests) => {
    const { completionIds } = await generate({
      denoiser,
      decoder,
      promptIds: requests.map(({ task }) => promptIdsOf(coder, task)),
      maxNewTokens,
      random: requests.map(({ seed }) => createRandom(seed)),
      padTokenId,
      promptLength: generationConfig.promptLength,
      eosTokenIds: [...endIds],
      signal,
    });
    return completionIds.map((ids) => ({ text: completionTextOf(coder, ids) }));
  };
}
