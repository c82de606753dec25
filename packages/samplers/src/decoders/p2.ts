// P2, path planning (arXiv 2502.03540), as Open-dCoder's sampler has it (pengzhangzhi/Open-dLLM, `generation_utils.py`). N
// positions are free at the start. Step i of S proposes a token for each of them, revealed or not, and says how sure it is:
// c = p(x0). The floor(N (1 - (i + 1) / S)) least sure are masked, also if they were not; the other masks get their token, and what
// is revealed and stays keeps its own. So a token is taken back when the model would no longer choose the like with confidence.
// Differs: 1. of equally sure positions the left ones are masked; 2. the answer is cut at its end token when the run is over, since
// until then that token may be taken back.
import { parseConfig } from "@diffucoder/core";
import { z } from "zod";
import type { TokenSampling } from "../options.ts";
import { steps, tokenSampling } from "../shared-options.ts";
import { ranked } from "../selection/surest.ts";
import { commit, type Decoder, type DecoderRow, type RowDecoder } from "./decoder.ts";

/** Options of `p2Decoder`. */
export interface P2Options extends TokenSampling {
  /** Denoising steps, from 1 to 131,072. @default 512 */
  steps?: number | undefined;
}

/** Options of `p2Decoder`. Unknown keys fail. */
export const P2OptionsSchema = z.strictObject({ steps: steps.default(512), ...tokenSampling }) satisfies z.ZodType<unknown, P2Options>;

/**
 * P2's decoder, which takes tokens back that it is no longer sure of.
 *
 * @throws {ConfigError} naming every bad option
 */
export function p2Decoder(options: P2Options = {}): Decoder {
  const { steps, temperature, topP, topK } = parseConfig(P2OptionsSchema, options, { source: "p2Decoder options" });
  return {
    draw: { temperature, topP, topK, confidence: "maskgit_plus" },
    fillsFrom: () => undefined,
    maxSteps: () => steps,
    start: (row) => p2Row(row, steps),
  };
}

export const p2Decoders = {
  p2: {
    about: "the likeliest tokens, weighed anew in each step with those that are revealed: the least sure become masks",
    options: P2OptionsSchema,
    takesBack: true,
    make: p2Decoder,
  },
};

function p2Row({ canvas, maskTokenId }: DecoderRow, steps: number): RowDecoder {
  const free = Array.from(canvas.ids.keys()).filter((column) => canvas.ids[column] === maskTokenId);
  return {
    ask: () => (canvas.ids.includes(maskTokenId) ? { columns: free } : undefined),
    answer: (candidates, step) => {
      const { columns, confidence } = candidates;
      const count = masksAfter(free.length, step, steps);
      const least = ranked(Float32Array.from(confidence, (c) => -c)).slice(0, count);
      const masked = new Set(least);
      const isMask = (i: number): boolean => canvas.ids[columns[i]!] === maskTokenId;
      const change = commit(
        candidates,
        ranked(confidence).filter((i) => isMask(i) && !masked.has(i)),
      );
      const remasked = least.filter((i) => !isMask(i)).map((i) => columns[i]!);
      return remasked.length > 0 ? { ...change, remasked } : change;
    },
  };
}

/** In float32, as torch computes it. */
function masksAfter(free: number, step: number, steps: number): number {
  return Math.floor(Math.fround(free * Math.fround(1 - (step + 1) / steps)));
}
