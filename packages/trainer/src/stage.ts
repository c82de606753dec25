import type { StepPosition, StepResult } from "./optimizer-step.ts";
import type { TrainingState } from "./training-state.ts";

/** Where a step stands in its run. */
export interface StagePosition {
  /** Steps of the run done before. */
  step: number;
  /** Steps of the stage done before. */
  stageStep: number;
}

/** The result of an optimizer step. */
export type UpdateResult<State extends TrainingState> = Omit<StepResult, "state"> & {
  /** The state after it; the one before it if something was not finite. */
  state: State;
};

/** A step that is ready to be taken. */
export interface PreparedStep<State extends TrainingState> {
  /** The step's own figures, e.g. the mean reward of its rollouts; asked for after its updates. */
  figures?: () => Readonly<Record<string, number>>;
  /** Its optimizer steps, one after the other. Each takes the state's arrays over. */
  updates: readonly ((state: State, at: StepPosition) => Promise<UpdateResult<State>>)[];
  /** Applied to the state after them. @default nothing */
  finish?: (state: State) => State;
}

/** A part of a run with a goal of its own: an objective's steps, or those of reinforcement learning. */
export interface Stage<State extends TrainingState = TrainingState> {
  /** Its name in progress and errors. */
  name: string;
  /** How many steps it has. */
  steps: number;
  /** Makes what the updates of a step need. Changes nothing, so that a failure loses nothing; a function of state and position alone. */
  prepare(state: State, at: StagePosition): Promise<PreparedStep<State>>;
  /** Frees its compiled plans. */
  dispose(): void;
}
