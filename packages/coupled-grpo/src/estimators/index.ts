import { coupled } from "./coupled.ts";
import type { Estimator } from "./estimator.ts";

/** Estimators that a configuration can name. */
export const ESTIMATORS = { coupled } as const satisfies Readonly<Record<string, Estimator>>;

/** A name of `ESTIMATORS`. */
export type EstimatorName = keyof typeof ESTIMATORS;

/** The names of `ESTIMATORS`. */
export const ESTIMATOR_NAMES = Object.keys(ESTIMATORS) as [EstimatorName, ...EstimatorName[]];
