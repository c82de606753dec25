import { InvalidArgumentError } from "@diffucoder/core";
import type { LogitsFunction } from "@diffucoder/diffusion";
import {
  add,
  bool,
  compile,
  type CompiledFunction,
  concat,
  constant,
  type Executor,
  float32,
  int32,
  mul,
  type NdArray,
  slice,
  sub,
  take,
  type Tensor,
  transpose,
  where,
} from "@diffucoder/tensor";
import type { DenoiseRequest, DisposableDenoiser } from "./denoiser.ts";
import type { ConfidenceName } from "./options.ts";
import { sampleTokens } from "./sample-tokens.ts";

export interface CreateDenoiserOptions {
  logits: LogitsFunction;
  /** Read at every pass: training may replace the arrays in between. */
  parameters: () => Readonly<Record<string, NdArray>>;
  maskTokenId: number;
  vocabSize: number;
  /** Tokens of the longest row. @default any */
  maxLength?: number;
  /** Whether row i of the logits predicts token i + 1, as in Dream, or token i, as in LLaDA. @default true */
  shift?: boolean;
  /** Which tokens see which; `"causal"` makes an autoregressive model. @default "full" */
  attention?: "full" | "causal";
  /** Ids that are never proposed. @default none, as in Dream */
  forbiddenIds?: readonly number[];
  /** Dream's `generation_logits_hook_func`, traced: changes the logits `[M, V]` of M positions before anything is drawn. */
  logitsHook?: ((logits: Tensor) => Tensor) | undefined;
  executor?: Executor;
}

/** Stands for minus infinity. */
const NEVER = -1e30;

interface Variant {
  greedy: boolean;
  topP: boolean;
  topK: number | undefined;
  confidence: ConfidenceName;
}

type Inputs = {
  inputIds: Tensor;
  logitPositions: Tensor;
  attentionMask?: Tensor;
  positionIds?: Tensor;
  temperature?: Tensor;
  topP?: Tensor;
  uniforms?: Tensor;
  /** `[2 * B, L]` instead of `inputIds`, and the scale. */
  guidanceScale?: Tensor;
  /** `[M, classCount]` and `[V]`. */
  allowed?: Tensor;
  classOf?: Tensor;
};
type Propose = CompiledFunction<[Record<string, Tensor>, Inputs], { tokens: Tensor; confidence: Tensor; entropy: Tensor }>;

/**
 * A denoiser that runs on the device: the forward pass, the shift, guidance, constraints, temperature, filters, confidence
 * and the draw are one graph, and logits are computed only where they were asked for. What comes back are twelve bytes
 * for each position, whatever the vocabulary.
 *
 * Requests are padded to a few sizes, so that a generation needs a handful of compiled plans.
 *
 * @throws {InvalidArgumentError} if the mask token or a forbidden id is outside the vocabulary
 */
export function createDenoiser({
  logits,
  parameters,
  maskTokenId,
  vocabSize,
  maxLength,
  shift = true,
  attention = "full",
  forbiddenIds = [],
  logitsHook = (x) => x,
  executor,
}: CreateDenoiserOptions): DisposableDenoiser {
  checkIds({ maskTokenId, forbiddenIds, vocabSize });
  const isForbidden = bool(Array.from({ length: vocabSize }, (_, id) => (forbiddenIds.includes(id) ? 1 : 0)));
  const compiled = new Map<string, Propose>();

  /** `[M, V]` */
  const positionLogits = (weights: Record<string, Tensor>, inputs: Inputs): Tensor => {
    const { guidanceScale, logitPositions, allowed, classOf, ...rest } = inputs;
    const count = logitPositions.shape[0] as number;
    let result: Tensor;
    if (guidanceScale === undefined) {
      result = logits(weights, { ...rest, attention, logitPositions });
    } else {
      const [rows, length] = rest.inputIds.shape as [number, number];
      const both = concat([logitPositions, add(logitPositions, constant((rows / 2) * length, "int32"))], 0);
      const pair = logits(weights, { ...rest, attention, logitPositions: both }); // [2M, V]
      const [c, u] = [slice(pair, { axis: 0, start: 0, end: count }), slice(pair, { axis: 0, start: count, end: 2 * count })];
      result = add(u, mul(sub(c, u), add(guidanceScale, 1)));
    }
    if (forbiddenIds.length > 0) result = where(constant(isForbidden), NEVER, result);
    result = logitsHook(result);
    return allowed && classOf ? where(transpose(take(transpose(allowed, [1, 0]), classOf), [1, 0]), result, NEVER) : result;
  };

  const variantOf = (variant: Variant): Propose => {
    const key = JSON.stringify(variant);
    let propose = compiled.get(key);
    if (propose === undefined) {
      propose = compile(
        (weights: Record<string, Tensor>, { temperature, topP, uniforms, ...inputs }: Inputs) => ({
          ...sampleTokens(positionLogits(weights, inputs), { temperature, topP, uniforms, topK: variant.topK, confidence: variant.confidence }),
        }),
        { name: "propose", ...(executor && { executor }) },
      );
      compiled.set(key, propose);
    }
    return propose;
  };

  return {
    maskTokenId,
    maxLength,
    dispose: () => {
      for (const propose of compiled.values()) propose.dispose();
      compiled.clear();
    },
    propose: async (request) => {
      const { batchSize, length, positions, temperature, topP, topK, confidence, uniforms, guidanceScale = 0 } = request;
      const count = positions.length;
      if (count === 0) return { tokens: new Int32Array(), confidence: new Float32Array(), entropy: new Float32Array() };
      const greedy = temperature === 0;
      if (!greedy && uniforms?.length !== count)
        throw new InvalidArgumentError({ argument: "uniforms", value: uniforms, expected: `${count} numbers, one for each position` });
      const nucleus = topP !== undefined && topP < 1;
      const size = paddedSize(count, batchSize * length);
      const propose = variantOf({ greedy, topP: nucleus, topK, confidence });
      const result = await propose(parameters(), {
        ...networkInputs(request),
        logitPositions: int32(logitRows(positions, { length, size, shift })),
        ...(!greedy && { temperature, uniforms: float32(padded(uniforms as Float32Array, size)) }),
        ...(nucleus && { topP }),
        ...allowedInputs(request, size),
      });
      return {
        tokens: (result.tokens.data as Int32Array).subarray(0, count),
        confidence: (result.confidence.data as Float32Array).subarray(0, count),
        entropy: (result.entropy.data as Float32Array).subarray(0, count),
        forwardTokens: batchSize * length * (guidanceScale > 0 ? 2 : 1),
      };
    },
  };
}

