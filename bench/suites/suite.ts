import type { Result } from "../measurement.ts";

export interface SuiteOptions {
  /** A round or two instead of a measurement: shows that a suite runs. */
  quick: boolean;
  /** Tasks of each split, for suites that score generated programs. @default the suite's */
  tasks?: number | undefined;
  /** Python that programs of benchmarks run on, for suites that score solutions. @default the system's, without packages */
  python?: string | undefined;
  /** Shows a line while the suite works. */
  say: (line: string) => void;
}

export type Suite = (options: SuiteOptions) => Promise<Result[]>;
