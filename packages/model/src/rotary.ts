// Rotary position embedding (Su et al. 2021, RoFormer), in the half-split form of Llama and Qwen:
//   y = x cos(p w) + swap(x) sin(p w) (-1 for the first half),   w_i = theta^(-2i/D),   swap([a, b]) = [b, a].
// D is the width of a head, p the position. The tables hold each angle twice and carry the sign in the sine.
import { add, cast, concat, constant, cos, float32, mul, neg, reshape, sin, slice, type Tensor, withGradient } from "@diffucoder/tensor";

/** Factors of a rotation, broadcasting against `[B, heads, L, D]`. */
export interface RotaryTables {
  cos: Tensor;
  /** Negative in the first half. */
  sin: Tensor;
}

export interface RotaryTablesOptions {
  headSize: number;
  theta: number;
  /** Length of the sequence, for positions 0, 1, ..., L - 1. */
  length: number;
  /** int32 `[B, L]`, where the positions are others. */
  positionIds?: Tensor | undefined;
  /** Factor on the rotated vectors. @default 1 */
  scale?: number;
}

/** Known positions give constants `[L, D]`, traced ones `[B, 1, L, D]`. */
export function rotaryTables({ headSize, theta, length, positionIds, scale = 1 }: RotaryTablesOptions): RotaryTables {
  const half = headSize / 2;
  const frequencies = Array.from({ length: half }, (_, i) => theta ** (-i / half));
  if (positionIds !== undefined) {
    const [batch, columns] = positionIds.shape as [number, number];
    const angles = mul(reshape(cast(positionIds, "float32"), [batch, 1, columns, 1]), float32(frequencies));
    const [cosine, sine] = [mul(cos(angles), scale), mul(sin(angles), scale)];
    return { cos: concat([cosine, cosine], -1), sin: concat([neg(sine), sine], -1) };
  }
  const cosine = new Float32Array(length * headSize);
  const sine = new Float32Array(length * headSize);
  for (let position = 0; position < length; position++) {
    frequencies.forEach((frequency, i) => {
      const at = position * headSize + i;
      const angle = position * frequency;
      cosine[at] = cosine[at + half] = scale * Math.cos(angle);
      sine[at + half] = scale * Math.sin(angle);
      sine[at] = -(sine[at + half] as number);
    });
  }
  return { cos: constant(float32(cosine, [length, headSize])), sin: constant(float32(sine, [length, headSize])) };
}

/** Rotates `x [B, heads, L, D]` to its positions. */
export function rotate(x: Tensor, tables: RotaryTables): Tensor {
  // The gradient turns back: swap(g sin) = -swap(g) sin, one pass less than differentiating the slices.
  return withGradient(turn(x, tables), [x], (g) => [turn(g, { cos: tables.cos, sin: neg(tables.sin) })]);
}

function turn(x: Tensor, tables: RotaryTables): Tensor {
  const half = (x.shape.at(-1) as number) / 2;
  const swapped = concat([slice(x, { axis: -1, start: half }), slice(x, { axis: -1, end: half })], -1);
  return add(mul(x, tables.cos), mul(swapped, tables.sin));
}
