// The formats of quantize.ts computed by the engine, piece by piece: a model of 7 billion weights is quantized while it is read,
// with the memory of one piece besides its result.
import { allocate } from "./dtype.ts";
import { compile, type CompiledFunction } from "./compile.ts";
import type { Executor } from "./executor.ts";
import { float32, NdArray } from "./nd-array.ts";
import { add, cast, div, floor, greater, maximum, minimum, mul, neg, where } from "./ops/elementwise.ts";
import { matmul } from "./ops/matmul.ts";
import { reshape, transpose } from "./ops/movement.ts";
import { quantizeRows, type QuantizedWeight } from "./ops/quantized.ts";
import { max } from "./ops/reduction.ts";
import { INT4_BLOCK } from "./quantize.ts";
import { rotateTensor } from "./rotation.ts";
import { constant, type Tensor } from "./tensor.ts";

/** A float32 matrix `[out, in]` that is read a piece at a time. */
export interface MatrixSource {
  /** Rows and columns. */
  shape: readonly [out: number, inner: number];
  /** Fills the target with elements from `first` on, row by row. */
  read: (first: number, target: Float32Array) => void;
}

/**
 * How a matrix is kept: `int8` and `int4` as `quantizeInt8` and `quantizeInt4` make them, `table` as rows in 8 bits that are
 * looked up: codes int8 `[rows, width]`, not turned, with a scale for each row.
 */
export type QuantizedFormat = "int8" | "int4" | "table";

/** Quantizes matrices that are larger than what should be in memory, a piece at a time. */
export interface Quantizer {
  /** Pieces are read in order, from 0 on. @returns codes and scales; rounded as by `quantizeInt8` and `quantizeInt4`, up to ties */
  quantize(format: QuantizedFormat, source: MatrixSource): Promise<QuantizedWeight<NdArray>>;
  /** Frees the compiled functions. */
  dispose(): void;
}

/** Elements of a piece: with what is computed from it, it stays in the processor's caches. */
const PIECE = 1 << 21;

type QuantizeRows = CompiledFunction<[rows: Tensor], QuantizedWeight<Tensor>>;

/** A quantizer whose functions are compiled as they are needed. */
export function createQuantizer({
  executor,
}: {
  /** What runs the compiled functions. @default ONNX Runtime */
  executor?: Executor;
} = {}): Quantizer {
  const compiled = (fn: (rows: Tensor) => QuantizedWeight<Tensor>): QuantizeRows => compile(fn, { ...(executor && { executor }), name: fn.name });
  const functions: Record<QuantizedFormat, QuantizeRows> = { int8: compiled(int8Rows), int4: compiled(int4Rows), table: compiled(tableRows) };

  return {
    quantize: async (format, { shape: [out, inner], read }) => {
      const result = emptyResult(format, out, inner);
      const rows = Math.min(out, Math.max(1, Math.floor(PIECE / inner)));
      // One piece is read while the other is computed. The last one may be short: what it is filled up with is not used.
      const pieces = [0, 1].map(() => new NdArray(allocate("float32", rows * inner), [rows, inner]));
      const readPiece = (first: number): NdArray => {
        const piece = pieces[(first / rows) % 2] as NdArray;
        read(first * inner, (piece.data as Float32Array).subarray(0, Math.min(rows, out - first) * inner));
        return piece;
      };
      let piece = readPiece(0);
      for (let first = 0; first < out; first += rows) {
        const running = functions[format](piece);
        // A failed read must not leave the computation behind, which still uses the memory.
        if (first + rows < out) {
          try {
            piece = readPiece(first + rows);
          } catch (error) {
            await running;
            throw error;
          }
        }
        place(format, result, await running, first);
      }
      return result;
    },
    dispose: () => Object.values(functions).forEach((fn) => fn.dispose()),
  };
}

/** `rows [R, K]` -> codes `[K, R]`, scales `[R]` */
function int8Rows(rows: Tensor): QuantizedWeight<Tensor> {
  const { codes, scales } = tableRows(rotateTensor(rows));
  return { codes: transpose(codes, [1, 0]), scales };
}

/** `rows [R, K]` -> codes `[R, K]`, scales `[R]` */
function tableRows(rows: Tensor): QuantizedWeight<Tensor> {
  const { codes, scales } = quantizeRows(rows, "int8");
  return { codes, scales: reshape(scales, [rows.shape[0]!]) };
}

/** `rows [R, K]` -> codes `[R, K / 32, 16]`, scales `[R, K / 32]` */
function int4Rows(rows: Tensor): QuantizedWeight<Tensor> {
  const [count, width] = rows.shape as [number, number];
  const perRow = width / INT4_BLOCK;
  const blocks = reshape(rows, [count * perRow, INT4_BLOCK]);
  const highest = max(blocks, { axes: [1], keepDims: true });
  const lowest = neg(max(neg(blocks), { axes: [1], keepDims: true }));
  const extreme = where(greater(neg(lowest), highest), lowest, highest);
  const factor = where(greater(maximum(highest, neg(lowest)), 0), div(-8, extreme), 0);
  const codes = add(minimum(rounded(mul(blocks, factor)), 7), 8); // 0 ... 15
  return {
    codes: reshape(cast(matmul(codes, constant(pairing())), "uint8"), [count, perRow, INT4_BLOCK / 2]),
    scales: reshape(div(extreme, -8), [count, perRow]),
  };
}

/** Halves up, as Math.round. */
function rounded(x: Tensor): Tensor {
  return floor(add(x, 0.5));
}

/** A matrix that makes 16 bytes of 32 codes: byte j is code 2j + 16 x code (2j + 1). */
function pairing(): NdArray {
  const bytes = INT4_BLOCK / 2;
  const entries = Array.from({ length: INT4_BLOCK * bytes }, (_, i) => {
    const [code, byte] = [Math.floor(i / bytes), i % bytes];
    if (code >> 1 !== byte) return 0;
    return code % 2 === 0 ? 1 : 16;
  });
  return float32(entries, [INT4_BLOCK, bytes]);
}

function emptyResult(format: QuantizedFormat, out: number, inner: number): QuantizedWeight<NdArray> {
  const blocks = inner / INT4_BLOCK;
  const shape = { int8: [inner, out], int4: [out, blocks, INT4_BLOCK / 2], table: [out, inner] }[format];
  const dtype = format === "int4" ? "uint8" : "int8";
  const scales = format === "int4" ? [out, blocks] : [out];
  return {
    codes: new NdArray(allocate(dtype, format === "int4" ? (out * inner) / 2 : out * inner), shape, dtype),
    scales: new NdArray(
      allocate(
        "float32",
        scales.reduce((total, size) => total * size, 1),
      ),
      scales,
    ),
  };
}

/** Copies the codes and scales of rows from `first` on to where they belong; rows of the piece behind the last are left out. */
function place(format: QuantizedFormat, { codes, scales }: QuantizedWeight<NdArray>, piece: QuantizedWeight<NdArray>, first: number): void {
  const rows = piece.scales.shape[0]!;
  if (format !== "int8") {
    for (const [whole, part] of [
      [codes, piece.codes],
      [scales, piece.scales],
    ] as const) {
      const perRow = part.size / rows;
      whole.data.set(part.data.subarray(0, whole.size - first * perRow), first * perRow);
    }
    return;
  }
  const [inner, out] = codes.shape as [number, number];
  const count = Math.min(rows, out - first);
  scales.data.set(piece.scales.data.subarray(0, count), first);
  for (let k = 0; k < inner; k++) codes.data.set(piece.codes.data.subarray(k * rows, k * rows + count), k * out + first);
}
