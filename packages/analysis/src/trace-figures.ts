// Figures of one trace.
import type { DenoiseTrace } from "@diffucoder/samplers";
import { globalArNess, localArNess, type LocalArNessOptions } from "./ar-ness.ts";
import { completionCells, type DecodingOrder, decodingOrder, type Region, regionOf } from "./decoding-order.ts";

/** Conventions of the figures. */
export interface TraceFiguresOptions extends Omit<LocalArNessOptions, "k"> {
  /** Every k of AR-ness@k. */
  ks: readonly number[];
  /** Which positions count. @default "canvas" */
  region?: Region;
}

/** Figures of one trace. */
export interface TraceFigures {
  /** When which position was revealed. */
  readonly order: DecodingOrder;
  /** Local AR-ness, for each k. */
  readonly local: readonly number[];
  /** Global AR-ness, for each k. */
  readonly global: readonly number[];
  /** Mean entropy of the distributions that the revealed tokens were drawn from, nats. */
  readonly entropy: number;
  /** Tokens committed for each forward pass, of the whole canvas; NaN without a pass. */
  readonly tokensPerPass: number;
  /** Tokens before the first end token; undefined if the trace does not say which tokens end an answer. */
  readonly answerLength: number | undefined;
}

/**
 * Figures of one trace.
 *
 * @throws {InvalidArgumentError} if a k is not a positive integer, nothing was revealed, or the trace's steps do not fit its row
 */
export function traceFigures(
  trace: DenoiseTrace,
  { ks, region = "canvas", withinStep = "confidence", ...conventions }: TraceFiguresOptions,
): TraceFigures {
  const order = decodingOrder(trace, { region });
  const cells = completionCells(trace);
  const entropies = regionOf(cells, trace, region).flatMap(({ reveal }) => (reveal === undefined ? [] : [reveal.entropy]));
  const committed = trace.steps.reduce((sum, { positions }) => sum + positions.length, 0);
  return {
    order,
    local: ks.map((k) => localArNess(order, { k, withinStep, ...conventions })),
    global: ks.map((k) => globalArNess(order, { k, withinStep })),
    entropy: entropies.reduce((sum, entropy) => sum + entropy, 0) / entropies.length,
    tokensPerPass: committed / (trace.steps.at(-1)?.forwardPasses || Number.NaN),
    answerLength: answerLength(cells, trace),
  };
}

function answerLength(cells: ReturnType<typeof completionCells>, { eosTokenIds }: DenoiseTrace): number | undefined {
  if (eosTokenIds === undefined) return undefined;
  const end = cells.findIndex(({ token }) => eosTokenIds.includes(token));
  return end === -1 ? cells.length : end;
}
