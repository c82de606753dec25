import { InvalidArgumentError } from "@diffucoder/core";
import { checkTokenIds, type LogitsFunction } from "@diffucoder/diffusion";
import {
  add,
  compile,
  type CompiledFunction,
  concat,
  constant,
  type Executor,
  int32,
  maximum,
  mul,
  type NdArray,
  slice,
  sub,
  type Tensor,
} from "@diffucoder/tensor";
import type { DenoiseRequest, DisposableDenoiser } from "./denoiser.ts";
import { createDraw, type DrawInputs, drawInputs, type DrawVariant, drawVariant, NEVER, type VocabularyOptions } from "./draw.ts";

/** A network, and how its logits are read. */
export interface CreateDenoiserOptions extends VocabularyOptions {
  /** The network: parameters and token ids in, raw logits out. */
  logits: LogitsFunction;
  /** The network's parameters by name. Read at every pass: training may replace the arrays in between. */
  parameters: () => Readonly<Record<string, NdArray>>;
  /**
   * The parameters are always the same arrays, whose elements never change. Then they are packed for the processor once for
   * each compiled plan, which is faster, and takes the memory of a packed copy on top for each. @default false
   */
  frozen?: boolean | undefined;
  /** Tokens of the longest row. @default any */
  maxLength?: number;
  /** Whether row i of the logits predicts token i + 1, as in Dream, or token i, as in LLaDA. @default true */
  shift?: boolean;
  /** Which tokens see which; `"causal"` makes an autoregressive model. @default "full" */
  attention?: "full" | "causal";
  /** Where the network runs. @default ONNX Runtime on the processor */
  executor?: Executor;
}

type Inputs = {
  inputIds: Tensor;
  logitPositions: Tensor;
  attentionMask?: Tensor;
  positionIds?: Tensor;
  /** `[2 * B, L]` instead of `inputIds`, and the scale. */
  guidanceScale?: Tensor;
  draws: DrawInputs;
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
  frozen = false,
  maxLength,
  shift = true,
  attention = "full",
  executor,
  ...vocabulary
}: CreateDenoiserOptions): DisposableDenoiser {
  const { maskTokenId } = vocabulary;
  const draw = createDraw(vocabulary);
  const compiled = new Map<string, Propose>();

  /** `[M, V]` */
  const positionLogits = (weights: Record<string, Tensor>, inputs: Omit<Inputs, "draws">): Tensor => {
    const { guidanceScale, logitPositions, ...rest } = inputs;
    if (guidanceScale === undefined) return logits(weights, { ...rest, attention, logitPositions });
    const count = logitPositions.shape[0] as number;
    const [rows, length] = rest.inputIds.shape as [number, number];
    const both = concat([logitPositions, add(logitPositions, constant((rows / 2) * length, "int32"))], 0);
    // A network may rule tokens out with minus infinity, of which the difference below would be no number.
    const pair = maximum(logits(weights, { ...rest, attention, logitPositions: both }), NEVER); // [2M, V]
    const [c, u] = [slice(pair, { axis: 0, start: 0, end: count }), slice(pair, { axis: 0, start: count, end: 2 * count })];
    return add(u, mul(sub(c, u), add(guidanceScale, 1)));
  };

  const proposeWith = (variant: DrawVariant): Propose => {
    const key = JSON.stringify(variant);
    let propose = compiled.get(key);
    if (propose === undefined) {
      propose = compile(
        (weights: Record<string, Tensor>, { draws, ...inputs }: Inputs) => ({ ...draw(positionLogits(weights, inputs), draws, variant) }),
        { name: "propose", frozen: frozen ? [0] : [], ...(executor && { executor }) },
      );
      compiled.set(key, propose);
    }
    return propose;
  };

  return {
    maskTokenId,
    vocabSize: vocabulary.vocabSize,
    mayProposeMask: vocabulary.forbiddenIds?.includes(maskTokenId) !== true,
    maxLength,
    dispose: () => {
      for (const propose of compiled.values()) propose.dispose();
      compiled.clear();
    },
    propose: async (request) => {
      const { batchSize, length, positions, guidanceScale = 0 } = request;
      const count = positions.length;
      checkTokenIds("inputIds", request.inputIds, vocabulary.vocabSize);
      if (count === 0) return { tokens: new Int32Array(), confidence: new Float32Array(), entropy: new Float32Array() };
      const size = paddedSize(count, batchSize * length);
      const result = await proposeWith(drawVariant(request))(parameters(), {
        ...networkInputs(request),
        logitPositions: int32(logitRows(request, { size, shift })),
        draws: drawInputs(request, [...positions.keys()], size),
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

/** Rows of the logits that predict the tokens at `positions`. A shifted model predicts a row's first real token from itself. */
function logitRows({ positions, length, attentionMask }: DenoiseRequest, { size, shift }: { size: number; shift: boolean }): Int32Array {
  const rows = new Int32Array(size);
  const isFirst = (position: number): boolean => position % length === 0 || attentionMask?.[position - 1] === 0;
  positions.forEach((position, i) => (rows[i] = !shift || isFirst(position) ? position : position - 1));
  return rows;
}

/** The smallest of a few sizes that holds `count` positions: eighths of all tokens of the batch. */
function paddedSize(count: number, total: number): number {
  const unit = Math.ceil(total / 8);
  return Math.min(total, Math.ceil(count / unit) * unit);
}
