// Matrix products. The transposes are attributes, so that no copy of a weight is ever asked for:
//   y = op(a) op(b),  op(a) [..., M, K],  op(b) [..., K, N].
import { ShapeError } from "@diffucoder/core";
import type { Precision } from "../precision.ts";
import { broadcastIndex, broadcastShapes, type Shape, sizeOf } from "../shape.ts";
import { applyOp, type Tensor, type TensorLike, toTensor } from "../tensor.ts";
import { expectDType, type HostValue, type OpDefinition } from "./definition.ts";
import type { KernelCall } from "./kernel-call.ts";
import { reshape } from "./movement.ts";
import { sumTo } from "./sum.ts";

/** Which operands of a product are transposed. */
export interface MatmulOptions {
  /** Use the transpose of the last two axes of `a`. @default false */
  transposeA?: boolean;
  /** Use the transpose of the last two axes of `b`. @default false */
  transposeB?: boolean;
}

const matmulOp: OpDefinition = {
  name: "matmul",
  infer: (inputs, { transposeA, transposeB }) => {
    const [a, b] = inputs as [Tensor, Tensor];
    expectDType("matmul", "a", a, "float32");
    expectDType("matmul", "b", b, "float32");
    if (a.shape.length < 2) throw new ShapeError({ argument: "matmul: a", shape: a.shape, expected: "at least two axes" });
    if (b.shape.length < 2) throw new ShapeError({ argument: "matmul: b", shape: b.shape, expected: "at least two axes" });
    const [m, k] = lastTwo(a.shape, transposeA);
    const [inner, n] = lastTwo(b.shape, transposeB);
    if (k !== inner) {
      const axis = transposeB ? "last" : "second to last";
      throw new ShapeError({ argument: "matmul: b", shape: b.shape, expected: `${k} along its ${axis} axis to fit a, [${a.shape.join(", ")}]` });
    }
    return { shape: [...broadcastShapes("matmul", a.shape.slice(0, -2), b.shape.slice(0, -2)), m, n], dtype: "float32" };
  },
  vjp: (g, node, { transposeA, transposeB }) => {
    const [a, b] = node.inputs as [Tensor, Tensor];
    const ga = transposeA
      ? matmul(b, g, { transposeA: transposeB, transposeB: true }) // d(a^T) = g b^T, so da = b g^T
      : matmul(g, b, { transposeB: !transposeB });
    const gb = transposeB
      ? matmul(g, a, { transposeA: true, transposeB: transposeA }) // d(b^T) = a^T g, so db = g^T a
      : matmul(a, g, { transposeA: !transposeA });
    return [sumTo(ga, a.shape), sumTo(gb, b.shape)];
  },
  evaluate: (inputs, node, { transposeA, transposeB }) => {
    const [a, b] = inputs as [HostValue, HostValue];
    const [m, k] = lastTwo(a.shape, transposeA);
    const n = node.shape.at(-1) as number;
    const out = new Float64Array(sizeOf(node.shape));
    const batch = node.shape.slice(0, -2);
    const [indexA, indexB] = [broadcastIndex(a.shape.slice(0, -2), batch), broadcastIndex(b.shape.slice(0, -2), batch)];
    for (let s = 0; s < sizeOf(batch); s++) {
      const [baseA, baseB] = [indexA(s) * m * k, indexB(s) * k * n];
      for (let i = 0; i < m; i++) {
        for (let j = 0; j < n; j++) {
          let total = 0;
          for (let l = 0; l < k; l++) {
            const left = a.data[baseA + (transposeA ? l * m + i : i * k + l)]!;
            total += left * b.data[baseB + (transposeB ? j * k + l : l * n + j)]!;
          }
          out[(s * m + i) * n + j] = total;
        }
      }
    }
    return out;
  },
  emit: (builder, inputs, node, { transposeA, transposeB }) => {
    const [a, b] = inputs as [string, string];
    const [left, right] = node.inputs as [Tensor, Tensor];
    // ONNX Runtime refuses some empty products; a sum over nothing is zero.
    if (sizeOf(left.shape) === 0 || sizeOf(right.shape) === 0)
      return builder.node("Expand", [builder.initializer(new Float32Array(1), [], "float32"), builder.int64s(node.shape)]);
    if (left.shape.length === 2 && right.shape.length === 2) {
      if (!transposeA && !transposeB) return builder.node("MatMul", [a, b]);
      return builder.node("Gemm", [a, b], { transA: transposeA ? 1 : 0, transB: transposeB ? 1 : 0 });
    }
    // ONNX Runtime folds a Transpose of the last two axes into its reader (FusedMatMul).
    const flip = (name: string, rank: number): string => builder.node("Transpose", [name], { perm: swapLast(rank) });
    return builder.node("MatMul", [transposeA ? flip(a, left.shape.length) : a, transposeB ? flip(b, right.shape.length) : b]);
  },
  kernel: (target, node, { transposeA, transposeB }) => {
    const call = gemm(target.precision, node, transposeA, transposeB);
    if (call === undefined || target.precision === "bf16") return call;
    return target.reaches("avx2") && isWorthPacking(node, transposeA, transposeB) ? call : undefined;
  },
};

