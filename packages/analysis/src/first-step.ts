// The entropy sink (DiffuCoder, arXiv 2506.20639): at the first step the model is surest next to the prompt, and less so to the right.
import type { DenoiseTrace } from "@diffucoder/samplers";
import { completionCells, type Region, regionOf } from "./decoding-order.ts";
import { kendallTau } from "./rank-correlation.ts";

/** What the first pass proposed for one position. */
export interface FirstProposal {
  /** Masks between it and the prompt; 0 is the first behind it. */
  readonly distance: number;
  /** Entropy of its distribution, nats. */
  readonly entropy: number;
  /** How sure the decoder was, on its own scale; larger is surer. */
  readonly confidence: number;
}

/**
 * What the first pass proposed for each position that it was asked about, from left to right.
 *
 * @returns undefined if the trace does not tell: it has no pass, or only says what was committed. The traces of an engine do tell.
 */
export function firstProposals(
  trace: DenoiseTrace,
  {
    region = "canvas",
  }: {
    /** Which positions count; of an answer, those up to where it ends after the last step. @default "canvas" */
    region?: Region;
  } = {},
): FirstProposal[] | undefined {
  const first = trace.steps.find(({ forwardPasses }) => forwardPasses > 0);
  if (first === undefined) return undefined;
  const masks = trace.initialIds.flatMap((token, column) => (token === trace.maskTokenId ? [column] : []));
  const { positions, confidence, entropy, provisional } = first;
  if (provisional === undefined && positions.length < masks.length) return undefined;
  const columns = [...positions, ...(provisional?.positions ?? [])];
  const [confidences, entropies] = [
    [...confidence, ...(provisional?.confidence ?? [])],
    [...entropy, ...(provisional?.entropy ?? [])],
  ];
  const length = regionOf(completionCells(trace), trace, region).length;
  return masks.slice(0, length).flatMap((column, distance) => {
    const i = columns.indexOf(column);
    return i === -1 ? [] : [{ distance, entropy: entropies[i]!, confidence: confidences[i]! }];
  });
}

/**
 * Kendall's tau-b between the distance from the prompt and the entropy: above 0 where a model is surer next to the prompt.
 *
 * @returns undefined if there are fewer than two positions or all are equally sure
 */
export function entropySink(proposals: readonly FirstProposal[]): number | undefined {
  return kendallTau(
    proposals.map(({ distance }) => distance),
    proposals.map(({ entropy }) => entropy),
  );
}
