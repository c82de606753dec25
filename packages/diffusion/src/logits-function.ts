import type { Tensor } from "@diffucoder/tensor";

/** What a traced network is asked. Shapes: B rows of L tokens, M wanted positions. */
export interface LogitsInputs {
  /** int32 `[B, L]`. */
  inputIds: Tensor;
  /** `[B, L]`, 1 for a real token, 0 for padding. @default all real */
  attentionMask?: Tensor | undefined;
  /** int32 `[B, L]`. @default 0, 1, ..., L - 1 */
  positionIds?: Tensor | undefined;
  /** int32 `[M]`, indices into the `B * L` tokens. @default everywhere */
  logitPositions?: Tensor | undefined;
  /** Which tokens see which: a tensor holds 1 where the query (row) sees the key (column). @default "full" */
  attention?: "full" | "causal" | Tensor | undefined;
}

/**
 * A network as this package sees it: traced parameters and inputs to raw logits, `[B, L, V]` or `[M, V]` with
 * `logitPositions`. Row `i` predicts token `i + 1` (see `shiftLogits`). `logitsFunction(config)` of
 * `@diffucoder/model` is one.
 */
export type LogitsFunction = (parameters: Readonly<Record<string, Tensor>>, inputs: LogitsInputs) => Tensor;
