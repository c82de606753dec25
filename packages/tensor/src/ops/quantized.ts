// Products with quantized weights (see quantize.ts for the formats). Inference only: there is no gradient.
//
// int8, for a row x of K numbers:   s = max|x| / 127,   q = round(x / s),   y_n = s c_n sum_k q_k w_kn
// The sum is exact in integers; x loses at most s / 2 in each element.
// int4:   y_n = sum_k x_k w_kn  with the weight unpacked block by block.
import { InvalidArgumentError } from "@diffucoder/core";
import { allocate } from "../dtype.ts";
import { applyOp, type Tensor } from "../tensor.ts";
import { rotateTensor } from "../rotation.ts";
import { type HostValue, type OpDefinition } from "./definition.ts";
import { mul } from "./elementwise.ts";

/** A zero in unsigned codes of rows. */
const ROW_ZERO = 128;
/** The largest code of a row or of an int8 weight. */
const LARGEST = 127;
/** Rows of zeros get this scale instead of 0. */
const SMALLEST_SCALE = 1e-30;
/** A zero in 4-bit codes. */
const INT4_ZERO = 8;

const noGradient = (): never => {
  throw new InvalidArgumentError({
    argument: "gradients: loss",
    value: "quantizedLinear",
    expected: "computed without quantized weights",
    wayOut: "Differentiate the model with float32 weights.",
  });
};

const rowScaleOp: OpDefinition = {
  name: "rowScale",
  infer: ([x]) => ({ shape: [(x as Tensor).shape[0] as number, 1], dtype: "float32" }),
  vjp: noGradient,
  evaluate: ([x]) => {
    const { data, shape } = x as HostValue;
    const [rows, width] = shape as [number, number];
    return Float64Array.from({ length: rows }, (_, i) => {
      let largest = 0;
      for (const value of data.subarray(i * width, (i + 1) * width)) largest = Math.max(largest, Math.abs(value));
      return Math.max(largest, SMALLEST_SCALE) / LARGEST;
    });
  },
  emit: (builder, [x]) => {
    // The two reductions read x twice; |x| first would write it once more.
    const reduce = (opType: string): string => builder.node(opType, [x as string, builder.int64s([1])], { keepdims: 1 });
    const largest = builder.node("Max", [reduce("ReduceMax"), builder.node("Neg", [reduce("ReduceMin")]), builder.scalar(SMALLEST_SCALE, "float32")]);
    return builder.node("Div", [largest, builder.scalar(LARGEST, "float32")]);
  },
};

/** The code of zero by the type of codes. */
const zeroOf = { uint8: ROW_ZERO, int8: 0 } as const;
type CodeType = keyof typeof zeroOf;

const quantizeRowsOp: OpDefinition = {
  name: "quantizeRows",
  infer: ([x], { dtype }) => ({ shape: (x as Tensor).shape, dtype }),
  vjp: noGradient,
  evaluate: ([x, scale], node) => {
    const { data, shape } = x as HostValue;
    const zero = zeroOf[node.dtype as CodeType];
    return data.map((value, i) => roundToEven(value / ((scale as HostValue).data[Math.floor(i / shape[1]!)] as number)) + zero);
  },
  emit: (builder, [x, scale], node) => {
    const rows = node.shape[0]!;
    const dtype = node.dtype as CodeType;
    const zeros = builder.initializer(allocate(dtype, rows).fill(zeroOf[dtype]), [rows], dtype);
    return builder.node("QuantizeLinear", [x as string, builder.node("Reshape", [scale as string, builder.int64s([rows])]), zeros], { axis: 0 });
  },
};

/**
 * Rounds rows to 8 bits: code = round(x / s), s = max|x| / 127 of the row. A row of zeros has the scale 1e-30 / 127.
 *
 * @param x float32 `[M, K]`
 * @returns codes `[M, K]` of the given type, with zero at 128 for uint8; scales float32 `[M, 1]`
 */
export function quantizeRows(x: Tensor, dtype: CodeType): QuantizedWeight<Tensor> {
  const scales = applyOp(rowScaleOp, [x]);
  return { codes: applyOp(quantizeRowsOp, [x, scales], { dtype }), scales };
}

