// Our score of a published model beside the published one, and in what the two evaluations differ.
import { type KnownModel, knownModel, type PublishedScore } from "@diffucoder/engine";
import type { EvalResult, EvalRun } from "@diffucoder/eval";
import type { EvalConfig } from "./eval-config.ts";

/** What `EvalConfig` has for a dataset whose base tests a card's benchmark is. */
const CARD_NAMES: Readonly<Record<string, PublishedScore["dataset"]>> = { humaneval: "humaneval", "humaneval+": "humaneval", mbpp: "mbpp" };

/**
 * The settings that a known model's published scores were measured with; none if they, or the scores, are not known.
 *
 * @param given settings that a person gave: another `alg` has steps and blocks of its own
 */
export function cardSettings({ model, dataset, alg }: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> {
  const known = typeof model === "string" ? knownModel(model) : undefined;
  if (known?.evaluation === undefined || publishedScores(known, dataset).length === 0) return {};
  const { temperature, maxNewTokens } = known.evaluation;
  return alg === undefined ? known.evaluation : { temperature, maxNewTokens };
}

function publishedScores({ scores = [] }: KnownModel, dataset: unknown): PublishedScore[] {
  return scores.filter((score) => score.dataset === CARD_NAMES[String(dataset)]);
}

/** Two evaluations of one model. */
export interface BesideTheCard {
  /** What others publish. */
  published: PublishedScore[];
  /** pass@1 of each run here in percent, with its 95 % interval. */
  ours: {
    /** The run. */
    label: string;
    /** pass@1, 0 to 100. */
    percent: number;
    /** Of `percent`, over tasks. */
    interval95: [low: number, high: number];
  }[];
  /** In what ours differs from the published evaluation, as far as that is known; a phrase each. */
  differences: string[];
}

/** `undefined` if the model is not a known one by its repository, or nothing is published of it on this dataset. */
export function besideTheCard({ runs, dataset }: EvalResult, config: EvalConfig): BesideTheCard | undefined {
  const known = config.model === undefined ? undefined : knownModel(config.model);
  const published = known === undefined ? [] : publishedScores(known, dataset.name);
  if (known === undefined || published.length === 0) return undefined;
  const ours = runs.flatMap(({ label, suites }) =>
    suites
      .filter(({ suite }) => suite === "base")
      .flatMap(({ passAtK }) => passAtK.filter(({ k }) => k === 1))
      .map(({ estimate, interval95: [low, high] }) => ({ label, percent: 100 * estimate, interval95: [100 * low, 100 * high] as [number, number] })),
  );
  return { published, ours, differences: [...settingDifferences(known, config), ...runDifferences(runs)] };
}

function settingDifferences({ evaluation }: KnownModel, config: EvalConfig): string[] {
  if (evaluation === undefined) return ["the settings of the published evaluation are not known"];
  const used: Readonly<Record<string, unknown>> = { ...config };
  return Object.entries(evaluation).flatMap(([name, theirs]) => (used[name] === theirs ? [] : [`${name} ${show(used[name])} instead of ${theirs}`]));
}

const show = (value: unknown): string => (value === undefined ? "by default" : JSON.stringify(value));

function runDifferences(runs: readonly EvalRun[]): string[] {
  const { source, tasks } = runs[0] ?? {};
  const quantization = source?.kind === "model" ? source.sampler["quantize"] : undefined;
  return [
    ...(typeof quantization === "string" ? [`weights in ${quantization}`] : []),
    ...(tasks !== undefined && tasks.scored < tasks.all ? [`${tasks.scored} of ${tasks.all} tasks`] : []),
    "the prompt and how code is taken from the answer, which the card does not show",
  ];
}

/** The same as lines of text. */
export function besideTheCardText({ published, ours, differences }: BesideTheCard): string {
  const isSweep = ours.length > 1;
  const percent = (value: number): string => value.toFixed(1);
  return [
    `published: ${published.map((score) => `${percent(score.percent)} % (${score.source})`).join(", ")}`,
    ...ours.map((one) => `ours:      ${percent(one.percent)} % (${one.interval95.map(percent).join(" to ")})${isSweep ? `, ${one.label}` : ""}`),
    `differs in ${differences.join("; ")}`,
  ].join("\n");
}
