/**
 * How matrix products are computed: in float32, or with their factors rounded to bfloat16, eight bits of significand, and summed in
 * float32. All else is float32 in both.
 */
export type Precision = (typeof PRECISIONS)[number];

/** Names of the precisions. */
export const PRECISIONS = ["float32", "bf16"] as const;