/** Batches where each operand has a matrix of its own for each product, or one for all; others are left to ONNX Runtime. */
function gemm(precision: Precision, node: Tensor, transposeA: boolean, transposeB: boolean): KernelCall | undefined {
  const [a, b] = node.inputs as [Tensor, Tensor];
  const { shape } = node;
  if (sizeOf(a.shape) === 0 || sizeOf(b.shape) === 0 || shape.length > MOST_AXES) return undefined;
  const [m, k] = lastTwo(a.shape, transposeA);
  const n = shape.at(-1)!;
  const batch = sizeOf(shape.slice(0, -2));
  const strideOf = (operand: Tensor, size: number): number | undefined => {
    const matrices = sizeOf(operand.shape) / size;
    return matrices === 1 ? 0 : matrices === batch ? size : undefined;
  };
  const [strideA, strideB] = [strideOf(a, m * k), strideOf(b, k * n)];
  if (strideA === undefined || strideB === undefined) return undefined;
  const sizes = [batch, m, n, k, strideA, strideB];
  return { name: "Gemm", attributes: { bf16: Number(precision === "bf16"), sizes, trans_a: Number(transposeA), trans_b: Number(transposeB), shape } };
}

/**
 * Whether the float32 kernel is faster than ONNX Runtime's. It writes both factors in another order and reads them again, and the
 * multiplications outweigh that where each number is in 16 of them or more; below 16 terms the results' way to memory outweighs all.
 * For 2 to 8 rows it reads the transpose of `b` as it is; one row costs either no more than reading `b`. A frozen `b` ONNX Runtime
 * packs once, where the kernel would each time.
 */
function isWorthPacking(node: Tensor, transposeA: boolean, transposeB: boolean): boolean {
  const [m, n] = node.shape.slice(-2) as [number, number];
  const [a, b] = node.inputs as [Tensor, Tensor];
  if (b.constant !== undefined) return false;
  return Math.min(m, n, lastTwo(a.shape, transposeA)[1]) >= 16 || (m > 1 && m <= 8 && transposeB && !transposeA);
}

/** Of an array that a kernel makes. */
const MOST_AXES = 8;

/** Rows and columns after an optional transpose. */
function lastTwo(shape: Shape, transposed: boolean): [number, number] {
  const [rows, columns] = shape.slice(-2) as [number, number];
  return transposed ? [columns, rows] : [rows, columns];
}

function swapLast(rank: number): number[] {
  const axes = Array.from({ length: rank }, (_, axis) => axis);
  return [...axes.slice(0, -2), rank - 1, rank - 2];
}

/** Matrix product of the last two axes; leading axes broadcast. */
export function matmul(a: TensorLike, b: TensorLike, { transposeA = false, transposeB = false }: MatmulOptions = {}): Tensor {
  return applyOp(matmulOp, [toTensor(a), toTensor(b)], { transposeA, transposeB });
}

/**
 * `x W^T`, PyTorch's linear layer without bias.
 *
 * @param x `[..., in]`
 * @param weight `[out, in]`
 * @returns `[..., out]`
 */
export function linear(x: TensorLike, weight: TensorLike): Tensor {
  const tensor = toTensor(x);
  const matrix = toTensor(weight);
  const inner = tensor.shape.at(-1) as number;
  // One large product over all rows, for any leading axes.
  const flat = matmul(reshape(tensor, [sizeOf(tensor.shape.slice(0, -1)), inner]), matrix, { transposeB: true });
  return reshape(flat, [...tensor.shape.slice(0, -1), matrix.shape[0]!]);
}

/** A two-dimensional product `x w^T`. */
export interface LinearFactors {
  /** `[M, D]`. */
  readonly x: Tensor;
  /** `[V, D]`. */
  readonly weight: Tensor;
}

/** What `linear` multiplied to get a tensor, also where it was reshaped along its other axes; `undefined` if it came about otherwise. */
export function linearFactors(tensor: Tensor): LinearFactors | undefined {
  const product = tensor.op?.name === "reshape" ? tensor.inputs[0]! : tensor;
  if (product.op !== matmulOp || product.attributes["transposeA"] === true || product.attributes["transposeB"] !== true) return undefined;
  const [x, weight] = product.inputs as [Tensor, Tensor];
  const isLinear = x.shape.length === 2 && weight.shape.length === 2 && tensor.shape.at(-1) === weight.shape[0];
  return isLinear ? { x, weight } : undefined;
}
