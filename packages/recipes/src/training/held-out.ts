// How good the policy is on held-out tasks while it is trained.
import { join } from "node:path";
import type { CoupledGrpoState } from "@diffucoder/coupled-grpo";
import type { Sandbox } from "@diffucoder/reward-sandbox";
import type { DisposableDenoiser } from "@diffucoder/samplers";
import type { ParameterArrays } from "@diffucoder/trainer";
import { type EvaluationConfig, runEvaluation } from "./evaluate.ts";
import type { DiffusionModel } from "./load-diffusion-model.ts";
import type { RolloutSampling } from "./rollout-sampling.ts";

interface HeldOutOptions {
  coder: DiffusionModel;
  sandbox: Sandbox;
  rollouts: RolloutSampling;
  /** Folder of the run; the samples go to `evaluations/STEP.jsonl` in it. */
  output: string;
  config: EvaluationConfig;
  seed: number;
  signal: AbortSignal;
  onNote: (note: string) => void;
}

/** Evaluates states of a run: `evalPassAt1`, and `evalPassAtK` for the largest k. */
export function heldOutEvaluator({ coder, rollouts, output, ...options }: HeldOutOptions) {
  let parameters: ParameterArrays = coder.parameters;
  let denoiser: DisposableDenoiser | undefined;
  let { onNote } = options;
  return {
    evaluate: async (state: CoupledGrpoState, step: number): Promise<Record<string, number>> => {
      ({ parameters } = state);
      denoiser ??= rollouts.denoiser(() => parameters);
      const { passAtK } = await runEvaluation({
        ...options,
        onNote,
        coder: { ...coder, denoiser },
        output: join(output, "evaluations", `${step}.jsonl`),
        phase: "evaluation",
        onProgress: () => {},
      });
      onNote = () => {}; // once is enough
      return Object.fromEntries(passAtK.map(({ k, estimate }) => [`evalPassAt${k}`, estimate]));
    },
    dispose: () => denoiser?.dispose(),
  };
}
