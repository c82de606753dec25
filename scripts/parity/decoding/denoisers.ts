// A golden model as samplers see it: nothing is forbidden unless a run says so.
import { cachedNetwork, logitsFunction } from "@diffucoder/model";
import { createCachedDenoiser, createDenoiser, type Denoiser } from "@diffucoder/samplers";
import type { loadDiffusionModel } from "../load-diffusion-model.ts";

export type DiffusionModel = Awaited<ReturnType<typeof loadDiffusionModel>>;

interface Wanted {
  /** Whether row i of the logits is read for token i + 1. @default as the model has it */
  shift?: boolean;
  /** Columns of a block. @default full attention */
  blockLength?: number;
  /** Whether keys and values are kept inside the block too. */
  blockCache?: boolean;
  /** Whether all is computed in every pass. @default false */
  isUncached?: boolean;
  forbiddenIds?: readonly number[];
  unsureIds?: readonly number[];
}

/** Of each model, by what was wanted: they compile for each size once. */
const made = new WeakMap<DiffusionModel, Map<string, Denoiser>>();

export function denoiserOf(model: DiffusionModel, wanted: Wanted = {}): Denoiser {
  const ofModel = made.get(model) ?? new Map<string, Denoiser>();
  made.set(model, ofModel);
  const key = JSON.stringify(wanted);
  const denoiser = ofModel.get(key) ?? createOne(model, wanted);
  ofModel.set(key, denoiser);
  return denoiser;
}

function createOne({ config, parameters, shift: own }: DiffusionModel, wanted: Wanted): Denoiser {
  const { shift = own, blockLength, blockCache, isUncached = false, forbiddenIds = [], unsureIds = [] } = wanted;
  const { maskTokenId, vocabSize } = config;
  const common = { parameters: () => parameters, maskTokenId, vocabSize, shift, forbiddenIds, unsureIds };
  if (blockLength === undefined || isUncached)
    return createDenoiser({ ...common, logits: logitsFunction(config), ...(blockLength !== undefined && { attention: { blockLength } }) });
  const cache = { kind: "block-causal" as const, blockLength, ...(blockCache === true && { blockCache }) };
  return createCachedDenoiser({ ...common, network: cachedNetwork(config), cache });
}
