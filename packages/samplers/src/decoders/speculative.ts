// Lossless speculation: several tokens are drafted, and one pass says how many of them are what would have been written one by one.
//
// The sequential decoder writes one token a step from left to right: x_c = F(p(. | x_<c), u_c), where p is what the model says of column c
// with all later columns of its block masked, F takes the token whose share of the distribution u_c falls into (the likeliest at
// temperature 0), and u_c is a number in [0, 1) that belongs to the column. A pass with drafts d gives y_c = F(p(. | x_<f, d_f .. d_c-1), u_c)
// for the first open column f and those behind it. y_f is written, and y_c as long as d_i = y_i for all i from f to c - 1: then y_c was
// computed from x_<c alone, hence y_c = x_c. So the text is that of the sequential decoder, token for token, at every temperature, whatever
// is drafted; its distribution is the model's, since x_c is a function of x_<c and u_c only, even where a draft was drawn with u_c itself.
// For a draft that is given, this is speculative sampling (Leviathan et al., arXiv 2211.17192; Chen et al., 2302.01318): accept d with
// min(1, p(d) / q(d)), else draw from max(0, p - q), scaled. With q(d) = 1, that is to accept d with probability p(d), and else to draw from
// p without d; and so is to draw y from p and to accept d if y = d. Drafts that are drawn with u_c are coupled as in Daliri et al. (2408.07978).
//
// What verifies the drafts. Causal model (blocks of one column): p(. | x_<c) does not depend on what stands at c and behind it, so one row with
// all drafts in it gives every y_c. Block-causal model: the columns of a block see each other, and a pass over a block that holds the drafts is
// not what the sequential decoder asks. So the pass has a version of the row for each number of drafts, 0 to n: version k holds the first k and
// masks behind them, and gives y_{f+k}. That is exact for any attention; a pass is then n + 1 rows wide.
//
// Where the drafts come from: 1. what the right version of the last pass proposed for the columns behind its own (a masked model drafts for
// itself); 2. what followed the longest earlier occurrence of the last tokens of the text (prompt lookup; Saxena 2023); 3. what the last pass
// proposed behind a draft that was wrong.
// Differs: 1. no distributions leave the device, only tokens; a drawn draft is accepted a little less often than by min(1, p / q);
// 2. the sequential decoder's text comes out with its seed, not only its distribution; 3. drafts end with the model's block; 4. a causal
// model's drafts are 1, 3, 7, ... tokens, so that its passes have few widths: each has a plan of its own.
import { parseConfig } from "@diffucoder/core";
import { z } from "zod";
import { type Canvas, maskedColumns } from "../canvas.ts";
import type { TokenSampling } from "../options.ts";
import { modelBlockLength, tokenSampling } from "../shared-options.ts";
import { alignedBlocksOf, blockStart } from "./aligned-blocks.ts";
import { type Candidates, commit, type Decoder, type DecoderRow, type Question, type RowDecoder } from "./decoder.ts";
import { followingTokens } from "./prompt-lookup.ts";

/** How tokens are drafted, and drawn. */
export interface SpeculativeOptions extends TokenSampling {
  /** Tokens that a pass verifies, from 0, which is the sequential decoder, to 31. @default 7 for a causal model, else 3 */
  draftTokens?: number | undefined;
  /** Columns of a block, the model's own; 1 for a causal model. @default 32 */
  blockLength?: number | undefined;
}

/** Options of `speculativeDecoder`. Unknown keys fail. */
export const SpeculativeOptionsSchema = z.strictObject({
  draftTokens: z.int().min(0).max(31).describe("drafted tokens that a pass verifies; default: 7 for a causal model, else 3").optional(),
  blockLength: modelBlockLength,
  ...tokenSampling,
}) satisfies z.ZodType<unknown, SpeculativeOptions>;

/**
 * Writes what the sequential decoder writes with the same seed, in fewer passes: `autoregressiveDecoder` for a causal model,
 * `sdarDecoder` with the rule `sequential` and one token a step for a block-causal one at temperature 0.
 *
 * @throws {ConfigError} naming every bad option
 */
export function speculativeDecoder(options: SpeculativeOptions = {}): Decoder {
  const parsed = parseConfig(SpeculativeOptionsSchema, options, { source: "speculativeDecoder options" });
  const { blockLength, temperature, topP, topK } = parsed;
  const isCausal = blockLength === 1;
  const { draftTokens = isCausal ? 7 : 3 } = parsed;
  return {
    draw: { temperature, topP, topK, confidence: "maskgit_plus" },
    leftToRight: true,
    versions: isCausal ? 1 : 1 + draftTokens,
    maxSteps: ({ ids }) => ids.length,
    ...(!isCausal && { fillsFrom: (canvas: Canvas, end: number) => blockStart(canvas, end, blockLength) + blockLength }),
    start: (row) => speculativeRow(row, { draftTokens, blockLength }),
  };
}

