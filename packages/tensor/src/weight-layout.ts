// Quantized weights are brought into panels (ops/panels.ts) once, when a model is loaded, and all its plans read the same memory.
import { compile } from "./compile.ts";
import type { Executor } from "./executor.ts";
import type { NdArray } from "./nd-array.ts";
import { fitsPanels, inPanels, readsPanels } from "./ops/panels.ts";
import type { QuantizedWeight } from "./ops/quantized.ts";

/** Brings weights into the order that an executor's kernels read fastest. */
export interface WeightLayout {
  /** The weight in panels; as it is where `out` is not a multiple of 16, `in` not of 4, or blocks of int4 are not of 32. */
  layOut(weight: QuantizedWeight<NdArray>): Promise<QuantizedWeight<NdArray>>;
  /** Frees the compiled functions. */
  dispose(): void;
}

/** A model's matrices have few different shapes, and each is met layer after layer. */
const MOST_PLANS = 8;

/**
 * The layout of quantized weights for an executor; `undefined` if it has no kernels for panels, and reads weights fastest as they
 * are. A weight in panels means the same to every executor, but without kernels it is put back in order in each run.
 */
export function weightLayout(executor: Executor): WeightLayout | undefined {
  if (!readsPanels(executor)) return undefined;
  const lay = compile(inPanels, { executor, maxPlans: MOST_PLANS });
  return {
    layOut: async (weight) => {
      if (!fitsPanels(weight.codes)) return weight;
      if (weight.codes.dtype === "int8") return { codes: (await lay(weight)).codes, scales: weight.scales };
      return lay(weight);
    },
    dispose: () => lay.dispose(),
  };
}
