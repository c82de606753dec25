// The last part of every denoiser's graph, and what it takes in: from the logits of M positions to proposals.
import { InvalidArgumentError, ShapeError } from "@diffucoder/core";
import { bool, type Concrete, constant, float32, int32, type NdArray, take, takeAlongAxis, type Tensor, where } from "@diffucoder/tensor";
import type { DenoiseRequest, DrawOptions } from "./denoiser.ts";
import { COLDEST, HOTTEST, NEVER } from "./limits.ts";
import { type SampledTokens, sampleTokens, type TokenFilter } from "./sample-tokens.ts";
import { ladder } from "./sizes.ts";

/** M positions; what is absent is wanted at none of them. */
export type DrawInputs = {
  /** `[M]`, 0 is greedy. */
  temperature: Tensor;
  /** `[M]` */
  uniforms?: Tensor;
  filter?: TokenFilter;
  constraint?: {
    /** `[M, classes]` */
    allowed: Tensor;
    /** `[T, V]`, the class of each token, by the tables that the rows bring. */
    classOf: Tensor;
    /** `[M]`, which of the tables. */
    table: Tensor;
  };
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

/**
 * Logits `[M, V]`, shifted, to proposals: forbidden ids, the hook, constraints, then `sampleTokens`.
 *
 * @throws {InvalidArgumentError} if the mask token or a forbidden id is outside the vocabulary
 */
export function createDraw({ vocabSize, maskTokenId, forbiddenIds = [], logitsHook = (x) => x }: VocabularyOptions) {
  checkIds({ maskTokenId, forbiddenIds, vocabSize });
  const isForbidden = bool(Array.from({ length: vocabSize }, (_, id) => (forbiddenIds.includes(id) ? 1 : 0)));
  return (logits: Tensor, { constraint, ...draws }: DrawInputs): SampledTokens => {
    if (logits.shape.at(-1) !== vocabSize)
      throw new ShapeError({ argument: "logits", shape: logits.shape, expected: `[M, ${vocabSize}], as vocabSize` });
    const possible = logitsHook(forbiddenIds.length > 0 ? where(constant(isForbidden), NEVER, logits) : logits);
    return sampleTokens(constraint === undefined ? possible : where(isAllowed(constraint), possible, NEVER), draws);
  };
}

/** `[M, V]` */
function isAllowed({ allowed, classOf, table }: NonNullable<DrawInputs["constraint"]>): Tensor {
  return takeAlongAxis(allowed, take(classOf, table));
}

/**
 * What the draw takes in for the positions with the given indices in the request. What no row wants is left out, and so is
 * drawing without a filter where every row has one: that is the only way in which settings choose a plan.
 *
 * @param size M, at least as many
 * @throws {InvalidArgumentError} if a temperature is not one, or a number for a position is missing
 */
export function drawInputs(request: DenoiseRequest, chosen: readonly number[], { size, vocabSize }: { size: number; vocabSize: number }) {
  const { draws, uniforms, positions, length } = request;
  const rows = chosen.map((i) => Math.floor(positions[i]! / length));
  for (const { temperature } of draws)
    if (!(temperature >= 0)) throw new InvalidArgumentError({ argument: "temperature", value: temperature, expected: "a number of at least 0" });
  if (draws.some(isDrawn) && uniforms?.length !== positions.length)
    throw new InvalidArgumentError({ argument: "uniforms", value: uniforms, expected: `${positions.length} numbers, one for each position` });
  /** `[M]`; positions beyond the chosen ones get `rest`. */
  const floats = (rest: number, of: (row: number, i: number) => number): NdArray =>
    float32(Float32Array.from({ length: size }, (_, i) => (i < chosen.length ? of(rows[i]!, i) : rest)));
  const topKOf = ({ topK = vocabSize }: DrawOptions): number => Math.min(topK, vocabSize);
  const isFiltered = (draw: DrawOptions): boolean => (draw.topP ?? 1) < 1 || topKOf(draw) < vocabSize;
  return {
    temperature: floats(0, (row) => (isDrawn(draws[row]!) ? Math.min(draws[row]!.temperature, HOTTEST) : 0)),
    ...(draws.some(isDrawn) && { uniforms: floats(0, (_, i) => uniforms![chosen[i]!]!) }),
    ...(draws.some(isFiltered) && {
      filter: {
        topP: floats(1, (row) => draws[row]!.topP ?? 1),
        topK: int32(Int32Array.from({ length: size }, (_, i) => (i < chosen.length ? topKOf(draws[rows[i]!]!) : vocabSize))),
        ...(!draws.every(isFiltered) && {
          isWhole: bool(Array.from({ length: size }, (_, i) => (i < chosen.length && isFiltered(draws[rows[i]!]!) ? 0 : 1))),
        }),
      },
    }),
    ...(request.allowed?.some((allowed) => allowed !== undefined) && { constraint: constraintInputs(request, chosen, { size, vocabSize }) }),
  };
}

/** The answer for the chosen positions, each with the confidence that its row asks for. */
export function drawnProposals({ tokens, confidence, entropy }: Concrete<SampledTokens>, request: DenoiseRequest, chosen: readonly number[]) {
  const { draws, positions, length } = request;
  const entropies = entropy.data as Float32Array;
  const confidenceOf = (position: number, i: number): number => {
    const name = draws[Math.floor(positions[position]! / length)]!.confidence;
    return name === "entropy" ? -entropies[i]! : (confidence[name].data as Float32Array)[i]!;
  };
  return {
    tokens: (tokens.data as Int32Array).subarray(0, chosen.length),
    confidence: Float32Array.from(chosen, confidenceOf),
    entropy: entropies.subarray(0, chosen.length),
  };
}

function isDrawn({ temperature }: DrawOptions): boolean {
  return temperature >= COLDEST;
}

/** Rows may bring different tables; positions of rows without one may get everything. */
function constraintInputs(request: DenoiseRequest, chosen: readonly number[], { size, vocabSize }: { size: number; vocabSize: number }) {
  const { positions, length } = request;
  const constraints = request.allowed!;
  const tables = [...new Set(constraints.flatMap((one) => (one ? [one.classOf] : [])))];
  const classes = ladder(Math.max(...constraints.map((one) => one?.classCount ?? 1)));
  const allowed = new Uint8Array(size * classes).fill(1);
  const table = new Int32Array(size);
  const firsts = firstPositions(request);
  chosen.forEach((position, i) => {
    const row = Math.floor(positions[position]! / length);
    const constraint = constraints[row];
    if (constraint === undefined) return;
    const at = (position - firsts.get(row)!) * constraint.classCount;
    allowed.set(constraint.allowed.subarray(at, at + constraint.classCount), i * classes);
    table[i] = tables.indexOf(constraint.classOf);
  });
  const classOf = new Int32Array(ladder(tables.length) * vocabSize);
  tables.forEach((one, i) => classOf.set(one, i * vocabSize));
  return { allowed: bool(allowed, [size, classes]), classOf: int32(classOf, [ladder(tables.length), vocabSize]), table: int32(table) };
}

/** Index of the first position that each row asks about. */
function firstPositions({ positions, length }: DenoiseRequest): Map<number, number> {
  const firsts = new Map<number, number>();
  positions.forEach((position, i) => {
    const row = Math.floor(position / length);
    if (!firsts.has(row)) firsts.set(row, i);
  });
  return firsts;
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
