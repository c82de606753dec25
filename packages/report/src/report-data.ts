import type { PassComparison } from "@diffucoder/eval";

/** Everything that the report of the main job shows. Plain JSON. Shares are in [0, 1]. */
export interface QuickstartReportData {
  /** The page's title, plain text. */
  readonly title: string;
  /** Seed of the job. */
  readonly seed: number;
  /** pass@1 of the held-out tasks before and after coupled-GRPO. */
  readonly passAt1: PassComparison;
  /** pass@k for a larger `k`, usually the samples of a task. @default absent if a task has one sample */
  readonly passAtK?: {
    /** Samples of which one has to pass. */
    readonly k: number;
    /** pass@k before and after. */
    readonly comparison: PassComparison;
  };
  /** Held-out tasks that were compared. */
  readonly tasks: number;
  /** Completions drawn for each task. */
  readonly samplesPerTask: number;
  /** Wall-clock time of the whole job, seconds. */
  readonly seconds: number;
  /** Samples that could not be scored and were left out. @default 0 */
  readonly infrastructureFailures?: number;
  /** One per coupled-GRPO iteration, in order. */
  readonly iterations: readonly IterationMetrics[];
  /** Completions of the trained model; the page shows the reveal order of those that have one. */
  readonly examples: readonly ReportExample[];
  /** Model, steps, learning rate and the rest, in the order in which they are shown. */
  readonly settings: Readonly<Record<string, string | number>>;
  /** Versions, processor, sandbox level. */
  readonly environment?: Readonly<Record<string, string | number>>;
  /** Commands that reproduce this report. */
  readonly reproduce?: readonly string[];
  /** What to try next, one sentence each; `backticks` mark code. */
  readonly next: readonly string[];
}

/** Figures of one iteration. A number that is not finite leaves a gap in its curve. */
export interface IterationMetrics {
  /** Iteration number, from 1. */
  readonly step: number;
  /** Mean weighted reward. */
  readonly reward: number;
  /** Mean share of tests passed. */
  readonly codeReward: number;
  /** Mean format reward. */
  readonly formatReward: number;
  /** Mean KL to the reference policy, nats per token. */
  readonly kl: number;
  /** Mean completion length, tokens. */
  readonly completionLength: number;
  /** Share of tokens whose ratio was clipped. */
  readonly clipRatio: number;
  /** Global gradient norm before clipping. */
  readonly gradNorm: number;
  /** The clipped objective with its KL term, to be minimized. */
  readonly loss: number;
  /** Wall-clock time of the iteration, seconds. */
  readonly secondsPerIteration: number;
}

/** A completion and how its tests went. */
export interface ReportAttempt {
  /** What the model wrote. */
  readonly text: string;
  /** Whether it passed every test. */
  readonly passed: boolean;
  /** One for each test. */
  readonly verdicts: readonly ReportVerdict[];
}

/** A task, and what the trained model wrote for it. */
export interface ReportExample extends ReportAttempt {
  /** The task as the model saw it. */
  readonly prompt: string;
  /** What the model wrote before training. */
  readonly before?: ReportAttempt;
  /** Of the trained model's completion. */
  readonly reveal?: RevealOrder;
}

/** One test, its values as source text (`[1, 2]`, `'a'`, `(1,)`). */
export interface ReportVerdict {
  /** Arguments of the call. */
  readonly args: string;
  /** What the call should return. */
  readonly expected: string;
  /** What it returned, or why it returned nothing. */
  readonly got: string;
  /** `"passed"`, or why not: `"wrong"`, `"timeout"`, ... */
  readonly verdict: string;
}

/** In which order the tokens of a completion were revealed. The lists have one entry per token, in text order. */
export interface RevealOrder {
  /** Text of each token. */
  readonly tokens: readonly string[];
  /** Denoising step that revealed the token, from 0; negative if it was given. */
  readonly stepOf: readonly number[];
  /** Confidence that the sampler ranked the token by: a probability or a negative entropy, depending on its algorithm. */
  readonly confidence?: readonly number[];
  /** Denoising steps in all. */
  readonly steps: number;
}
