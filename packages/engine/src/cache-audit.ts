// What a cache changes of a generation: `auditCache` of samplers, with the texts of both runs.
import { ConfigError, createRandom } from "@diffucoder/core";
import { auditCache, type AuditedPass, type CacheOptions, type TraceDifference } from "@diffucoder/samplers";
import type { Denoisers } from "./denoisers.ts";
import type { ModelFolder } from "./folder/model-folder.ts";
import { type PreparedGeneration, prepareGeneration } from "./generation.ts";
import type { GenerateOptions } from "./requests/generate-options.ts";

/** What is generated, and the cache that is audited. The whole canvas is compared. */
export type AuditOptions = Omit<GenerateOptions, "maxTokens" | "earlyExit" | "provisional" | "onStep">;

/** One of the two runs that are compared. */
export interface AuditedRun {
  /** The answer. */
  text: string;
  /** Forward passes of the network. */
  forwardPasses: number;
  /** Tokens that went through the network. */
  forwardTokens: number;
}

/** What a cache changes of one generation. */
export interface GenerationAudit {
  /** How far the answers lie apart, pass by pass on the exact run's rows; the first pass of a cache is exact. */
  passes: readonly AuditedPass[];
  /** Where the two runs part; `undefined`: nowhere. */
  divergence: TraceDifference | undefined;
  /** The run without the cache. */
  exact: AuditedRun;
  /** The run with it. */
  cached: AuditedRun;
}

/** A call's settings and the tokens of its prompt. @throws what `DiffuCoder.auditCache` throws of its options */
export function prepareAudit(model: ModelFolder, options: AuditOptions): PreparedGeneration & { cache: CacheOptions } {
  const prepared = prepareGeneration(model, options);
  const { cache } = options;
  if (cache !== undefined) return { ...prepared, cache };
  throw new ConfigError({ source: "audit options", problems: ['cache: must be given to be audited, e.g. { "kind": "dual" }'] });
}

/** See `DiffuCoder.auditCache`. */
export async function auditGeneration(model: ModelFolder, denoisers: Denoisers, options: AuditOptions): Promise<GenerationAudit> {
  const { settings, promptIds, cache } = prepareAudit(model, options);
  const { decoder, maxNewTokens, seed } = settings;
  const { padTokenId, endIds, tokenizer } = model;
  const { padPrompt = true, promptLength } = model.generationConfig;
  const cached = denoisers.cached(cache);
  try {
    const audit = await auditCache({
      exact: denoisers.exact,
      cached,
      decoder,
      maxNewTokens,
      padTokenId,
      signal: options.signal,
      promptIds: [promptIds],
      ...(padPrompt && { promptLength }),
      random: createRandom(seed),
      eosTokenIds: [...endIds],
    });
    const runOf = ({ completionIds, ends, forwardPasses, forwardTokens }: typeof audit.exact): AuditedRun => ({
      text: tokenizer.decode(completionIds[0]!.slice(0, ends[0])),
      forwardPasses,
      forwardTokens,
    });
    return { passes: audit.passes, divergence: audit.divergence[0], exact: runOf(audit.exact), cached: runOf(audit.cached) };
  } finally {
    cached.dispose();
  }
}
