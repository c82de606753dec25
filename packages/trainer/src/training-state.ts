import type { ModelParameters } from "@diffucoder/diffusion";
import { type AdamWState, initAdamW } from "@diffucoder/tensor";

/** What an optimizer step reads and replaces. */
export interface TrainingState {
  /** The model's parameters. */
  parameters: ModelParameters;
  /** AdamW's moments of each parameter. */
  adam: AdamWState<ModelParameters>;
}

/** The state of a run that starts: the parameters, and moments of zero. */
export function freshState(parameters: ModelParameters): TrainingState {
  return { parameters, adam: initAdamW(parameters) };
}

/** A copy of arrays, since an optimizer takes over those of its state. */
export function cloneParameters(arrays: Readonly<ModelParameters>): ModelParameters {
  return Object.fromEntries(Object.entries(arrays).map(([name, array]) => [name, array.clone()]));
}
