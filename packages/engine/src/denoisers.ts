// What samplers see of a model: with and without a K/V cache, and of an autoregressive model.
import type { ModelParameters } from "@diffucoder/diffusion";
import { cachedNetwork, logitsFunction, modelTraits } from "@diffucoder/model";
import {
  type CacheOptions,
  createCachedDenoiser,
  createDenoiser,
  type DenoiseRequest,
  type DisposableDenoiser,
  type PrefixCache,
} from "@diffucoder/samplers";
import type { Executor } from "@diffucoder/tensor";
import type { Tokenizer } from "@diffucoder/tokenizer";
import type { ModelFolder } from "./folder/model-folder.ts";
import type { PassOptions } from "./requests/resolve-decoding.ts";

/** Where keys and values are kept, and how many. */
export interface CacheBounds {
  /** Those that outlive their requests, of a block-causal or autoregressive model. @default none */
  prefixes?: PrefixCache | undefined;
  /** Bytes of those of the rows that are being decoded, at most. @default no bound */
  maxCacheBytes?: number | undefined;
}

/** A model as samplers see it, by its config's traits. */
export interface Denoisers {
  /** The denoiser without a cache of a model with full attention, and with the exact one of a causal or block-causal model. */
  exact: DisposableDenoiser;
  /** A new denoiser with a cache, or with blocks and none. */
  cached(passes: PassOptions): DisposableDenoiser;
}

/**
 * Denoisers that honour how a model is asked: which row of the logits predicts a token, which tokens see which, which are never proposed.
 *
 * @param parameters gives those of the moment, read at every pass: training may replace them in between
 */
export function createDenoisers(
  { config, tokenizer }: Pick<ModelFolder, "config" | "tokenizer">,
  parameters: () => ModelParameters,
  executor: Executor,
  { prefixes, maxCacheBytes }: CacheBounds = {},
): Denoisers {
  const { vocabSize } = config;
  const { isDiffusion, shift, attention, maskTokenId = 0 } = modelTraits(config);
  // Rows of the head that belong to no token, and the mask: a committed one would be a hole in the answer.
  const forbiddenIds = [...idsWithoutToken(tokenizer, vocabSize), ...(isDiffusion ? [maskTokenId] : [])];
  const common = { parameters, vocabSize, forbiddenIds, maskTokenId, shift, executor };
  const cached = (passes: PassOptions): DisposableDenoiser =>
    passes.kind === "blocks"
      ? createDenoiser({ ...common, logits: logitsFunction(config), attention: { blockLength: passes.blockLength } })
      : createCachedDenoiser({ ...common, network: cachedNetwork(config), cache: passes, maxCacheBytes, ...(isExact(passes) && { prefixes }) });
  const own =
    attention === "full"
      ? createDenoiser({ ...common, logits: logitsFunction(config) })
      : cached({ kind: "block-causal", blockLength: attention === "causal" ? 1 : attention.blockLength });
  return { exact: isDiffusion ? own : withoutMaskToken(own, vocabSize), cached };
}

/** Rows of a model's head that belong to no token of its tokenizer. */
export function idsWithoutToken(tokenizer: Pick<Tokenizer, "hasToken">, vocabSize: number): number[] {
  const ids: number[] = [];
  for (let id = 0; id < vocabSize; id++) if (!tokenizer.hasToken(id)) ids.push(id);
  return ids;
}

function isExact(cache: CacheOptions): boolean {
  return cache.kind === "block-causal" && cache.blockCache !== true;
}

/**
 * Positions that are to be written need a mark, and an autoregressive model has no mask token: the id behind its vocabulary
 * stands for them. What the network reads there instead does not matter, since no earlier position sees it.
 */
function withoutMaskToken(denoiser: DisposableDenoiser, maskTokenId: number): DisposableDenoiser {
  const readable = (request: DenoiseRequest): DenoiseRequest => ({
    ...request,
    inputIds: request.inputIds.map((id) => (id === maskTokenId ? 0 : id)),
  });
  return {
    maskTokenId,
    maxLength: denoiser.maxLength,
    ...(denoiser.rowsOfLength && { rowsOfLength: denoiser.rowsOfLength }),
    dispose: () => denoiser.dispose(),
    propose: (request) => denoiser.propose(readable(request)),
    openSession: (run) => {
      const session = denoiser.openSession?.(run);
      if (session === undefined) throw new Error("a cached denoiser has sessions");
      return {
        propose: (request) => session.propose(readable(request)),
        release: (row) => session.release?.(row),
        close: () => session.close(),
      };
    },
  };
}
