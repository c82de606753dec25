// What a cache costs in fidelity: the same decoder with and without it. Once side by side on the exact run's rows, where
// both are asked the same questions and the difference of their answers is the drift; once each on its own, to see where
// the rows part.
import type { Random } from "@diffucoder/core";
import type { Denoiser, DenoiseRequest, DenoiseSession, Proposals } from "../denoiser.ts";
import { generate, type GenerateOptions, type GenerationResult } from "../generate.ts";
import { diffTraces, type TraceDifference } from "../trace.ts";

/** A generation, and the two denoisers to compare on it. */
export interface CacheAuditOptions extends Omit<GenerateOptions, "denoiser" | "random"> {
  /** The model without a cache. */
  exact: Denoiser;
  /** The same model with a cache. */
  cached: Denoiser;
  /** Rows split their streams from it, so that both runs draw the same numbers. */
  random: Random;
}

/** How far the answers to one request lie apart, on the rows of the exact run. */
export interface AuditedPass {
  /** Positions asked. */
  positions: number;
  /** Share of them that get another token. */
  otherTokens: number;
  /** Of confidence, as the decoder measures it. */
  confidence: Difference;
  /** Of entropy, nats. */
  entropy: Difference;
}

interface Difference {
  /** Mean of the absolute differences. */
  mean: number;
  /** The largest of them. */
  max: number;
}

/** What a cache changes, and the results with and without it. */
export interface CacheAudit {
  /** Pass by pass; the first of a cache is exact. */
  passes: AuditedPass[];
  /** Where each row of a run with the cache parts from the run without; `undefined`: nowhere. */
  divergence: (TraceDifference | undefined)[];
  /** The first step after which some row differs; `undefined`: none does. */
  firstDivergentStep: number | undefined;
  /** The run without the cache. */
  exact: GenerationResult;
  /** The run with the cache, on its own. */
  cached: GenerationResult;
}

/**
 * Measures what a cache costs in fidelity: both denoisers answer the questions of the exact run, then the cached one runs
 * on its own. The exact run's steps cost two passes each.
 *
 * @throws as `generate`
 */
export async function auditCache({ exact, cached, ...options }: CacheAuditOptions): Promise<CacheAudit> {
  const passes: AuditedPass[] = [];
  const both = sideBySide(exact, cached, (a, b) => passes.push(compare(a, b)));
  const exactResult = await generate({ ...options, denoiser: both });
  const cachedResult = await generate({ ...options, denoiser: cached });
  const divergence = exactResult.traces.map((trace, row) => diffTraces(trace, cachedResult.traces[row] as typeof trace));
  const steps = divergence.flatMap((difference) => (difference === undefined ? [] : [difference.step]));
  return { passes, divergence, firstDivergentStep: steps.length === 0 ? undefined : Math.min(...steps), exact: exactResult, cached: cachedResult };
}

/** Asks both, and answers as the first. */
function sideBySide(first: Denoiser, second: Denoiser, onAnswers: (a: Proposals, b: Proposals) => void): Denoiser {
  const ask = async (a: Pick<Denoiser, "propose">, b: Pick<Denoiser, "propose">, request: DenoiseRequest): Promise<Proposals> => {
    const answers = [await a.propose(request), await b.propose(request)] as const;
    onAnswers(...answers);
    return answers[0];
  };
  return {
    maskTokenId: first.maskTokenId,
    vocabSize: first.vocabSize,
    mayProposeMask: first.mayProposeMask,
    maxLength: first.maxLength,
    propose: (request) => ask(first, second, request),
    openSession: (run): DenoiseSession => {
      const [a, b] = [first.openSession?.(run), second.openSession?.(run)];
      return {
        propose: (request) => ask(a ?? first, b ?? second, request),
        release: (row) => {
          a?.release?.(row);
          b?.release?.(row);
        },
        close: () => {
          a?.close();
          b?.close();
        },
      };
    },
  };
}

function compare(a: Proposals, b: Proposals): AuditedPass {
  const difference = (x: Float32Array, y: Float32Array): Difference => {
    const all = Array.from(x, (value, i) => Math.abs(value - y[i]!));
    return { mean: all.reduce((sum, value) => sum + value, 0) / all.length, max: Math.max(...all) };
  };
  const positions = a.tokens.length;
  return {
    positions,
    otherTokens: a.tokens.filter((token, i) => token !== b.tokens[i]).length / positions,
    confidence: difference(a.confidence, b.confidence),
    entropy: difference(a.entropy, b.entropy),
  };
}
