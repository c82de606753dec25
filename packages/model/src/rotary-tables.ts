// Rotary position embedding (Su et al. 2021): the pair (x_i, x_(i + D/2)) of a head of width D turns by the angle
//   p theta^(-2i/D),   p the position of the token; `rope-frequencies.ts` has the stretched ones.
import { cast, constant, cos, float32, int32, mul, reshape, sin, type Tensor } from "@diffucoder/tensor";
import { ropeFrequencies, type RopeScaling } from "./rope-frequencies.ts";

/** What the `rotary` op takes: a row of cosines and sines for each position, and the row of each token. */
export interface RotaryTables {
  /** `[rows, D / 2]`. */
  cos: Tensor;
  /** `[rows, D / 2]`. */
  sin: Tensor;
  /** int32 `[B, L]`. */
  positions: Tensor;
}

export interface RotaryTablesOptions {
  batch: number;
  length: number;
  headSize: number;
  theta: number;
  scaling?: RopeScaling | undefined;
  /** int32 `[B, L]`. @default 0, 1, ..., L - 1 */
  positionIds?: Tensor | undefined;
  /** Factor on the rotated vectors. @default 1 */
  scale?: number;
}

/**
 * Without `positionIds` the tables are constants of L rows. Traced positions have no known bound, so there each token
 * gets a row of its own, computed in the graph.
 */
export function rotaryTables({ batch, length, headSize, theta, scaling, positionIds, scale: given = 1 }: RotaryTablesOptions): RotaryTables {
  const half = headSize / 2;
  const { frequencies, attentionFactor } = ropeFrequencies({ headSize, theta, scaling });
  const scale = given * attentionFactor;
  const rowOf = (token: number): number => (positionIds === undefined ? token % length : token);
  const positions = constant(
    int32(
      Array.from({ length: batch * length }, (_, token) => rowOf(token)),
      [batch, length],
    ),
  );
  if (positionIds !== undefined) {
    const angles = mul(reshape(cast(positionIds, "float32"), [batch * length, 1]), float32(frequencies)); // [B * L, D / 2]
    return { cos: mul(cos(angles), scale), sin: mul(sin(angles), scale), positions };
  }
  const angles = Array.from({ length }, (_, position) => frequencies.map((frequency) => position * frequency)).flat();
  const table = (of: (angle: number) => number): Tensor =>
    constant(
      float32(
        angles.map((angle) => scale * of(angle)),
        [length, half],
      ),
    );
  return { cos: table(Math.cos), sin: table(Math.sin), positions };
}
