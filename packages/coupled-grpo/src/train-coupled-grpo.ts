import { cloneParameters, train, type TrainingState, type TrainOptions } from "@diffucoder/trainer";
import { type CoupledGrpoState, rolloutStage, type RolloutStageOptions } from "./rollout-stage.ts";

/** What coupled-GRPO trains, on which prompts and with which rewards, and callbacks. */
export interface CoupledGrpoOptions extends RolloutStageOptions, Omit<TrainOptions<CoupledGrpoState>, "stages" | "config"> {}

/**
 * Runs or resumes coupled-GRPO: the loop of `@diffucoder/trainer` with the stage of rollouts.
 *
 * @returns the trained state
 * @throws {InvalidArgumentError} if a reward is not a finite number or `null`, after a last checkpoint
 * @throws {DiffuCoderError} with code `"REWARD"` if the reward function fails, `"NO_REWARD"` if no completion of a step could be scored
 * @throws as `train`
 */
export async function trainCoupledGrpo(options: CoupledGrpoOptions): Promise<CoupledGrpoState> {
  return train({ ...options, stages: [rolloutStage(options)] });
}

/** The state of a run that starts: fresh moments, and the policy itself as the reference. */
export function freshCoupledGrpoState(state: TrainingState): CoupledGrpoState {
  return { ...state, reference: cloneParameters(state.parameters) };
}
