// The last part of every denoiser's graph, and what it takes in: from the logits of M positions to proposals.
import { InvalidArgumentError, ShapeError } from "@diffucoder/core";
import { bool, constant, float32, int32, take, type Tensor, transpose, where } from "@diffucoder/tensor";
import type { DenoiseRequest } from "./denoiser.ts";
import { COLDEST, HOTTEST } from "./limits.ts";
import type { ConfidenceName } from "./options.ts";
import { type SampledTokens, sampleTokens } from "./sample-tokens.ts";

/** What is drawn, as far as it changes the graph. */
export interface DrawVariant {
  confidence: ConfidenceName;
  topK: number | undefined;
}

export type DrawInputs = {
  temperature?: Tensor;
  topP?: Tensor;
  /** `[M]` */
  uniforms?: Tensor;
  /** `[M, classCount]` and `[V]`. */
  allowed?: Tensor;
  classOf?: Tensor;
};

/** What a denoiser must know of the model's vocabulary. */
export interface VocabularyOptions {
  /** Tokens of the vocabulary, V: the last axis of the logits. */
  vocabSize: number;
  /** Id of the mask token, below `vocabSize`. */
  maskTokenId: number;
  /**
   * Ids that are never proposed. Where the model proposes the mask token and it is not among them, a position stays masked, and
   * masks may be left in the end. @default none, as in Dream
   */
  forbiddenIds?: readonly number[];
  /** Dream's `generation_logits_hook_func`, traced: changes the logits `[M, V]` of M positions before anything is drawn. */
  logitsHook?: ((logits: Tensor) => Tensor) | undefined;
}

/** Stands for minus infinity. */
export const NEVER = -1e30;

/**
 * Logits `[M, V]`, shifted, to proposals: forbidden ids, the hook, constraints, then `sampleTokens`.
 *
 * @throws {InvalidArgumentError} if the mask token or a forbidden id is outside the vocabulary
 */
export function createDraw({ vocabSize, maskTokenId, forbiddenIds = [], logitsHook = (x) => x }: VocabularyOptions) {
  checkIds({ maskTokenId, forbiddenIds, vocabSize });
  const isForbidden = bool(Array.from({ length: vocabSize }, (_, id) => (forbiddenIds.includes(id) ? 1 : 0)));
  return (logits: Tensor, { allowed, classOf, ...draws }: DrawInputs, variant: DrawVariant): SampledTokens => {
    if (logits.shape.at(-1) !== vocabSize)
      throw new ShapeError({ argument: "logits", shape: logits.shape, expected: `[M, ${vocabSize}], as vocabSize` });
    const possible = logitsHook(forbiddenIds.length > 0 ? where(constant(isForbidden), NEVER, logits) : logits);
    const constrained = allowed && classOf ? where(transpose(take(transpose(allowed, [1, 0]), classOf), [1, 0]), possible, NEVER) : possible;
    return sampleTokens(constrained, { ...draws, ...variant });
  };
}

export function drawVariant({ confidence, topK }: DenoiseRequest): DrawVariant {
  return { confidence, topK };
}

/**
 * What the draw takes in for the positions with the given indices in the request.
 *
 * @param size M, at least as many
 * @throws {InvalidArgumentError} if a number for a position is missing
 */
export function drawInputs({ temperature, topP, uniforms, positions, allowed: constraint }: DenoiseRequest, chosen: readonly number[], size: number) {
  if (!(temperature >= 0)) throw new InvalidArgumentError({ argument: "temperature", value: temperature, expected: "a number of at least 0" });
  const greedy = temperature < COLDEST;
  if (!greedy && uniforms?.length !== positions.length)
    throw new InvalidArgumentError({ argument: "uniforms", value: uniforms, expected: `${positions.length} numbers, one for each position` });
  const drawn = new Float32Array(size);
  if (uniforms) chosen.forEach((position, i) => (drawn[i] = uniforms[position] as number));
  return {
    ...(!greedy && { temperature: Math.min(temperature, HOTTEST), uniforms: float32(drawn) }),
    ...(topP !== undefined && topP < 1 && { topP }),
    ...(constraint && constraintInputs(constraint, chosen, size)),
  };
}

function constraintInputs({ classOf, classCount, allowed }: NonNullable<DenoiseRequest["allowed"]>, chosen: readonly number[], size: number) {
  const all = new Uint8Array(size * classCount).fill(1);
  chosen.forEach((position, i) => all.set(allowed.subarray(position * classCount, (position + 1) * classCount), i * classCount));
  return { allowed: bool(all, [size, classCount]), classOf: int32(classOf) };
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
  if (new Set(forbiddenIds).size === vocabSize)
    throw new InvalidArgumentError({ argument: "forbiddenIds", value: `all ${vocabSize} ids`, expected: "some of the vocabulary" });
}