function checkIds({ maskTokenId, forbiddenIds, vocabSize }: { maskTokenId: number; forbiddenIds: readonly number[]; vocabSize: number }): void {
  const isToken = (id: number): boolean => Number.isInteger(id) && id >= 0 && id < vocabSize;
  if (!isToken(maskTokenId)) {
    throw new InvalidArgumentError({
      argument: "maskTokenId",
      value: maskTokenId,
      expected: `an id below ${vocabSize}`,
      wayOut: "A model without a mask token cannot denoise: is it an autoregressive one?",
    });
  }
  for (const id of forbiddenIds) {
    if (!isToken(id)) throw new InvalidArgumentError({ argument: "forbiddenIds", value: id, expected: `ids below ${vocabSize}` });
  }
}

/** Ids, padding and guidance as the network takes them; with guidance the batch is there twice. */
function networkInputs({ inputIds, batchSize, length, attentionMask, positionIds, guidanceScale = 0, unconditionalIds }: DenoiseRequest) {
  if (guidanceScale > 0 && unconditionalIds?.length !== inputIds.length)
    throw new InvalidArgumentError({
      argument: "unconditionalIds",
      value: unconditionalIds,
      expected: `${inputIds.length} ids, as guidanceScale is above 0`,
    });
  const isGuided = guidanceScale > 0;
  const shape = [isGuided ? 2 * batchSize : batchSize, length];
  const rows = (first: Int32Array, second = first): NdArray => int32(isGuided ? Int32Array.from([...first, ...second]) : first, shape);
  return {
    inputIds: rows(inputIds, unconditionalIds),
    ...(attentionMask && { attentionMask: rows(attentionMask) }),
    ...(positionIds && { positionIds: rows(positionIds) }),
    ...(isGuided && { guidanceScale }),
  };
}

/** Rows of the logits that predict the tokens at `positions`. A shifted model predicts a row's first token from itself. */
function logitRows(positions: Int32Array, { length, size, shift }: { length: number; size: number; shift: boolean }): Int32Array {
  const rows = new Int32Array(size);
  positions.forEach((position, i) => (rows[i] = !shift || position % length === 0 ? position : position - 1));
  return rows;
}

function allowedInputs({ allowed: constraint }: DenoiseRequest, size: number) {
  if (constraint === undefined) return {};
  const { classOf, classCount, allowed } = constraint;
  const all = new Uint8Array(size * classCount).fill(1);
  all.set(allowed);
  return { allowed: bool(all, [size, classCount]), classOf: int32(classOf) };
}

/** The smallest of a few sizes that holds `count` positions: eighths of all tokens of the batch. */
function paddedSize(count: number, total: number): number {
  const unit = Math.ceil(total / 8);
  return Math.min(total, Math.ceil(count / unit) * unit);
}

function padded(values: Float32Array, size: number): Float32Array {
  const result = new Float32Array(size);
  result.set(values);
  return result;
}
