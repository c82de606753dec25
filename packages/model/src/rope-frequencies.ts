// Rotary frequencies (Su et al. 2021), and how models stretch them for sequences longer than those of pre-training:
//   f_i = theta^(-2i/D),   i = 0 ... D/2 - 1,   D the width of a head;
//   linear   f_i / s                                                                    (position interpolation, arXiv 2306.15595)
//   llama3   f_i / s for long waves, f_i for short ones, a linear blend between          (Llama 3.1's rope_scaling)
//   yarn     the blend goes by i, between the i that turn betaFast and betaSlow times in the original length; cosines and
//            sines are scaled by 0.1 ln s + 1 unless the config says otherwise           (arXiv 2309.00071)
// Differs: dynamic scalings, which depend on the length of the input, are not here.
import { z } from "zod";

const factor = z.number().min(1).describe("s: how many times longer than the original length");
const originalMaxPositionEmbeddings = z.int().positive().describe("the original length, tokens");

interface LinearScaling {
  /** Position interpolation: every frequency is divided by `factor`. */
  readonly type: "linear";
  /** How many times longer than the original length, from 1. */
  readonly factor: number;
}

interface Llama3Scaling {
  /** Llama 3.1's: long waves are stretched, short ones stay, and what lies between is blended. */
  readonly type: "llama3";
  /** How many times longer than the original length, from 1. */
  readonly factor: number;
  /** The length of pre-training, tokens. */
  readonly originalMaxPositionEmbeddings: number;
  /** Waves longer than the original length over this are stretched; below `highFreqFactor`. */
  readonly lowFreqFactor: number;
  /** Waves shorter than the original length over this stay. */
  readonly highFreqFactor: number;
}

interface YarnScaling {
  /** YaRN: the blend goes by how often a frequency turns in the original length. */
  readonly type: "yarn";
  /** How many times longer than the original length, from 1. */
  readonly factor: number;
  /** The length of pre-training, tokens. */
  readonly originalMaxPositionEmbeddings: number;
  /** Frequencies that turn at least this often in the original length stay. @default 32 */
  readonly betaFast: number;
  /** Frequencies that turn at most this often in it are divided by `factor`. @default 1 */
  readonly betaSlow: number;
  /** Factor on the cosines and sines. @default 0.1 ln(factor) + 1 */
  readonly attentionFactor?: number | undefined;
}

/** How rotary frequencies were stretched for sequences longer than those of pre-training: `linear`, `llama3` or `yarn` and its numbers. */
export type RopeScaling = LinearScaling | Llama3Scaling | YarnScaling;

export const RopeScalingSchema = z.discriminatedUnion("type", [
  z.strictObject({ type: z.literal("linear"), factor }),
  z
    .strictObject({
      type: z.literal("llama3"),
      factor,
      originalMaxPositionEmbeddings,
      lowFreqFactor: z.number().positive().describe("waves longer than the original length over this are stretched"),
      highFreqFactor: z.number().positive().describe("waves shorter than the original length over this stay"),
    })
    .refine(({ lowFreqFactor, highFreqFactor }) => lowFreqFactor < highFreqFactor, {
      path: ["highFreqFactor"],
      message: "must be above low_freq_factor",
    }),
  z.strictObject({
    type: z.literal("yarn"),
    factor,
    originalMaxPositionEmbeddings,
    betaFast: z.number().positive().default(32),
    betaSlow: z.number().positive().default(1),
    attentionFactor: z.number().positive().optional(),
  }),
]) satisfies z.ZodType<RopeScaling>;

export interface RopeFrequencies {
  /** `[D / 2]`, radians per position. */
  frequencies: number[];
  /** Factor on the cosines and sines of queries and keys. */
  attentionFactor: number;
}

export function ropeFrequencies({
  headSize,
  theta,
  scaling,
}: {
  headSize: number;
  theta: number;
  scaling?: RopeScaling | undefined;
}): RopeFrequencies {
  const half = headSize / 2;
  const base = Array.from({ length: half }, (_, i) => theta ** (-i / half));
  if (scaling === undefined) return { frequencies: base, attentionFactor: 1 };
  const { factor: s } = scaling;
  if (scaling.type === "linear") return { frequencies: base.map((f) => f / s), attentionFactor: 1 };

  const length = scaling.originalMaxPositionEmbeddings;
  if (scaling.type === "llama3") {
    const { lowFreqFactor: low, highFreqFactor: high } = scaling;
    const frequencies = base.map((f) => {
      const turns = (length * f) / (2 * Math.PI);
      const keep = clamp01((turns - low) / (high - low));
      return keep * f + (1 - keep) * (f / s);
    });
    return { frequencies, attentionFactor: 1 };
  }

  const { betaFast, betaSlow, attentionFactor = 0.1 * Math.log(s) + 1 } = scaling;
  /** The index whose frequency turns this often in the original length. */
  const indexOf = (turns: number): number => (half * Math.log(length / (2 * Math.PI * turns))) / Math.log(theta);
  const low = Math.max(Math.floor(indexOf(betaFast)), 0);
  const high = Math.min(Math.ceil(indexOf(betaSlow)), headSize - 1);
  const frequencies = base.map((f, i) => {
    const stretch = clamp01((i - low) / (high === low ? 0.001 : high - low));
    return (1 - stretch) * f + stretch * (f / s);
  });
  return { frequencies, attentionFactor };
}

function clamp01(x: number): number {
  return Math.min(Math.max(x, 0), 1);
}
