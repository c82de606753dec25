import type { Tensor } from "@diffucoder/tensor";
import type { ModelParameters } from "./model-parameters.ts";

/** Blocks of `blockLength` tokens from the first column on: a token sees its own block and those before it. */
export interface BlockCausal {
  /** Tokens of a block; 1 is `"causal"`. */
  readonly blockLength: number;
}

/**
 * Which tokens see which. `"full"`: every token sees every token; `"causal"`: itself and those before it; blocks; or a tensor
 * of 1 where the query (second to last axis) sees the key (last axis): `[L, L]`, `[B, L, L]` or `[B, 1, L, L]`.
 */
export type Attention = "full" | "causal" | BlockCausal | Tensor;

/** The inputs of a traced network. B rows of L tokens, M wanted positions. */
export interface LogitsInputs {
  /** Token ids, int32 `[B, L]`. */
  inputIds: Tensor;
  /** `[B, L]`, 1 for a real token, 0 for padding: it is not seen, and its own logits mean nothing. @default all real */
  attentionMask?: Tensor | undefined;
  /** Positions for the rotary embedding, int32 `[B, L]`. @default 0, 1, ..., L - 1 */
  positionIds?: Tensor | undefined;
  /** Which tokens see which, on top of `attentionMask`. @default "full" */
  attention?: Attention | undefined;
  /** Where logits are wanted: int32 `[M]`, indices into the `B * L` tokens, row-major. @default everywhere */
  logitPositions?: Tensor | undefined;
}

/**
 * A network as losses, samplers and trainers see it: traced parameters and inputs to raw logits, `[B, L, V]`, or `[M, V]` with
 * `logitPositions`. Row `i` of a shifted model predicts token `i + 1` (see `shiftLogits`). `logitsFunction(config)` of
 * `@diffucoder/model` is one.
 */
export type LogitsFunction = (parameters: Readonly<ModelParameters<Tensor>>, inputs: LogitsInputs) => Tensor;