export const speculativeDecoders = {
  speculative: {
    about: "the leftmost tokens of a causal or block-causal model, as one by one, several of which are drafted and verified in one pass",
    options: SpeculativeOptionsSchema,
    inBlocks: true,
    needsBlocks: true,
    make: speculativeDecoder,
  },
};

/** What the last pass proposed for columns that are still open. */
interface Guesses {
  tokens: ReadonlyMap<number, number>;
  /** Whether the tokens before them were right. */
  areFounded: boolean;
}

function speculativeRow({ canvas, maskTokenId }: DecoderRow, { draftTokens, blockLength }: { draftTokens: number; blockLength: number }): RowDecoder {
  const isCausal = blockLength === 1;
  let guesses: Guesses = { tokens: new Map(), areFounded: true };
  let drafts: [column: number, token: number][] = [];
  /** Where the candidates of each version begin; of a causal model, those of each column. */
  let starts: number[] = [];

  return {
    ask: () => {
      const open = openColumns(canvas, maskTokenId, blockLength);
      if (open.length === 0) return undefined;
      const found = draftsFor(canvas, open.slice(0, Math.min(draftTokens, open.length - 1)), guesses);
      drafts = isCausal ? found.slice(0, 2 ** Math.floor(Math.log2(found.length + 1)) - 1) : found;
      const columnsOf = (version: number): number[] => open.slice(version, version + draftTokens + 1);
      const versions = isCausal
        ? [{ drafts, columns: open.slice(0, drafts.length + 1) }]
        : Array.from({ length: drafts.length + 1 }, (_, version) => ({ drafts: drafts.slice(0, version), columns: columnsOf(version) }));
      starts = isCausal
        ? [...drafts.keys(), drafts.length]
        : versions.map((_, v) => versions.slice(0, v).reduce((sum, one) => sum + one.columns.length, 0));
      return { columns: versions.flatMap(({ columns }) => columns), window: windowOf(open, canvas, blockLength), versions } satisfies Question;
    },
    answer: (candidates) => {
      const right = drafts.findIndex(([, token], i) => candidates.tokens[starts[i]!] !== token);
      const last = right === -1 ? drafts.length : right;
      guesses = guessesBehind(candidates, { from: starts[last]!, to: isCausal ? undefined : starts[last + 1], areFounded: !isCausal });
      return commit(candidates, starts.slice(0, last + 1));
    },
  };
}

/** Masks of the leftmost unfinished block; of a causal model, of the whole row. */
function openColumns(canvas: Canvas, maskTokenId: number, blockLength: number): number[] {
  if (blockLength === 1) return maskedColumns(canvas.ids, maskTokenId);
  for (const [from, to] of alignedBlocksOf(canvas, blockLength)) {
    const columns = maskedColumns(canvas.ids, maskTokenId, from, to);
    if (columns.length > 0) return columns;
  }
  return [];
}

function windowOf([first = 0]: readonly number[], canvas: Canvas, blockLength: number): [number, number] {
  if (blockLength === 1) return [first, first + 1];
  const from = blockStart(canvas, first, blockLength);
  return [from, Math.min(from + blockLength, canvas.ids.length)];
}

/** Drafts for open columns, from the first to the last that there is one for. */
function draftsFor({ ids, start }: Canvas, columns: readonly number[], { tokens, areFounded }: Guesses): [number, number][] {
  const [first = 0] = columns;
  const found = followingTokens(ids.subarray(start, first), columns.length);
  const lookedUp = (column: number): number | undefined => found[column - first];
  const drafts: [number, number][] = [];
  for (const [i, column] of columns.entries()) {
    const isNext = column === first + i; // behind a given token, what was looked up does not follow
    const token = (areFounded ? tokens.get(column) : undefined) ?? (isNext ? lookedUp(column) : undefined) ?? tokens.get(column);
    if (token === undefined) break;
    drafts.push([column, token]);
  }
  return drafts;
}

/** What was proposed behind the last token that was written. */
function guessesBehind(
  { columns, tokens }: Candidates,
  { from, to = columns.length, areFounded }: { from: number; to?: number | undefined; areFounded: boolean },
): Guesses {
  return { areFounded, tokens: new Map(columns.slice(from + 1, to).map((column, i) => [column, tokens[from + 1 + i]!])) };
}
