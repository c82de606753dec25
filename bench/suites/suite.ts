import type { OnProgress } from "@diffucoder/core";
import type { Result } from "../measurement.ts";

export interface SuiteOptions {
  /** A round or two instead of a measurement: shows that a suite runs. */
  quick: boolean;
  onProgress: OnProgress;
}

export type Suite = (options: SuiteOptions) => Promise<Result[]>;
