// Training of block diffusion in one pass (BD3-LM, arXiv 2503.09573, section 3.1): the network sees the noised text and the clean
// one behind it, [x_t, x_0], both at positions 0, 1, ... With b(i) the block of token i, a token
//   of x_t sees those of x_t in its own block, and those of x_0 in earlier blocks;
//   of x_0 sees those of x_0 in its own block and in earlier ones.
// So each block is denoised behind its clean past, as it is when it is generated; the logits of x_t alone enter the loss.
import { InvalidArgumentError } from "@diffucoder/core";
import { int32, type NdArray } from "@diffucoder/tensor";
import { expectSameShape, rowsOf } from "./forward-process.ts";

/** What a network sees of noised rows in training with blocks. B rows of L tokens. */
export interface BlockDiffusionInputs {
  /** Noised tokens, then clean ones: int32 `[B, 2L]`. */
  inputIds: NdArray;
  /** 0, 1, ..., L - 1 twice: int32 `[B, 2L]`. */
  positionIds: NdArray;
  /** 1 where the query (row) sees the key (column): int32 `[2L, 2L]`. */
  attention: NdArray;
}

/**
 * The inputs of a training pass with blocks; the logits of the first L columns predict the noised tokens.
 *
 * @throws {ShapeError} if the two differ in shape @throws {InvalidArgumentError} if `blockLength` is not a positive integer
 */
export function blockDiffusionInputs({
  noisy,
  clean,
  blockLength,
}: {
  /** int32 `[B, L]`, from `maskTokens`. */
  noisy: NdArray;
  /** The same tokens before: int32 `[B, L]`. */
  clean: NdArray;
  /** Tokens of a block, counted from the first column; the last block may be shorter. */
  blockLength: number;
}): BlockDiffusionInputs {
  const [batch, length] = rowsOf("noisy", noisy);
  expectSameShape("clean", clean, noisy);
  if (!Number.isInteger(blockLength) || blockLength < 1)
    throw new InvalidArgumentError({ argument: "blockLength", value: blockLength, expected: "a positive integer" });
  const [ids, positions] = [new Int32Array(2 * batch * length), new Int32Array(2 * batch * length)];
  for (let row = 0; row < batch; row++) {
    const at = 2 * row * length;
    ids.set(noisy.data.subarray(row * length, (row + 1) * length), at);
    ids.set(clean.data.subarray(row * length, (row + 1) * length), at + length);
    for (let column = 0; column < 2 * length; column++) positions[at + column] = column % length;
  }
  const shape = [batch, 2 * length];
  return { inputIds: int32(ids, shape), positionIds: int32(positions, shape), attention: attentionOf(length, blockLength) };
}

function attentionOf(length: number, blockLength: number): NdArray {
  const seen = new Int32Array(4 * length * length);
  const see = (query: number, from: number, to: number): void => void seen.fill(1, query * 2 * length + from, query * 2 * length + to);
  for (let column = 0; column < length; column++) {
    const start = Math.floor(column / blockLength) * blockLength;
    const end = Math.min(start + blockLength, length);
    see(column, start, end);
    see(column, length, length + start);
    see(length + column, length, length + end);
  }
  return int32(seen, [2 * length, 2 * length]);
}
