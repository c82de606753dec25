import { type AdamWState, initAdamW, type NdArray } from "@diffucoder/tensor";

/** Arrays by the name of their parameter. */
export type ParameterArrays = Record<string, NdArray>;

/** What an optimizer step reads and replaces. */
export interface TrainingState {
  /** The model's parameters. */
  parameters: ParameterArrays;
  /** AdamW's moments of each parameter. */
  adam: AdamWState<ParameterArrays>;
}

/** The state of a run that starts: the parameters, and moments of zero. */
export function freshState(parameters: ParameterArrays): TrainingState {
  return { parameters, adam: initAdamW(parameters) };
}

/** A copy of arrays; an optimizer takes those of its state over. */
export function cloneParameters(arrays: Readonly<ParameterArrays>): ParameterArrays {
  return Object.fromEntries(Object.entries(arrays).map(([name, array]) => [name, array.clone()]));
}
