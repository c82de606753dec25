// The shape that most decoders share: each step asks about the masks of the leftmost unfinished block and commits some.
import type { Random } from "@diffucoder/core";
import { type Canvas, maskedColumns } from "../canvas.ts";
import type { DrawOptions } from "../denoiser.ts";
import { type Candidates, commit, type Decoder, type DecoderRow, type RowDecoder } from "./decoder.ts";

/** Where a row stands when it is asked which of its candidates to commit. */
export interface BlockState {
  /** Masks that are left in the block, and positions that became padding in it: the schedule does not see an early end. */
  left: number;
  /** Masks of the block at its first step. */
  maskCount: number;
  /** Steps that the block has taken. */
  step: number;
  /** The block's number, from 0. */
  block: number;
  /** How many blocks the row has. */
  blockCount: number;
  /** Columns of the completion. */
  completionLength: number;
  /** The step's own stream. */
  random: Random;
}

/** Which candidates to commit. */
export interface RevealRule {
  /** Whether the step commits nothing for any proposals. @default never */
  isIdle?(state: BlockState): boolean;
  /** Indices of the candidates to commit, surest first. */
  choose(candidates: Candidates, state: BlockState): number[];
  /** The most steps that a block can take. */
  maxSteps(state: Pick<BlockState, "maskCount" | "block" | "blockCount" | "completionLength">): number;
}

/** A decoder that asks about the masks of the leftmost unfinished block and commits those that its rule chooses. */
export function revealDecoder({
  draw,
  rule,
  blockLength,
  blocks = (canvas) => blocksOf(canvas, blockLength),
}: {
  /** How tokens are drawn. */
  draw: DrawOptions;
  /** Which of them are committed. */
  rule: RevealRule;
  /** Columns of a block, from the start of the completion; holes of the prompt belong to the first. @default the whole row */
  blockLength?: number | undefined;
  /** First column of each block, and the column behind it, instead of blocks of one length. @default as blockLength says */
  blocks?: ((canvas: Canvas) => [number, number][]) | undefined;
}): Decoder {
  return {
    draw,
    maxSteps: (canvas) => {
      const all = blocks(canvas);
      const [blockCount, completionLength] = [all.length, canvas.ids.length - canvas.completionStart];
      const steps = all.map(([from, to], block) => rule.maxSteps({ maskCount: to - from, block, blockCount, completionLength })); // not all need be masks
      return steps.reduce((a, b) => a + b, 0);
    },
    start: (row) => revealRow(row, rule, blocks),
  };
}

/** First column of each block, and the column behind it. */
export function blocksOf({ ids, completionStart }: Canvas, blockLength = Infinity): [number, number][] {
  const blocks: [number, number][] = [];
  for (let from = completionStart; from < ids.length; from += blockLength) blocks.push([from, Math.min(from + blockLength, ids.length)]);
  if (blocks.length === 0) return [[0, ids.length]];
  (blocks[0] as [number, number])[0] = 0; // the holes of the prompt
  return blocks;
}

function revealRow({ canvas, maskTokenId, random }: DecoderRow, rule: RevealRule, blocksOfRow: (canvas: Canvas) => [number, number][]): RowDecoder {
  let current: (Omit<BlockState, "random" | "left"> & { from: number; to: number }) | undefined;
  const stateAt = (step: number, masked: number): BlockState => {
    const { from, to, ...state } = current as NonNullable<typeof current>;
    const filled = [...canvas.filled].filter((column) => column >= from && column < to).length;
    return { ...state, left: masked + filled, random: random.split("reveal", step) };
  };
  return {
    ask: (step) => {
      const blocks = blocksOfRow(canvas);
      const block = blocks.findIndex(([from, to]) => canvas.ids.subarray(from, to).includes(maskTokenId));
      if (block === -1) return undefined;
      const [from, to] = blocks[block] as [number, number];
      const columns = maskedColumns(canvas.ids, maskTokenId, from, to);
      const completionLength = canvas.ids.length - canvas.completionStart;
      if (current?.block !== block) current = { from, to, block, blockCount: blocks.length, completionLength, maskCount: columns.length, step: 0 };
      if (rule.isIdle?.(stateAt(step, columns.length)) === true) {
        current.step++;
        return { columns: [] };
      }
      return { columns, window: [from, to] };
    },
    answer: (candidates, step) => {
      const chosen = rule.choose(candidates, stateAt(step, candidates.columns.length));
      (current as NonNullable<typeof current>).step++;
      return commit(candidates, chosen);
    },
  };
}