/** As IEEE arithmetic rounds: to the nearest integer, halves to the even one. */
function roundToEven(x: number): number {
  const floor = Math.floor(x);
  const rest = x - floor;
  return rest > 0.5 || (rest === 0.5 && floor % 2 !== 0) ? floor + 1 : floor;
}

const integerMatmulOp: OpDefinition = {
  name: "integerMatmul",
  infer: ([rows, codes]) => ({ shape: [(rows as Tensor).shape[0] as number, (codes as Tensor).shape[1] as number], dtype: "float32" }),
  vjp: noGradient,
  evaluate: (inputs, node) => {
    const [rows, codes, scales] = inputs as [HostValue, HostValue, HostValue];
    const [m, n] = node.shape as [number, number];
    const k = rows.shape[1]!;
    return Float64Array.from({ length: m * n }, (_, at) => {
      const [i, j] = [Math.floor(at / n), at % n];
      let total = 0;
      for (let l = 0; l < k; l++) total += (rows.data[i * k + l]! - ROW_ZERO) * codes.data[l * n + j]!;
      return total * scales.data[j]!;
    });
  },
  emit: (builder, [rows, codes, scales]) => {
    const zeros = [builder.scalar(ROW_ZERO, "uint8"), builder.scalar(0, "int8")];
    return builder.node(
      "MatMulIntegerToFloat",
      [rows as string, codes as string, builder.scalar(1, "float32"), scales as string, ...zeros],
      {},
      MICROSOFT,
    );
  },
};

const int4MatmulOp: OpDefinition = {
  name: "int4Matmul",
  infer: ([x, codes]) => ({ shape: [(x as Tensor).shape[0] as number, (codes as Tensor).shape[0] as number], dtype: "float32" }),
  vjp: noGradient,
  evaluate: (inputs, node) => {
    const [x, codes, scales] = inputs as [HostValue, HostValue, HostValue];
    const [m, n] = node.shape as [number, number];
    const k = x.shape[1]!;
    const blockSize = 2 * codes.shape[2]!;
    return Float64Array.from({ length: m * n }, (_, at) => {
      const [i, j] = [Math.floor(at / n), at % n];
      let total = 0;
      for (let l = 0; l < k; l++) {
        const weight = j * k + l;
        const pair = codes.data[weight >> 1]!;
        const code = (weight % 2 === 0 ? pair & 15 : pair >> 4) - INT4_ZERO;
        total += x.data[i * k + l]! * code * scales.data[Math.floor(weight / blockSize)]!;
      }
      return total;
    });
  },
  emit: (builder, inputs, node) => {
    const [x, codes] = node.inputs as [Tensor, Tensor, Tensor];
    const attributes = {
      K: x.shape[1]!,
      N: node.shape[1]!,
      bits: 4,
      block_size: 2 * codes.shape[2]!,
      accuracy_level: INTEGER_ARITHMETIC,
    };
    const scales = builder.node("Reshape", [inputs[2]!, builder.int64s([-1])]);
    return builder.node("MatMulNBits", [inputs[0]!, inputs[1]!, scales], attributes, MICROSOFT);
  },
};

/** The domain of ONNX Runtime's own operators. */
const MICROSOFT = "com.microsoft";
/** Activations may be rounded to 8 bits by block, which the fast kernels do. */
const INTEGER_ARITHMETIC = 4;

/** A quantized weight matrix of a linear layer, `[out, in]`, as `quantizeInt8` and `quantizeInt4` make it. */
export interface QuantizedWeight<T> {
  /** int8: int8 `[in, out]`; int4: uint8 `[out, in / block, block / 2]`; or uint8 in panels, as `weightLayout` makes them. */
  codes: T;
  /** int8: float32 `[out]`; int4: float32 `[out, in / block]`, or in panels. */
  scales: T;
}

/** `x W^T` for rows `x [M, in]`, and codes that are not in panels. */
export function linearOfRows(x: Tensor, { codes, scales }: QuantizedWeight<Tensor>): Tensor {
  return codes.dtype === "int8" ? int8Linear(x, codes, scales) : applyOp(int4MatmulOp, [x, codes, scales]);
}

function int8Linear(x: Tensor, codes: Tensor, scales: Tensor): Tensor {
  const rows = quantizeRows(rotateTensor(x), "uint8");
  return mul(applyOp(integerMatmulOp, [rows.codes, codes, scales]), rows.scales);
}
