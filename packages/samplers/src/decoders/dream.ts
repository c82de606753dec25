// Dream's four algorithms (`generation_utils.py`, `_sample`): from timestep t to s < t, of m masks
//   origin                              each mask is committed with probability 1 - s/t, and all of them in the last step;
//   maskgit_plus, topk_margin, entropy  the floor(m (1 - s/t)) surest masks are, or as many drawn from
//                                       softmax(confidence / algTemp) without replacement.
// Differs: 1. m is counted for each row, not as the mean of the batch; 2. with `schedule: "even"`, s/t is replaced by what
// spreads the masks evenly over the steps; 3. fewer candidates than drawn positions are all taken, where torch raises;
// 4. a step that commits nothing costs no forward pass.
import { parseConfig } from "@diffucoder/core";
import { timestep, transferCount } from "@diffucoder/diffusion";
import { z } from "zod";
import { type Alg, type SamplerOptions, SamplerOptionsSchema } from "../options.ts";
import { drawSurest, surest } from "../selection/surest.ts";
import type { Decoder } from "./decoder.ts";
import { revealDecoder, type RevealRule } from "./reveal.ts";

/** Options of Dream's decoder. */
export type DreamOptions = Partial<Omit<SamplerOptions, "maxNewTokens">>;

const { maxNewTokens: _, ...shape } = SamplerOptionsSchema.shape;
const DreamOptionsSchema = z.strictObject(shape);

/**
 * Dream's decoder.
 *
 * @throws {ConfigError} naming every bad option
 */
export function dreamDecoder(given: DreamOptions): Decoder {
  const options = parseConfig(SamplerOptionsSchema, { maxNewTokens: 1, ...given }, { source: "dreamDecoder options" });
  const { alg, temperature, topP, topK } = options;
  const rule = alg === "origin" ? originRule(options) : surestRule(options);
  return revealDecoder({ draw: { temperature, topP, topK, confidence: alg === "origin" ? "maskgit_plus" : alg }, rule });
}

type SurestOptions = Omit<DreamOptions, "alg">;

function surestDecoder(alg: Exclude<Alg, "origin">, about: string) {
  return { about, options: DreamOptionsSchema.omit({ alg: true }), make: (options: SurestOptions) => dreamDecoder({ ...options, alg }) };
}

export const dreamDecoders = {
  origin: {
    about: "any positions, at random",
    options: DreamOptionsSchema.omit({ alg: true, algTemp: true }),
    make: (options: Omit<SurestOptions, "algTemp">) => dreamDecoder({ ...options, alg: "origin" }),
  },
  maskgit_plus: surestDecoder("maskgit_plus", "the positions whose token is likeliest"),
  topk_margin: surestDecoder("topk_margin", "the positions whose likeliest token is furthest ahead of the second"),
  entropy: surestDecoder("entropy", "the positions whose distribution has the lowest entropy"),
};

function surestRule({ steps, schedule, eps, algTemp }: SamplerOptions): RevealRule {
  // A constraint may hold back a token in the last step, which is then repeated.
  const count = (left: number, step: number): number => transferCount({ masked: left, step: Math.min(step, steps - 1), steps, schedule, eps });
  return {
    maxSteps: () => steps,
    isIdle: ({ left, step }) => count(left, step) === 0,
    choose: ({ confidence }, { left, step, random }) =>
      algTemp === undefined ? surest(confidence, count(left, step)) : drawSurest(confidence, count(left, step), { temperature: algTemp, random }),
  };
}

function originRule({ steps, schedule, eps }: SamplerOptions): RevealRule {
  return {
    maxSteps: () => steps,
    choose: ({ columns }, { step, random }) => {
      const probability = revealProbability({ step, steps, schedule, eps });
      const drawn = columns.map(() => Math.fround(random.uniform()));
      return [...columns.keys()].filter((i) => drawn[i]! < probability);
    },
  };
}

/** In float32, as torch computes it. */
function revealProbability({ step, steps, schedule, eps }: Pick<SamplerOptions, "steps" | "schedule" | "eps"> & { step: number }): number {
  if (step >= steps - 1) return 1;
  if (schedule === "even") return 1 / (steps - step);
  return Math.fround(1 - Math.fround(timestep(step + 1, steps, eps) / timestep(step, steps, eps)));
}
