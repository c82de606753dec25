// Who may attend to whom, as an additive bias on the scores and a factor on the queries.
import { InvalidArgumentError, ShapeError } from "@diffucoder/core";
import type { Attention, BlockCausal } from "@diffucoder/diffusion";
import { add, cast, concat, constant, float32, max, mul, reshape, sub, type Tensor } from "@diffucoder/tensor";

export interface AttentionBias {
  /** Added to the scores of every head, `[B, 1, L, L]`, where the first and the third may be 1; absent where everything is seen. */
  scores: Tensor | undefined;
  /** 0 for queries that see no key, else 1: `[B * L, 1]`; absent where there are no such queries. */
  queries: Tensor | undefined;
}

/** Bias of hidden keys: far below every score, yet finite: a row of -Infinity would make softmax NaN. */
export const hidden = -1e9;

/** @param attentionMask `[B, L]`, 1 for a real token and 0 for padding, which sees nothing and is not seen */
export function attentionBias({
  attention,
  attentionMask,
  batch,
  length,
}: {
  attention: Attention;
  attentionMask: Tensor | undefined;
  batch: number;
  length: number;
}): AttentionBias {
  const pattern = patternBias(attention, batch, length);
  if (attentionMask === undefined) return pattern;

  const real = cast(attentionMask, "float32");
  const keys = reshape(mul(sub(1, real), hidden), [batch, 1, 1, length]);
  const queries = reshape(real, [batch * length, 1]);
  return {
    scores: pattern.scores === undefined ? keys : add(pattern.scores, keys),
    queries: pattern.queries === undefined ? queries : mul(queries, pattern.queries),
  };
}

function patternBias(attention: Attention, batch: number, length: number): AttentionBias {
  if (attention === "full") return { scores: undefined, queries: undefined };
  if (attention === "causal") return { scores: blockCausalBias(length, 1), queries: undefined };
  if (typeof attention === "string")
    throw new InvalidArgumentError({ argument: "attention", value: attention, expected: '"full", "causal", { blockLength } or a tensor' });
  if ("blockLength" in attention) return { scores: blockCausalBias(length, checkedBlockLength(attention)), queries: undefined };

  const { shape } = attention;
  const rows = shape.length === 2 ? 1 : shape[0]!;
  const isSquare = shape.at(-1) === length && shape.at(-2) === length;
  const fits = shape.length === 2 || ((rows === 1 || rows === batch) && (shape.length === 3 || (shape.length === 4 && shape[1] === 1)));
  if (!isSquare || !fits) {
    throw new ShapeError({
      argument: "attention",
      shape,
      expected: `[${length}, ${length}], [${batch}, ${length}, ${length}] or [${batch}, 1, ${length}, ${length}]`,
    });
  }
  const seen = reshape(cast(attention, "float32"), [rows, 1, length, length]);
  // A single pattern serves every row of the batch.
  const queries = max(seen, { axes: [-1] });
  return {
    scores: mul(sub(1, seen), hidden),
    queries: reshape(
      rows === batch
        ? queries
        : concat(
            Array.from({ length: batch }, () => queries),
            0,
          ),
      [batch * length, 1],
    ),
  };
}

/** A query sees the columns up to the end of its block. */
function blockCausalBias(length: number, blockLength: number): Tensor {
  const bias = float32(new Float32Array(length * length), [1, 1, length, length]);
  for (let row = 0; row < length; row++) {
    const blockEnd = (Math.floor(row / blockLength) + 1) * blockLength;
    bias.data.fill(hidden, row * length + Math.min(blockEnd, length), (row + 1) * length);
  }
  return constant(bias);
}

function checkedBlockLength({ blockLength }: BlockCausal): number {
  if (Number.isInteger(blockLength) && blockLength > 0) return blockLength;
  throw new InvalidArgumentError({ argument: "attention.blockLength", value: blockLength, expected: "a positive integer" });
}
