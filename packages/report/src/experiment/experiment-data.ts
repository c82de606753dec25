import type { Estimate } from "@diffucoder/eval";

/** An arm and what it came to. */
export interface ReportArm {
  /** Its name. */
  readonly arm: string;
  /** What it is. */
  readonly note: string;
  /** The seeds that are recorded. */
  readonly seeds: readonly number[];
  /** For each evaluation and k. */
  readonly passAtK: readonly (Estimate & {
    /** Name of the evaluation. */
    readonly evaluation: string;
    /** Its k. */
    readonly k: number;
    /** Tasks that count. */
    readonly tasks: number;
  })[];
  /** Tokens of a training, mean over seeds; 0 where there is none. */
  readonly networkTokens: number;
  /** Of training and evaluations on the clock, mean over seeds. */
  readonly seconds: number;
  /** Of training and evaluations of the processor, mean over seeds. */
  readonly processorSeconds: number;
}

/** A prediction and what became of it. */
export interface ReportComparison {
  /** The arm that something is predicted of. */
  readonly arm: string;
  /** The arm that it is compared with. */
  readonly against: string;
  /** Name of the evaluation. */
  readonly evaluation: string;
  /** Of pass@k. */
  readonly k: number;
  /** Where pass@k of `arm` minus that of `against` was predicted: above `margin`, below `-margin`, or between the two. */
  readonly expected: "higher" | "lower" | "same";
  /** As a share. */
  readonly margin: number;
  /** What was measured. @default nothing yet */
  readonly difference?: Estimate | undefined;
  /** Tasks that count. */
  readonly tasks: number;
  /** Seeds that are recorded of both arms. */
  readonly seeds: number;
  /** `"pending"`: not all planned runs are recorded. */
  readonly verdict: "holds" | "fails" | "open" | "pending";
  /** Tokens of `arm`'s training over those of `against`'s. @default not known */
  readonly computeRatio?: number | undefined;
  /** Whether the two had the same compute. @default not known */
  readonly isEqualCompute?: boolean | undefined;
}

/** A figure of the training. */
export interface ReportCurve {
  /** Its name. */
  readonly figure: string;
  /** For each arm that has it, the values of each seed's run, step by step; `null` where a step lacks it. */
  readonly arms: readonly {
    /** Name of the arm. */
    readonly arm: string;
    /** One for each seed: one value for each step. */
    readonly runs: readonly (readonly (number | null)[])[];
  }[];
}

/** An experiment: all that its page shows. */
export interface ExperimentReportData {
  /** Its folder's name. */
  readonly name: string;
  /** What was put down before the runs, in Markdown. */
  readonly registration: string;
  /** Seeds that each arm is to run with. */
  readonly plannedSeeds: readonly number[];
  /** In the plan's order. */
  readonly arms: readonly ReportArm[];
  /** In the plan's order. */
  readonly comparisons: readonly ReportComparison[];
  /** Figures of the trainings. */
  readonly curves: readonly ReportCurve[];
  /** Days of the first and the last record. @default no record yet */
  readonly dates?: readonly [first: string, last: string] | undefined;
  /** What it was computed on. */
  readonly machines: readonly string[];
  /** The commits that were checked out. */
  readonly commits: readonly string[];
  /** Commands that run and show it again. */
  readonly commands: readonly string[];
  /** Pages of other records of the experiment. */
  readonly pages: readonly {
    /** What it shows. */
    readonly title: string;
    /** Relative to the experiment's page. */
    readonly href: string;
  }[];
}
