import type { Result } from "../measurement.ts";

export interface SuiteOptions {
  /** A round or two instead of a measurement: shows that a suite runs. */
  quick: boolean;
  /** Shows a line while the suite works. */
  say: (line: string) => void;
}

export type Suite = (options: SuiteOptions) => Promise<Result[]>;
