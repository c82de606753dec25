import { z } from "zod";

interface RefreshOptions {
  /** The whole row is computed at least every so many passes; 1: always, which is exact. @default never for its age */
  refreshSteps?: number | undefined;
  /** The whole row is computed once the recomputed values have moved by this much since the last time, relative to their size. @default never */
  refreshDrift?: number | undefined;
}

interface WindowCacheOptions<Kind extends "prefix" | "dual" | "delayed"> extends RefreshOptions {
  /**
   * Whose keys and values are kept. `prefix`: those before the block; `dual`: before and behind it; `delayed`: those of
   * committed tokens, but for what has just been committed. `block-causal`: exact, for models whose tokens see no later block.
   */
  kind: Kind;
}

interface BlockCausalCacheOptions {
  /** Of a model whose tokens see their own block and earlier ones only: exact, never refreshed, unless `blockCache` is on. */
  kind: "block-causal";
  /**
   * Columns of a block, counted from the first column of the row, or of its own prompt if `promptLength` is absent; 1: an
   * autoregressive model.
   */
  blockLength: number;
  /**
   * Keep keys and values of the block in play too, where the decoder has sub-blocks: a pass computes the whole block if a token
   * before the sub-block is asked for its logits, else the sub-block alone. An approximation, Fast-dLLM v2's `use_block_cache`. @default false
   */
  blockCache?: boolean | undefined;
}

/**
 * Which keys and values a row keeps from pass to pass, by `kind`. `prefix`, `dual` and `delayed` are approximations for
 * bidirectional models; `block-causal` is exact.
 */
export type CacheOptions = WindowCacheOptions<"prefix"> | WindowCacheOptions<"dual"> | WindowCacheOptions<"delayed"> | BlockCausalCacheOptions;

const refresh = {
  refreshSteps: z.int().positive().optional().describe("compute the whole row at least every so many passes; 1: always, which is exact"),
  refreshDrift: z
    .number()
    .positive()
    .optional()
    .describe("compute the whole row once the recomputed values have moved by this much since the last time, relative to their size"),
};

/**
 * Which keys and values are kept from pass to pass. In all cases a row is computed as a whole at its first pass and at
 * the first pass of each block.
 */
export const CacheOptionsSchema = z.discriminatedUnion("kind", [
  z.strictObject({ kind: z.literal("prefix").describe("those before the block; the block and everything after it are recomputed"), ...refresh }),
  z.strictObject({ kind: z.literal("dual").describe("those before and after the block; the block is recomputed"), ...refresh }),
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
    blockCache: z.boolean().optional().describe("keep keys and values of the block in play too, where the decoder has sub-blocks: an approximation"),
  }),
]) satisfies z.ZodType<CacheOptions>;
