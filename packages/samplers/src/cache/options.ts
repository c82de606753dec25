import { z } from "zod";

const refresh = {
  refreshSteps: z.int().positive().optional().describe("compute the whole row at least every so many passes; 1: always, which is exact"),
  refreshDrift: z
    .number()
    .positive()
    .optional()
    .describe("compute the whole row once the recomputed values have moved by this much since the last time, relative to their size"),
};

/**
 * Which keys and values are kept from pass to pass. Whatever is kept, a row is computed as a whole at its first pass and at
 * the first pass of each block.
 */
export const CacheOptionsSchema = z.discriminatedUnion("kind", [
  z.strictObject({ kind: z.literal("prefix").describe("those before the block; the block and all behind it are recomputed"), ...refresh }),
  z.strictObject({ kind: z.literal("dual").describe("those before and behind the block; the block is recomputed"), ...refresh }),
  z.strictObject({
    kind: z.literal("delayed").describe("those of committed tokens; masks and what has just been committed are recomputed"),
    ...refresh,
  }),
  z.strictObject({
    kind: z.literal("block-causal").describe("of a model whose tokens see their own block and earlier ones only: exact, never refreshed"),
    blockLength: z
      .int()
      .positive()
      .describe(
        "columns of a block, counted from the first column of the row, of its own prompt if promptLength is absent; 1: an autoregressive model",
      ),
  }),
]);

export type CacheOptions = z.output<typeof CacheOptionsSchema>;
