// One token a step from left to right: the baseline. With a causal denoiser (`attention: "causal"`) this is an
// autoregressive model, p(x) = prod p(x_i | x_<i); with a bidirectional one, a diffusion model read in that order.
import { parseConfig } from "@diffucoder/core";
import { z } from "zod";
import type { TokenSampling } from "../options.ts";
import { tokenSampling } from "../shared-options.ts";
import { commit, type Decoder } from "./decoder.ts";

/** How the tokens are drawn. */
export interface AutoregressiveOptions extends TokenSampling {}

/** Options of `autoregressiveDecoder`. Unknown keys fail. */
export const AutoregressiveOptionsSchema = z.strictObject(tokenSampling) satisfies z.ZodType<unknown, AutoregressiveOptions>;

/**
 * Commits one token a step, from left to right.
 *
 * @throws {ConfigError} naming every bad option
 */
export function autoregressiveDecoder(options: AutoregressiveOptions = {}): Decoder {
  const { temperature, topP, topK } = parseConfig(AutoregressiveOptionsSchema, options, { source: "autoregressiveDecoder options" });
  return {
    draw: { temperature, topP, topK, confidence: "maskgit_plus" },
    leftToRight: true,
    maxSteps: ({ ids }) => ids.length,
    start: ({ canvas, maskTokenId }) => ({
      ask: () => {
        const column = canvas.ids.indexOf(maskTokenId);
        return column === -1 ? undefined : { columns: [column], window: [column, column + 1] };
      },
      answer: (candidates) => commit(candidates, [0]),
    }),
  };
}

export const autoregressiveDecoders = {
  autoregressive: { about: "the leftmost token", options: AutoregressiveOptionsSchema, make: autoregressiveDecoder },
};
