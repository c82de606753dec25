// What samples cost, whatever the hardware: forward passes, and tokens of the answers for each of them.
import { accuracyUnderParallelism } from "../aup.ts";
import type { DecodingCost } from "../samples/samples-file.ts";
import type { SuiteSummary } from "./summarize-suites.ts";

/** Means over samples. */
export interface DecodingFigures {
  /** Forward passes of a sample. */
  readonly forwardPasses: number;
  /** Tokens of a sample, its end token included. */
  readonly tokens: number;
  /** Tokens of all samples by their forward passes. */
  readonly tokensPerPass: number;
}

/** Accuracy under parallelism of one method. */
export interface MethodFigure {
  /** What its runs have in common. */
  readonly method: string;
  /** Whose pass@1 it is. */
  readonly suite: SuiteSummary["suite"];
  /** As `accuracyUnderParallelism` gives it; the best of the runs beside it is its y_max. */
  readonly aup: number;
}

/** @returns empty unless the cost of every sample is known */
export function decodingFigures(samples: readonly { readonly cost?: DecodingCost }[]): { decoding?: DecodingFigures } {
  const costs = samples.flatMap(({ cost }) => (cost === undefined ? [] : [cost]));
  if (costs.length === 0 || costs.length < samples.length) return {};
  const [passes, tokens] = [costs.reduce((sum, { forwardPasses }) => sum + forwardPasses, 0), costs.reduce((sum, one) => sum + one.tokens, 0)];
  if (passes === 0) return {};
  return { decoding: { forwardPasses: passes / costs.length, tokens: tokens / costs.length, tokensPerPass: tokens / passes } };
}

/** Accuracy under parallelism of each method, its runs being the points of its curve. */
export function methodFigures(
  runs: readonly { readonly method?: string; readonly decoding?: DecodingFigures; readonly suites: readonly SuiteSummary[] }[],
): MethodFigure[] {
  const points = runs.flatMap(({ method, decoding, suites }) => {
    const tokensPerPass = decoding?.tokensPerPass ?? 0;
    return method === undefined || tokensPerPass === 0
      ? []
      : suites.flatMap(({ suite, passAtK }) =>
          passAtK.filter(({ k }) => k === 1).map(({ estimate }) => ({ method, suite, tokensPerPass, accuracy: estimate })),
        );
  });
  const curves = new Map<string, typeof points>();
  for (const point of points) curves.set(`${point.suite} ${point.method}`, [...(curves.get(`${point.suite} ${point.method}`) ?? []), point]);
  return [...curves.values()].map((curve) => {
    const { method, suite } = curve[0]!;
    const best = Math.max(...points.filter((point) => point.suite === suite).map(({ accuracy }) => accuracy));
    return { method, suite, aup: accuracyUnderParallelism(curve, best) };
  });
}
