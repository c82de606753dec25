import { InvalidArgumentError } from "@diffucoder/core";
import { z } from "zod";
import { type CoupledCompat, CoupledCompatSchema, createCoupled } from "./coupled.ts";
import { decoupled } from "./decoupled.ts";
import type { Estimator } from "./estimator.ts";
import { exact } from "./exact.ts";
import { fullMask } from "./full-mask.ts";
import { leftToRight } from "./left-to-right.ts";
import { monteCarlo, MonteCarloOptionsSchema } from "./monte-carlo.ts";
import { partition, PartitionOptionsSchema } from "./partition.ts";
import { sandwiched, SandwichedOptionsSchema } from "./sandwiched.ts";
import { sequenceLevel, SequenceLevelOptionsSchema } from "./sequence-level.ts";
import { traceReplay, TraceReplayOptionsSchema } from "./trace-replay.ts";

/** Settings of the estimators that have any. */
export interface EstimatorOptions {
  /** Of `coupled`: parts of a completion, each masked in a pass of its own. @default 2 */
  parts?: number | undefined;
  /** Of `coupled`: weight of the pass in which all tokens are masked; 0 saves it. @default 1 */
  lambda?: number | undefined;
  /** Of `coupled`: how a part's tokens count, by one over its share as in the paper, or all alike. @default "inverseShare" */
  weights?: "inverseShare" | "none" | undefined;
  /** Of `coupled`, without its other options: what the published code does and the estimate here mends. @default {}, all mended */
  compat?: CoupledCompat | undefined;
  /** Of `monteCarlo`, `sandwiched` and `sequenceLevel`: masks, or complementary pairs of them, for each completion. @default 2 */
  numMc?: number | undefined;
  /** Of `sandwiched`: power in the bound from above. @default 1.5 */
  euboBeta?: number | undefined;
  /** Of `sandwiched`: share of the bound from above where a completion was bad. @default 0.5 */
  mixWeight?: number | undefined;
  /** Of `traceReplay`: denoising steps that are scored together in one pass. @default 8 */
  shrink?: number | undefined;
}

/** An estimator that a configuration can name. */
interface NamedEstimator {
  /** The settings that it has. */
  options: z.ZodObject;
  /** Makes it, from settings of its own. */
  create(options: EstimatorOptions): Estimator;
}

const CoupledOptionsSchema = PartitionOptionsSchema.extend({ compat: CoupledCompatSchema.optional() });

const ALONE = "left out where parts, lambda or weights make another estimate than the published one";

const isPublished = ({ parts = 2, lambda = 1, weights = "inverseShare" }: EstimatorOptions): boolean =>
  parts === 2 && lambda === 1 && weights === "inverseShare";

/** Estimators that a configuration can name. */
export const ESTIMATORS = {
  coupled: {
    options: CoupledOptionsSchema,
    create: (options) => {
      const { parts, lambda, weights, compat } = CoupledOptionsSchema.parse(options);
      if (isPublished({ parts, lambda, weights })) return createCoupled(compat);
      if (compat !== undefined) throw new InvalidArgumentError({ argument: "estimatorOptions.compat", value: compat, expected: ALONE });
      return partition({ parts, lambda, weights });
    },
  },
  decoupled: { options: z.strictObject({}), create: () => decoupled() },
  fullMask: { options: z.strictObject({}), create: () => fullMask() },
  monteCarlo: { options: MonteCarloOptionsSchema, create: (options) => monteCarlo(MonteCarloOptionsSchema.parse(options)) },
  sequenceLevel: { options: SequenceLevelOptionsSchema, create: (options) => sequenceLevel(SequenceLevelOptionsSchema.parse(options)) },
  sandwiched: { options: SandwichedOptionsSchema, create: (options) => sandwiched(SandwichedOptionsSchema.parse(options)) },
  traceReplay: { options: TraceReplayOptionsSchema, create: (options) => traceReplay(TraceReplayOptionsSchema.parse(options)) },
  leftToRight: { options: z.strictObject({}), create: () => leftToRight() },
  exact: { options: z.strictObject({}), create: () => exact() },
} as const satisfies Readonly<Record<string, NamedEstimator>>;

/** A name of `ESTIMATORS`. */
export type EstimatorName = keyof typeof ESTIMATORS;

/** The names of `ESTIMATORS`. */
export const ESTIMATOR_NAMES = Object.keys(ESTIMATORS) as [EstimatorName, ...EstimatorName[]];

const { numMc } = MonteCarloOptionsSchema.shape;
const { parts, lambda, weights } = PartitionOptionsSchema.shape;
const { euboBeta, mixWeight } = SandwichedOptionsSchema.shape;
const { shrink } = TraceReplayOptionsSchema.shape;

/** `EstimatorOptions` as settings; which of them an estimator has, `estimatorOptionProblems` says. */
export const EstimatorOptionsSchema = z.strictObject({
  parts: parts.unwrap().optional().describe(`coupled: ${parts.description} (default: 2)`),
  lambda: lambda.unwrap().optional().describe(`coupled: ${lambda.description} (default: 1)`),
  weights: weights.unwrap().optional().describe(`coupled: ${weights.description} (default: inverseShare)`),
  compat: CoupledCompatSchema.optional().describe(
    "coupled, without its other options: what the published code does and the estimate here mends (default: all mended)",
  ),
  numMc: numMc
    .unwrap()
    .optional()
    .describe("monteCarlo, sandwiched and sequenceLevel: masks, or complementary pairs of them, for each completion (default: 2)"),
  euboBeta: euboBeta.unwrap().optional().describe(`sandwiched: ${euboBeta.description} (default: 1.5)`),
  mixWeight: mixWeight.unwrap().optional().describe(`sandwiched: ${mixWeight.description} (default: 0.5)`),
  shrink: shrink.unwrap().optional().describe(`traceReplay: ${shrink.description} (default: 8)`),
}) satisfies z.ZodType<EstimatorOptions>;

/** Options that an estimator does not have, each with what it has: empty if all is well. */
export function estimatorOptionProblems(estimator: EstimatorName, options: EstimatorOptions): { option: string; problem: string }[] {
  const known = Object.keys(ESTIMATORS[estimator].options.shape);
  const wanted = known.length === 0 ? "no options" : `only ${known.join(", ")}`;
  const unknown = Object.keys(options)
    .filter((option) => !known.includes(option))
    .map((option) => ({ option, problem: `is no option of the estimator ${estimator}, which has ${wanted}` }));
  const isTwice = estimator === "coupled" && options.compat !== undefined && !isPublished(options);
  return isTwice ? [...unknown, { option: "compat", problem: `must be ${ALONE}` }] : unknown;
}

/** The estimator that a configuration names. */
export function createEstimator({
  estimator,
  estimatorOptions = {},
}: {
  /** Its name. */
  estimator: EstimatorName;
  /** Its settings. @default {}, its own defaults */
  estimatorOptions?: EstimatorOptions;
}): Estimator {
  return ESTIMATORS[estimator].create(estimatorOptions);
}
