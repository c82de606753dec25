import { InvalidArgumentError } from "@diffucoder/core";
import type { LogitsFunction } from "@diffucoder/diffusion";
import { compile, type CompiledFunction, constant, type Executor, float32, int32, type NdArray, type Tensor, where, bool } from "@diffucoder/tensor";
import type { Alg } from "./options.ts";
import { sampleTokens } from "./sample-tokens.ts";

/** One forward pass over B rows of L tokens, and a proposal for each of M positions. */
export interface DenoiseRequest {
  /** `[B * L]` */
  inputIds: Int32Array;
  batchSize: number;
  length: number;
  /** `[B * L]`, 0 on padding. @default all real */
  attentionMask?: Int32Array | undefined;
  /** `[B * L]`. @default 0, 1, ... in each row */
  positionIds?: Int32Array | undefined;
  /** `[M]`, indices into `inputIds` of the positions to propose tokens for. */
  positions: Int32Array;
  /** 0 is greedy. */
  temperature: number;
  topP?: number | undefined;
  topK?: number | undefined;
  /** `[M]` in [0, 1), one number for each position; not read at temperature 0. */
  uniforms?: Float32Array | undefined;
  alg: Alg;
}

/** Proposals, one for each requested position. */
export interface Proposals {
  tokens: Int32Array;
  /** Larger is surer; what it measures depends on `alg`. */
  confidence: Float32Array;
  /** Nats. */
  entropy: Float32Array;
}

/** All that a sampler sees of a model. */
export interface Denoiser {
  readonly maskTokenId: number;
  propose(request: DenoiseRequest): Promise<Proposals>;
}

/** A denoiser that holds compiled plans. */
export interface DisposableDenoiser extends Denoiser {
  /** Frees the plans; the denoiser can be used again and compiles anew. */
  dispose(): void;
}

export interface CreateDenoiserOptions {
  logits: LogitsFunction;
  /** Read at every pass: training may replace the arrays in between. */
  parameters: () => Readonly<Record<string, NdArray>>;
  maskTokenId: number;
  vocabSize: number;
  /** Ids that are never proposed. @default none, as in Dream */
  forbiddenIds?: readonly number[];
  executor?: Executor;
}

interface Variant {
  greedy: boolean;
  topP: boolean;
  topK: number | undefined;
  alg: Alg;
  attentionMask: boolean;
  positionIds: boolean;
}

type Inputs = {
  inputIds: Tensor;
  logitPositions: Tensor;
  attentionMask?: Tensor;
  positionIds?: Tensor;
  temperature?: Tensor;
  topP?: Tensor;
  uniforms?: Tensor;
};
type Propose = CompiledFunction<[Record<string, Tensor>, Inputs], { tokens: Tensor; confidence: Tensor; entropy: Tensor }>;

/**
 * A denoiser that runs on the device: the forward pass, the shift, temperature, filters, confidence and the draw are one
 * graph, and logits are computed only where they were asked for.
 *
 * Requests are padded to a few sizes, so that a generation needs a handful of compiled plans.
 *
 * @throws {InvalidArgumentError} if a forbidden id is outside the vocabulary
 */
export function createDenoiser({
  logits,
  parameters,
  maskTokenId,
  vocabSize,
  forbiddenIds = [],
  executor,
}: CreateDenoiserOptions): DisposableDenoiser {
  for (const id of forbiddenIds) {
    if (!Number.isInteger(id) || id < 0 || id >= vocabSize)
      throw new InvalidArgumentError({ argument: "forbiddenIds", value: id, expected: `ids below ${vocabSize}` });
  }
  const isForbidden = bool(Array.from({ length: vocabSize }, (_, id) => (forbiddenIds.includes(id) ? 1 : 0)));
  const compiled = new Map<string, Propose>();

  const variantOf = (variant: Variant): Propose => {
    const key = JSON.stringify(variant);
    let propose = compiled.get(key);
    if (propose === undefined) {
      propose = compile(
        (weights: Record<string, Tensor>, { inputIds, logitPositions, attentionMask, positionIds, temperature, topP, uniforms }: Inputs) => {
          const raw = logits(weights, { inputIds, logitPositions, attentionMask, positionIds }); // [M, V]
          const allowed = forbiddenIds.length === 0 ? raw : where(constant(isForbidden), -1e30, raw);
          return { ...sampleTokens(allowed, { temperature, topP, uniforms, topK: variant.topK, alg: variant.alg }) };
        },
        { name: "propose", ...(executor && { executor }) },
      );
      compiled.set(key, propose);
    }
    return propose;
  };

  return {
    maskTokenId,
    dispose: () => {
      for (const propose of compiled.values()) propose.dispose();
      compiled.clear();
    },
    propose: async ({ inputIds, batchSize, length, attentionMask, positionIds, positions, temperature, topP, topK, uniforms, alg }) => {
      const count = positions.length;
      if (count === 0) return { tokens: new Int32Array(), confidence: new Float32Array(), entropy: new Float32Array() };
      const greedy = temperature === 0;
      if (!greedy && uniforms?.length !== count)
        throw new InvalidArgumentError({ argument: "uniforms", value: uniforms, expected: `${count} numbers, one for each position` });
      const nucleus = topP !== undefined && topP < 1;
      const size = paddedSize(count, batchSize * length);
      // The token at a position is predicted by the one before it; the first has only itself.
      const predecessors = new Int32Array(size).fill(0);
      positions.forEach((position, i) => (predecessors[i] = position % length === 0 ? position : position - 1));
      const shape = [batchSize, length];
      const padded = new Float32Array(size);
      if (uniforms) padded.set(uniforms);
      const propose = variantOf({
        greedy,
        topP: nucleus,
        topK,
        alg,
        attentionMask: attentionMask !== undefined,
        positionIds: positionIds !== undefined,
      });
      const result = await propose(parameters(), {
        inputIds: int32(inputIds, shape),
        logitPositions: int32(predecessors),
        ...(attentionMask && { attentionMask: int32(attentionMask, shape) }),
        ...(positionIds && { positionIds: int32(positionIds, shape) }),
        ...(!greedy && { temperature, uniforms: float32(padded) }),
        ...(nucleus && { topP }),
      });
      return {
        tokens: (result.tokens.data as Int32Array).subarray(0, count),
        confidence: (result.confidence.data as Float32Array).subarray(0, count),
        entropy: (result.entropy.data as Float32Array).subarray(0, count),
      };
    },
  };
}

/** The smallest of a few sizes that holds `count` positions: eighths of all tokens of the batch. */
function paddedSize(count: number, total: number): number {
  const unit = Math.ceil(total / 8);
  return Math.min(total, Math.ceil(count / unit) * unit);
}
