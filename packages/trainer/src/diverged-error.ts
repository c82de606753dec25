import { DiffuCoderError } from "@diffucoder/core";
import { type NdArray, notFinite } from "@diffucoder/tensor";

/** Names that a message lists. */
const NAMED = 3;

/**
 * The error that stops a run whose loss or gradient is not finite. The step that found it changed nothing (`guardedAdamW`).
 *
 * @param gradNorms of each parameter, in the order of `parameters`
 */
export function divergedError({
  what,
  loss,
  gradNorm,
  gradNorms,
  state,
}: {
  what: string;
  loss: number;
  gradNorm: number;
  gradNorms: NdArray;
  state: { parameters: Readonly<Record<string, NdArray>> };
}): DiffuCoderError {
  const names = notFinite(Object.keys(state.parameters), gradNorms);
  const more = names.length > NAMED ? ` and ${names.length - NAMED} others` : "";
  const where = names.length === 0 ? "" : ` The gradient is not finite in ${names.slice(0, NAMED).join(", ")}${more}.`;
  return new DiffuCoderError(
    "DIVERGED",
    `${what}: loss ${loss}, gradient norm ${gradNorm}.${where} The step was not taken, and would end like this again: train with a lower learningRate.`,
  );
}
