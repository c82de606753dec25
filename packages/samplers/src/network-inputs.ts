// A request as a network takes it: rounded up to one of few sizes, with the guided rows a second time behind the others.
import { InvalidArgumentError } from "@diffucoder/core";
import type { BlockCausal } from "@diffucoder/diffusion";
import { float32, int32, type NdArray } from "@diffucoder/tensor";
import { blockAttention } from "./block-attention.ts";
import type { DenoiseRequest } from "./denoiser.ts";
import { ladder, lengthSize, partSize } from "./sizes.ts";

/** B' rows of L' columns, M' positions and U' of guided rows without their prompts. */
export interface NetworkInputs {
  /** `[B', L']` each; padding is 0 in the mask. Fixed rows without padding need neither mask nor positions. */
  inputIds: NdArray;
  attentionMask?: NdArray;
  positionIds?: NdArray;
  /** Of a block-causal model, `[B', L', L']`. */
  attention?: NdArray;
  /** `[M' + U']` */
  logitPositions: NdArray;
  /** `[M']` each, if a row is guided. */
  guidance?: { unconditional: NdArray; scale: NdArray };
}

/**
 * What the network takes in for a request, and its size.
 *
 * @throws {InvalidArgumentError} if rows are guided and there are no ids without their prompts
 */
export function networkInputs(
  request: DenoiseRequest,
  { shift, maxLength, blocks }: { shift: boolean; maxLength: number | undefined; blocks?: BlockCausal },
): { inputs: NetworkInputs; size: number; forwardTokens: number } {
  const { inputIds, batchSize, length, draws, unconditionalIds, attentionMask, positionIds, positions, fixedRows = false } = request;
  const guided = draws.flatMap(({ guidanceScale = 0 }, row) => (guidanceScale > 0 ? [row] : []));
  if (guided.length > 0 && unconditionalIds?.length !== inputIds.length)
    throw new InvalidArgumentError({
      argument: "unconditionalIds",
      value: unconditionalIds,
      expected: `${inputIds.length} ids, as guidanceScale is above 0`,
    });
  const [rows, columns] = [ladder(batchSize + guided.length), fixedRows ? length : lengthSize(length, maxLength)];
  const isWhole = fixedRows && attentionMask?.includes(0) !== true;
  /** `[rows, columns]`: the rows, the guided ones again, and what fills the batch up. */
  const table = (fill: number, of: (at: number) => number, again = of): NdArray => {
    const values = new Int32Array(rows * columns).fill(fill);
    const copy = (row: number, to: number, from: (at: number) => number): void => {
      for (let column = 0; column < length; column++) values[to * columns + column] = from(row * length + column);
    };
    for (let row = 0; row < batchSize; row++) copy(row, row, of);
    guided.forEach((row, i) => copy(row, batchSize + i, again));
    return int32(values, [rows, columns]);
  };
  const ids = (values: Int32Array | undefined) => (at: number) => values![at]!;
  const size = partSize(positions.length, batchSize * columns, 8);
  const inputs = {
    inputIds: table(0, ids(inputIds), ids(unconditionalIds)),
    ...(!isWhole && {
      attentionMask: table(0, (at) => attentionMask?.[at] ?? 1),
      positionIds: table(1, (at) => positionIds?.[at] ?? at % length),
    }),
    ...(blocks && { attention: blockAttention(request, { blocks, again: guided, rows, columns }) }),
    ...wantedLogits(request, { guided, shift, columns, size }),
  };
  return { inputs, size, forwardTokens: rows * columns };
}

/** Which logits propose the tokens of the positions, with and without the prompt. */
function wantedLogits(
  request: DenoiseRequest,
  { guided, shift, columns, size }: { guided: readonly number[]; shift: boolean; columns: number; size: number },
): Pick<NetworkInputs, "logitPositions" | "guidance"> {
  const { positions, length, batchSize, draws } = request;
  const rowOf = (position: number): number => Math.floor(position / length);
  const first = Array.from(positions, (position) => rowOf(position) * columns + (logitRow(request, position, shift) % length));
  if (guided.length === 0) return { logitPositions: int32(Int32Array.from({ length: size }, (_, i) => first[i] ?? 0)) };
  const unconditional = Int32Array.from({ length: size }, (_, i) => i);
  const second: number[] = [];
  positions.forEach((position, i) => {
    const again = guided.indexOf(rowOf(position));
    if (again === -1) return;
    unconditional[i] = size + second.length;
    second.push((batchSize + again) * columns + (first[i]! % columns));
  });
  const extra = partSize(second.length, guided.length * columns, 8);
  return {
    logitPositions: int32(Int32Array.from({ length: size + extra }, (_, i) => (i < size ? first[i] : second[i - size]) ?? 0)),
    guidance: {
      unconditional: int32(unconditional),
      scale: float32(Float32Array.from({ length: size }, (_, i) => (i < positions.length ? (draws[rowOf(positions[i]!)]!.guidanceScale ?? 0) : 0))),
    },
  };
}

/** The token whose logits predict the one at a position. A shifted model predicts a row's first real token from itself. */
function logitRow({ length, attentionMask }: DenoiseRequest, position: number, shift: boolean): number {
  const isFirst = position % length === 0 || attentionMask?.[position - 1] === 0;
  return !shift || isFirst ? position : position - 1;
}
