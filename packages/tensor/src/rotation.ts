// The inputs of an int8 layer are turned, block by block, by a Hadamard matrix H (H H^T = I), and so were its weights:
//   x W^T = (x H) (W H)^T
// The product is the same, but one large number among the inputs becomes sqrt(block) smaller ones, and no longer takes
// the whole range of 8 bits for itself (QuaRot, arXiv 2404.00456). Differs: blocks of at most 64 instead of the whole
// width, so that it costs a small product and no change to the model around it.
import { constant, type Tensor } from "./tensor.ts";
import { float32, type NdArray } from "./nd-array.ts";
import { matmul } from "./ops/matmul.ts";
import { reshape } from "./ops/movement.ts";
import { sizeOf } from "./shape.ts";

const LARGEST_BLOCK = 64;

/** The block in which a width is turned: the largest power of two up to 64 that divides it. */
export function rotationBlock(width: number): number {
  let block = 1;
  while (block < LARGEST_BLOCK && width % (2 * block) === 0) block *= 2;
  return block;
}

/** Turns each row of `x [M, K]`. Applied twice it gives `x` back. */
export function rotateTensor(x: Tensor): Tensor {
  const block = rotationBlock(x.shape[1]!);
  if (block === 1) return x;
  return reshape(matmul(reshape(x, [sizeOf(x.shape) / block, block]), constant(hadamard(block))), x.shape);
}

/** Turns consecutive blocks of an array in place, with `block log2(block)` additions each. */
export function rotateInPlace(values: Float32Array, block: number): void {
  const norm = 1 / Math.sqrt(block);
  for (let start = 0; start < values.length; start += block) {
    for (let half = 1; half < block; half *= 2) {
      for (let i = start; i < start + block; i += 2 * half) {
        for (let j = i; j < i + half; j++) {
          const [a, b] = [values[j]!, values[j + half]!];
          values[j] = a + b;
          values[j + half] = a - b;
        }
      }
    }
    for (let i = start; i < start + block; i++) values[i] = values[i]! * norm;
  }
}

const matrices = new Map<number, NdArray>();

/** Sylvester's matrix, scaled to length 1: symmetric, so it is its own inverse. */
function hadamard(size: number): NdArray {
  let matrix = matrices.get(size);
  if (matrix === undefined) {
    const entry = (i: number): number => (bitCount(Math.floor(i / size) & (i % size)) % 2 === 0 ? 1 : -1) / Math.sqrt(size);
    matrix = float32(
      Array.from({ length: size * size }, (_, i) => entry(i)),
      [size, size],
    );
    matrices.set(size, matrix);
  }
  return matrix;
}

function bitCount(bits: number): number {
  let count = 0;
  for (let rest = bits; rest > 0; rest >>= 1) count += rest & 1;
  return count;
}
