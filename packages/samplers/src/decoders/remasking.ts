// Decoding that can take tokens back (ReMDM, arXiv 2503.00307, sections 4.1 and 4.2). From timestep t to s, with a = 1 - t of
// the N masks revealed, each revealed token is masked again with probability
//   cap      min(eta, m)            where m = min(1, (1 - a_s) / a_t)
//   rescale  eta * m
//   conf     m * softmax(-psi)      over the revealed tokens, psi the probability that each had when it was committed;
// then masks are committed until a_s N tokens are revealed. In the last step m = 0, so nothing is left masked.
// Differs: 1. how many are committed is what the schedule wants, not drawn, as far as there are masks; which ones, the surest; 2. tokens of the prompt,
// and the end token with what lies behind it, stay.
import { parseConfig, type Random } from "@diffucoder/core";
import { z } from "zod";
import { type Change, maskedColumns } from "../canvas.ts";
import type { TokenSampling } from "../options.ts";
import { surest } from "../selection/surest.ts";
import { steps, tokenSampling } from "../shared-options.ts";
import { commit, type Decoder, type DecoderRow, type RowDecoder } from "./decoder.ts";

/** How long ReMDM decodes, and how much it takes back. */
export interface RemaskingOptions extends TokenSampling {
  /** Denoising steps, from 1 to 131,072. */
  steps: number;
  /**
   * How likely a revealed token is masked again. With m the most that the schedule allows, `cap`: min(`eta`, m); `rescale`:
   * `eta` * m; `conf`: a share of m, the larger the less sure the token was. @default "rescale"
   */
  remasking?: "cap" | "rescale" | "conf" | undefined;
  /** How much is masked again, in [0, 1]; `conf` does not read it. @default 0.1 */
  eta?: number | undefined;
}

/** Options of `remaskingDecoder`. Unknown keys fail. */
export const RemaskingOptionsSchema = z.strictObject({
  steps,
  remasking: z.enum(["cap", "rescale", "conf"]).default("rescale").describe("what decides how likely a token is masked again"),
  eta: z.number().min(0).max(1).describe("how much is masked again").default(0.1),
  ...tokenSampling,
}) satisfies z.ZodType<unknown, RemaskingOptions>;

/**
 * ReMDM's decoder, which can take tokens back: each step masks some revealed tokens again and commits the surest masks.
 *
 * @throws {ConfigError} naming every bad option
 */
export function remaskingDecoder(options: RemaskingOptions): Decoder {
  const parsed = parseConfig(RemaskingOptionsSchema, options, { source: "remaskingDecoder options" });
  const { steps, temperature, topP, topK } = parsed;
  return {
    draw: { temperature, topP, topK, confidence: "maskgit_plus" },
    maxSteps: () => steps,
    start: (row) => remaskingRow(row, parsed),
  };
}

type NamedOptions = Omit<RemaskingOptions, "remasking">;

const options = RemaskingOptionsSchema.omit({ remasking: true });

export const remaskingDecoders = {
  remdm_cap: {
    about: "the likeliest tokens; masks revealed ones again with probability eta at most",
    options,
    takesBack: true,
    make: (given: NamedOptions) => remaskingDecoder({ ...given, remasking: "cap" }),
  },
  remdm_rescale: {
    about: "the likeliest tokens; masks revealed ones again with eta times the most that the schedule allows",
    options,
    takesBack: true,
    make: (given: NamedOptions) => remaskingDecoder({ ...given, remasking: "rescale" }),
  },
  remdm_conf: {
    about: "the likeliest tokens; masks revealed ones again, the less sure the sooner",
    options: options.omit({ eta: true }),
    takesBack: true,
    make: (given: Omit<NamedOptions, "eta">) => remaskingDecoder({ ...given, remasking: "conf" }),
  },
};

type Settings = z.output<typeof RemaskingOptionsSchema>;

function remaskingRow({ canvas, maskTokenId, random }: DecoderRow, settings: Settings): RowDecoder {
  const total = maskedColumns(canvas.ids, maskTokenId).length;
  /** Probability at its commitment of each column that this decoder has committed. */
  const committed = new Map<number, number>();
  /** A constraint may have held some of them back. */
  const revealedColumns = (): [number, number][] => [...committed].filter(([column]) => canvas.ids[column] !== maskTokenId);
  const wanted = (step: number): number => Math.min(total, Math.floor((total * (step + 1)) / settings.steps));
  const known = (): number => revealedColumns().length + canvas.filled.size;
  return {
    ask: (step) => {
      const columns = maskedColumns(canvas.ids, maskTokenId);
      if (columns.length === 0 && (step >= settings.steps || canvas.end !== undefined)) return undefined;
      return { columns: wanted(step) > known() ? columns : [] };
    },
    answer: (candidates, step) => {
      const free = revealedColumns().filter(([column]) => column < (canvas.end ?? Infinity));
      const remasked = step < settings.steps ? drawRemasked(free, step, settings, random.split("remask", step)) : [];
      const change: Change = commit(candidates, surest(candidates.confidence, wanted(step) - known() + remasked.length));
      for (const column of remasked) committed.delete(column);
      change.positions.forEach((column, i) => committed.set(column, change.confidence[i]!));
      return remasked.length > 0 ? { ...change, remasked } : change;
    },
  };
}

/** @param revealed columns, and the probability of each when it was committed */
export function drawRemasked(
  revealed: readonly (readonly [number, number])[],
  step: number,
  { steps, remasking, eta }: Pick<Settings, "steps" | "remasking" | "eta">,
  random: Random,
): number[] {
  const [at, as] = [step / steps, (step + 1) / steps];
  const most = Math.min(1, (1 - as) / at);
  const weights = revealed.map(([, probability]) => Math.exp(-probability));
  const totalWeight = weights.reduce((a, b) => a + b, 0);
  const probabilityOf = {
    cap: () => Math.min(eta, most),
    rescale: () => eta * most,
    conf: (i: number) => (most * weights[i]!) / totalWeight,
  }[remasking];
  const drawn = revealed.map(() => random.uniform());
  return revealed.flatMap(([column], i) => (drawn[i]! < probabilityOf(i) ? [column] : []));
}
