// How likely each of some labels is in a hole of a text. A label of the tokens t1 ... tn stands in a hole of n masks, written from left to right:
//   log p(label) = sum_k log p(t_k | text, t_1 ... t_k-1, masks for the rest)
// and its probability among the labels is the softmax of these. A row for each k, all in one batch: labels of one token share one row, and
// their probabilities are the softmax of its logits. Nothing is divided by the length, so a longer label is as unlikely as its tokens are.
import { ConfigError, parseConfig, TooLongError } from "@diffucoder/core";
import { modelTraits } from "@diffucoder/model";
import { createTokenScorer, type ScoredRow, segmentsCanvas, type TokenScorer, type TokenScorerOptions } from "@diffucoder/samplers";
import { z } from "zod";
import { idsWithoutToken } from "./denoisers.ts";
import type { ModelFolder } from "./folder/model-folder.ts";
import { expectInfilling, rowOf } from "./infill.ts";

/** A text with one hole, and what may stand there. */
export interface ScoreLabelsOptions {
  /** What may stand in the hole: from 1 to 256 different texts. */
  labels: readonly string[];
  /** Text before the hole. @default "" */
  prefix?: string | undefined;
  /** Text behind it. @default "" */
  suffix?: string | undefined;
  /** A request, put into the chat template as a user's: the text is then the answer to it. @default the text stands alone */
  prompt?: string | undefined;
}

/** All of `ScoreLabelsOptions`. */
export const ScoreLabelsOptionsSchema = z.strictObject({
  labels: z.array(z.string().min(1).max(1024)).min(1).max(256).describe("what may stand in the hole"),
  prefix: z.string().default("").describe("text before the hole"),
  suffix: z.string().default("").describe("text behind it"),
  prompt: z.string().optional().describe("a request to which the text is the answer"),
}) satisfies z.ZodType<unknown, ScoreLabelsOptions>;

/** A label, and how likely it is. */
export interface LabelScore {
  /** The label. */
  label: string;
  /** Among the labels: they sum to 1. */
  probability: number;
  /** Of its tokens in a hole of as many masks, from left to right, nats. */
  logProbability: number;
  /** How many tokens it has. */
  tokens: number;
}

/** The labels in their order. */
export interface LabelScores {
  /** One for each label. */
  labels: readonly LabelScore[];
  /** Tokens of everything that was given around the hole. */
  promptTokens: number;
  /** Forward passes. */
  forwardPasses: number;
}

/** A request's rows: `rows[i]` belongs to the label `labelOf[i]`. */
export interface PreparedLabels {
  labels: readonly { label: string; tokens: number }[];
  rows: readonly ScoredRow[];
  labelOf: readonly number[];
  promptTokens: number;
}

/** Checks and tokenizes a request. @throws what `DiffuCoder.scoreLabels` throws of its options */
export function prepareLabels(model: ModelFolder, options: ScoreLabelsOptions): PreparedLabels {
  expectInfilling(model);
  const source = "scoreLabels options";
  const { labels, prefix, suffix, prompt } = parseConfig(ScoreLabelsOptionsSchema, options, { source });
  const twice = labels.find((label, i) => labels.indexOf(label) < i);
  if (twice !== undefined) throw new ConfigError({ source, problems: [`labels: must be different, got ${JSON.stringify(twice)} twice`] });
  const { maskTokenId = 0 } = modelTraits(model.config);
  const all = labels.map((label) => {
    const tokens = model.tokenizer.encode(label);
    const pieces = [prefix, { masks: tokens.length }, suffix].filter((piece) => piece !== "");
    const canvas = segmentsCanvas(rowOf({ segments: pieces, prompt }, model), { maskTokenId });
    if (canvas.ids.length > model.maxLength)
      throw new TooLongError({
        argument: "prefix",
        what: "The text",
        where: `with the label ${JSON.stringify(label)} and everything around it`,
        tokens: canvas.ids.length,
        limit: model.maxLength,
        wayOut: `The model is made for ${model.maxLength} tokens.`,
      });
    const rows = tokens.map((token, k): ScoredRow => {
      const ids = [...canvas.ids];
      ids.splice(canvas.completionStart, k, ...tokens.slice(0, k));
      return { ids, column: canvas.completionStart + k, token };
    });
    return { label, tokens: tokens.length, rows, given: canvas.ids.length - tokens.length };
  });
  return {
    labels: all.map(({ label, tokens }) => ({ label, tokens })),
    rows: all.flatMap(({ rows }) => rows),
    labelOf: all.flatMap(({ rows }, i) => rows.map(() => i)),
    promptTokens: all[0]!.given,
  };
}

/** What scores the tokens of a model's rows. Ids without a token and the mask have no probability, as when the model decodes. */
export function labelScorer(
  { config, tokenizer, maxLength }: Pick<ModelFolder, "config" | "tokenizer" | "maxLength">,
  options: Pick<TokenScorerOptions, "logits" | "parameters" | "executor" | "maxTokens">,
): TokenScorer {
  const { vocabSize } = config;
  const { shift, maskTokenId = 0 } = modelTraits(config);
  const forbiddenIds = [...idsWithoutToken(tokenizer, vocabSize), maskTokenId];
  return createTokenScorer({ ...options, vocabSize, forbiddenIds, shift, maxLength });
}

/** See `DiffuCoder.scoreLabels`. */
export async function scoreLabels(model: ModelFolder, scorer: TokenScorer, options: ScoreLabelsOptions): Promise<LabelScores> {
  const { labels, rows, labelOf, promptTokens } = prepareLabels(model, options);
  const { logProbabilities, forwardPasses } = await scorer.score(rows);
  const sums = labels.map(() => 0);
  logProbabilities.forEach((logProbability, i) => (sums[labelOf[i]!]! += logProbability));
  const most = Math.max(...sums);
  const total = sums.reduce((sum, one) => sum + Math.exp(one - most), 0);
  const scores = labels.map((label, i) => ({ ...label, probability: Math.exp(sums[i]! - most) / total, logProbability: sums[i]! }));
  return { labels: scores, promptTokens, forwardPasses };
}
