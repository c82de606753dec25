// Threshold decoding that also corrects itself (LLaDA2.1's joint threshold, as SGLang runs it). In the leftmost unfinished
// block, each step commits the masks whose token reaches `threshold` (the surest in any case), and replaces the tokens that
// it has revealed where another one reaches `editThreshold`. A block is finished when it has no mask and nothing more to
// replace, or after `maxPostEdits` steps without masks.
// Differs: the end token and what lies behind it stay as they are. Greedy only, as the original.
import { parseConfig } from "@diffucoder/core";
import { z } from "zod";
import { MOST } from "../limits.ts";
import { aboveThreshold } from "../selection/parallel.ts";
import { blockLength, threshold } from "../shared-options.ts";
import { type Candidates, commit, type Decoder, type DecoderRow, type RowDecoder } from "./decoder.ts";
import { blocksOf } from "./reveal.ts";

/** How sure a token must be to be committed, or to replace another. */
export interface EditingOptions {
  /** Probability from which a mask is committed, in [0, 1]. @default 0.9 */
  threshold?: number | undefined;
  /** Probability from which another token replaces a revealed one, in [0, 1]. @default 0.9 */
  editThreshold?: number | undefined;
  /** Steps of a block after its last mask, at most: from 0 to 131,072. @default 16 */
  maxPostEdits?: number | undefined;
  /** Columns of a block. @default one block */
  blockLength?: number | undefined;
}

/** Options of `editingDecoder`. Unknown keys fail. */
export const EditingOptionsSchema = z.strictObject({
  threshold,
  editThreshold: z.number().min(0).max(1).describe("probability from which another token replaces a revealed one").default(0.9),
  maxPostEdits: z.int().nonnegative().max(MOST).describe("steps of a block after its last mask").default(16),
  blockLength,
}) satisfies z.ZodType<unknown, EditingOptions>;

/**
 * Threshold decoding that corrects itself, as LLaDA2.1 does: revealed tokens are replaced where another one is sure enough.
 * Greedy.
 *
 * @throws {ConfigError} naming every bad option
 */
export function editingDecoder(options: EditingOptions = {}): Decoder {
  const parsed = parseConfig(EditingOptionsSchema, options, { source: "editingDecoder options" });
  return {
    draw: { temperature: 0, confidence: "low_confidence" },
    maxSteps: (canvas) => canvas.ids.length + blocksOf(canvas, parsed.blockLength).length * parsed.maxPostEdits,
    start: (row) => editingRow(row, parsed),
  };
}

export const editingDecoders = {
  editing: {
    about: "every token that reaches threshold; replaces revealed ones where another token reaches editThreshold",
    options: EditingOptionsSchema,
    takesBack: true,
    make: editingDecoder,
  },
};

function editingRow({ canvas, maskTokenId }: DecoderRow, options: z.output<typeof EditingOptionsSchema>): RowDecoder {
  const { threshold, editThreshold, maxPostEdits, blockLength } = options;
  const isOwn = Array.from(canvas.ids, (token) => token === maskTokenId);
  let [block, postEdits, settled] = [0, 0, false];
  const columnsOf = ([from, to]: readonly [number, number]): number[] => {
    const last = Math.min(to, canvas.end ?? Infinity);
    return Array.from({ length: Math.max(0, last - from) }, (_, i) => from + i).filter((column) => isOwn[column]);
  };
  return {
    ask: () => {
      const blocks = blocksOf(canvas, blockLength);
      for (; block < blocks.length; block++, postEdits = 0, settled = false) {
        const window = blocks[block] as [number, number];
        const columns = columnsOf(window);
        const hasMasks = columns.some((column) => canvas.ids[column] === maskTokenId);
        if (hasMasks || (columns.length > 0 && !settled && postEdits < maxPostEdits)) return { columns, window };
      }
      return undefined;
    },
    answer: (candidates) => {
      const masks = [...candidates.columns.keys()].filter((i) => canvas.ids[candidates.columns[i]!] === maskTokenId);
      const edits = editsOf(candidates, canvas.ids, { maskTokenId, editThreshold });
      if (masks.length === 0) postEdits++;
      settled = masks.length === 0 && edits.length === 0;
      const confidence = masks.map((i) => candidates.confidence[i]!);
      const committed = masks.length === 0 ? [] : aboveThreshold(confidence, threshold).map((i) => masks[i]!);
      return commit(candidates, [...committed, ...edits]);
    },
  };
}

/** Candidates that differ from the token which is there, and are sure enough. */
function editsOf(
  { columns, tokens, confidence }: Candidates,
  ids: Int32Array,
  { maskTokenId, editThreshold }: { maskTokenId: number; editThreshold: number },
): number[] {
  return [...columns.keys()].filter((i) => {
    const now = ids[columns[i]!];
    return now !== maskTokenId && tokens[i] !== now && confidence[i]! >= editThreshold;
  });
}
